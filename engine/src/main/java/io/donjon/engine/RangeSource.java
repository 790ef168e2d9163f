package io.donjon.engine;

/**
 * What one buffer or array says about the keys of a range at one version: the keys that it has, in scan order. Those about
 * which it says nothing to this version are among them, since it may take very many of them until there is one about which
 * it does, far behind the range. One thread at a time.
 */
abstract class RangeSource {
    /** The present key, in an array that stays as it is until this source is moved. */
    byte[] key = new byte[64];

    int keyLength;

    /** What holds for it; PASS if older sources are to be asked. */
    int kind;

    /** Whether there is a present key. */
    boolean valid;

    /** Moves to the first key at or after a full key ({@code inclusive}) or after it. */
    abstract void seekForward(FullKey from, boolean inclusive);

    /** Moves to the last key at or before a full key ({@code inclusive}) or before it. */
    abstract void seekBackward(FullKey from, boolean inclusive);

    /** Moves to the next key. */
    abstract void next();

    /** Moves to the key before. */
    abstract void previous();

    /** Where the value of the present key is. */
    abstract void value(ValueHolder into);

    /** Gives back what it holds beside its few bytes. */
    void close() {}

    final void room(int length) {
        if (key.length < length) {
            key = new byte[Math.max(length, 2 * key.length)];
        }
    }
}
