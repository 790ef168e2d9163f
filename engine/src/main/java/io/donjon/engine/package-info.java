/** Placeholder until the module is written. */
@NullMarked
package io.donjon.engine;

import org.jspecify.annotations.NullMarked;
