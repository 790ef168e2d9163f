/** Placeholder until the module is written. */
@NullMarked
package io.donjon.versioning;

import org.jspecify.annotations.NullMarked;
