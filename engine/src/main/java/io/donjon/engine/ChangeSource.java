package io.donjon.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What one buffer or array has to say about two versions, in the order of keys: the keys about which it may say something
 * else at the one than at the other, and what it says about any key. One thread at a time.
 */
abstract class ChangeSource {
    /** The present key, in an array that stays as it is until this source is moved. */
    byte[] key = new byte[64];

    int keyLength;

    /** Whether there is a present key. */
    boolean valid;

    /** Where the range ends that anybody asks about: a search for the next change must not go on behind it. */
    private final End end;

    /** Whether {@link #key} is only a bound yet: the source's next key is that or lies behind it, and has to be found. */
    boolean pending;

    /**
     * The end of a range of full keys.
     *
     * @param inclusive whether the key itself is in the range
     */
    record End(FullKey key, boolean inclusive) {
        boolean isBefore(byte[] other, int length) {
            int order = key.compareTo(other, 0, length);
            return inclusive ? order < 0 : order <= 0;
        }
    }

    ChangeSource(End end) {
        this.end = end;
    }

    /** Goes before the first key at or after a full key; {@link #next} finds it. */
    abstract void seek(FullKey from);

    /** Finds the next key; there is none behind the end of the range. */
    abstract void next();

    /**
     * Says what holds for a key that no other source has a smaller one than.
     *
     * @param first gets what holds at the version that stands first on the line; null if nobody wants to know
     * @param second gets what holds at the other one; null if nobody wants to know
     */
    abstract void answer(FullKey asked, @Nullable Answer first, @Nullable Answer second);

    /** Gives back what it holds beside its few bytes. */
    abstract void close();

    final boolean isAt(FullKey asked) {
        return valid && !pending && asked.compareTo(key, 0, keyLength) == 0;
    }

    /** From now on there is only a bound, or no key at all if that lies behind the last one or the range. */
    final void await(byte[] bound, int length, boolean any) {
        takeKey(bound, length);
        valid = any && !isBeyond(bound, length);
        pending = valid;
    }

    /** Whether a full key lies behind the range. */
    final boolean isBeyond(byte[] other, int length) {
        return end.isBefore(other, length);
    }

    final void takeKey(byte[] from, int length) {
        if (key.length < length) {
            key = new byte[Math.max(length, 2 * key.length)];
        }
        System.arraycopy(from, 0, key, 0, length);
        keyLength = length;
    }

    final int compareKey(byte[] other, int length) {
        return Arrays.compareUnsigned(key, 0, keyLength, other, 0, length);
    }
}
