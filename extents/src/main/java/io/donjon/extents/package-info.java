/**
 * Disks as directories of files, and what is built on them.
 *
 * <p><b>Start at</b> {@link io.donjon.extents.Directory}, the only way to a medium, and
 * {@link io.donjon.extents.Environment}, the only way to time, chance and threads. Each has a real implementation here
 * and a simulated one among the tests (package {@code io.donjon.extents.sim}), which are held to the same contract.
 *
 * <p>Nothing here knows about keys or versions.
 */
@NullMarked
package io.donjon.extents;

import org.jspecify.annotations.NullMarked;
