/** Placeholder until the module is written. */
@NullMarked
package io.donjon.extents;

import org.jspecify.annotations.NullMarked;
