/**
 * Random duplicate allocation as arithmetic: which disks hold the copies of a chunk, and which copy a read goes to.
 *
 * <p><b>Start at</b> {@link io.donjon.rda.BalancedPermutations}, which places what is written; {@link
 * io.donjon.rda.ShortestQueue} says where to read it.
 *
 * <ul>
 *   <li>Disks are small numbers; nothing here knows files, time or I/O, so thousands of disks can be simulated.
 *   <li>All chance comes in as a generator, so that every placement can be replayed from a seed.
 * </ul>
 */
@NullMarked
package io.donjon.rda;

import org.jspecify.annotations.NullMarked;
