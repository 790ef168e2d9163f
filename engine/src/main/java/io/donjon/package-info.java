/**
 * The public API of Donjon: an ordered key-value store in which snapshots and writable clones cost nothing.
 *
 * <p><b>Start at</b> {@link io.donjon.Store}: open one, create a {@link io.donjon.Keyspace} in it, put and get, take a
 * {@link io.donjon.Snapshot}, clone it.
 *
 * <ul>
 *   <li>Keys are byte strings of 0 to 65,535 bytes and compare as unsigned bytes; values have 0 to 64 MiB.
 *   <li>Absence is null, -1 or false, never an exception. Arguments are copied before a call returns.
 *   <li>What is wrong with an argument is an {@link java.lang.IllegalArgumentException} before any effect; everything
 *       else is a {@link io.donjon.DonjonException} that names disk, file and offset where there is one.
 *   <li>Nothing here knows HTTP, command lines or what is stored in the bytes.
 * </ul>
 */
@NullMarked
package io.donjon;

import org.jspecify.annotations.NullMarked;
