/**
 * A load that is killed, and the proof that it lost nothing.
 *
 * <p><b>Start at</b> {@link io.donjon.cli.kill.KillTestCommand}. A journal beside the store says what was begun and what
 * was acknowledged; everything else follows from the seed.
 *
 * <p>The store is seen through its public API only, and the oracle is numbers: which operation wrote the value that a key
 * has.
 */
@NullMarked
package io.donjon.cli.kill;

import org.jspecify.annotations.NullMarked;
