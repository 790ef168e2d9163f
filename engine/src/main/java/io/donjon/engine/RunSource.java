package io.donjon.engine;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the arrays of one age say, which share no keys: each is looked at only once the scan comes to its range. */
final class RunSource extends RangeSource {
    /** Makes the source of an array. */
    interface Opener {
        ArraySource open(int number);
    }

    /** By their ranges. */
    private final List<ArrayRun> arrays;

    private final Opener opener;
    private final @Nullable ArraySource[] opened;

    /** The array that the present key is in. */
    private int at;

    RunSource(List<ArrayRun> arrays, Opener opener) {
        this.arrays = arrays;
        this.opener = opener;
        this.opened = new ArraySource[arrays.size()];
    }

    private ArraySource source(int number) {
        ArraySource source = opened[number];
        if (source == null) {
            source = opener.open(number);
            opened[number] = source;
        }
        return source;
    }

    @Override
    void seekForward(FullKey from, boolean inclusive) {
        at = 0;
        while (at + 1 < arrays.size() && beginsBy(at + 1, from)) {
            at++;
        }
        source(at).seekForward(from, inclusive);
        forward();
    }

    @Override
    void seekBackward(FullKey from, boolean inclusive) {
        at = arrays.size() - 1;
        while (at > 0 && !beginsBy(at, from)) {
            at--;
        }
        source(at).seekBackward(from, inclusive);
        backward();
    }

    private boolean beginsBy(int number, FullKey key) {
        byte[] begin = arrays.get(number).info().keysFrom();
        return Arrays.compareUnsigned(begin, 0, begin.length, key.bytes(), 0, key.length()) <= 0;
    }

    @Override
    void next() {
        source(at).next();
        forward();
    }

    @Override
    void previous() {
        source(at).previous();
        backward();
    }

    /** Goes on to the next array that has a key. */
    private void forward() {
        while (!source(at).valid && at + 1 < arrays.size()) {
            at++;
            source(at).first();
        }
        take();
    }

    /** Goes back to the array before that has a key. */
    private void backward() {
        while (!source(at).valid && at > 0) {
            at--;
            source(at).last();
        }
        take();
    }

    private void take() {
        ArraySource source = source(at);
        valid = source.valid;
        key = source.key;
        keyLength = source.keyLength;
        kind = source.kind;
    }

    @Override
    void value(ValueHolder into) {
        source(at).value(into);
    }

    @Override
    void close() {
        for (ArraySource source : opened) {
            if (source != null) {
                source.close();
            }
        }
    }
}
