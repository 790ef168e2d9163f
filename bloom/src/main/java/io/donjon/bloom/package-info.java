/**
 * Blocked Bloom filters: sets of key hashes in about ten bits a key, with a known rate of false positives and no false
 * negatives. All bits of one key stand in one line of 64 bytes, so that a lookup costs one place in memory.
 *
 * <p><b>Start at</b> {@link io.donjon.bloom.BlockedBloom}, which says what the bytes mean and answers lookups; {@link
 * io.donjon.bloom.FilterBuilder} makes the bytes.
 *
 * <ul>
 *   <li>A filter is a range of bytes and nothing else: it is asked where it lies, in a cached block, without being
 *       opened or copied.
 *   <li>The bytes never change once built, so any number of threads may ask at a time.
 *   <li>Nothing here knows keys, versions, files or checksums: 64-bit hashes come in, and must be good ones in all
 *       their bits.
 * </ul>
 */
@NullMarked
package io.donjon.bloom;

import org.jspecify.annotations.NullMarked;
