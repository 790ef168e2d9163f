/** Blocked Bloom filters: one cache line for each probe. Knows hashes of keys and bits; does not know keys, files or versions. */
@NullMarked
package io.donjon.bloom;

import org.jspecify.annotations.NullMarked;
