/**
 * The order of versions: all versions of a store stand on one line, a new one directly behind its parent, and what is
 * visible at a version is decided by comparing places on that line.
 *
 * <p><b>Start at</b> {@link io.donjon.versioning.Line}; {@code Groups} is the upper level of its labels.
 *
 * <ul>
 *   <li>A place is a small number, given out in order of birth; the order of two places never changes.
 *   <li>One writer at a time, whom the caller chooses; readers take no lock.
 *   <li>Nothing here knows the ids, names or parents of versions, keys, bytes or files.
 * </ul>
 */
@NullMarked
package io.donjon.versioning;

import org.jspecify.annotations.NullMarked;
