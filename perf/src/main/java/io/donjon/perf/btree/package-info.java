/**
 * Textbook B+Trees, the rivals that write-optimised structures are measured against: one that updates its pages in place,
 * and one with versions that copies them on write.
 *
 * <p><b>Start at</b> {@link io.donjon.perf.btree.BPlusTree} and {@link io.donjon.perf.btree.CowTree}; {@code Page} says
 * what is on disk in both.
 *
 * <ul>
 *   <li>For comparison only: one thread, one file, and no log. After a crash the file is refused or of no use, never
 *       recovered.
 *   <li>Pages are written when they are evicted (in place) or half of the pool is dirty (copied), and at a checkpoint; then
 *       in page order.
 *   <li>Nothing here knows Donjon.
 * </ul>
 */
@NullMarked
package io.donjon.perf.btree;

import org.jspecify.annotations.NullMarked;
