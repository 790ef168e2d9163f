/**
 * What implements the public API: the write path, write buffers, arrays, merges and reads.
 *
 * <p><b>Start at</b> {@code Engine}, which owns everything; {@code Commits} is the way of a write, {@code PointReader} and
 * {@code RangeCursor} are those of reads, {@code ArrayWriter} and {@code ArrayRun} the two sides of what is on disk.
 *
 * <ul>
 *   <li>Versions are known here by their places on the line (package {@code io.donjon.versioning}), on disk by their ids.
 *   <li>Nothing here knows which disk or file a block is in: that is {@code io.donjon.extents}.
 *   <li>Nothing here knows HTTP, command lines or argument parsing.
 * </ul>
 */
@NullMarked
package io.donjon.engine;

import org.jspecify.annotations.NullMarked;
