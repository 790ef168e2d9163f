/**
 * A textbook B+Tree that updates its pages in place: the rival that write-optimised structures are measured against.
 *
 * <p><b>Start at</b> {@link io.donjon.perf.btree.BPlusTree}; {@code Page} says what is on disk.
 *
 * <ul>
 *   <li>For comparison only: one thread, one file, and no log. After a crash the file is refused, not recovered.
 *   <li>Pages are written when they are evicted and at a checkpoint, then in page order.
 *   <li>Nothing here knows Donjon.
 * </ul>
 */
@NullMarked
package io.donjon.perf.btree;

import org.jspecify.annotations.NullMarked;
