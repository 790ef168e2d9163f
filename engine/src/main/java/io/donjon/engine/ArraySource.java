package io.donjon.engine;

/** What an array says about keys at a local rank. */
final class ArraySource extends RangeSource {
    /** So many breakpoints of a key are passed one by one; the rest by a search. */
    private static final int STEPS_MAX = 32;

    private final ArrayCursor cursor;
    private final long rank;

    // Where the value of the present key is: the cursor is one key further already.
    private byte[] block = {};
    private int valueAt;
    private int valueLength;
    private LargeValue large = new LargeValue(0, 0, 0, 0);

    ArraySource(ArrayCursor cursor, long rank) {
        this.cursor = cursor;
        this.rank = rank;
    }

    @Override
    void seekForward(FullKey from, boolean inclusive) {
        if (inclusive) {
            cursor.ceiling(from.bytes(), from.length());
        } else {
            cursor.after(from.bytes(), from.length());
        }
        next();
    }

    @Override
    void seekBackward(FullKey from, boolean inclusive) {
        cursor.floor(from.bytes(), from.length(), inclusive ? Long.MAX_VALUE : -1);
        previous();
    }

    /** Moves to the first key of all. */
    void first() {
        cursor.first();
        next();
    }

    /** Moves to the last key of all. */
    void last() {
        cursor.last();
        previous();
    }

    @Override
    void next() {
        // The cursor stands at the first breakpoint of the next key.
        if (!takeKey()) {
            return;
        }
        BlockEntry entry = cursor.entry();
        boolean within = true;
        int steps = 0;
        for (; within && steps < STEPS_MAX && entry.rank() <= rank; steps++) {
            takeValue(entry);
            within = cursor.next() && entry.isSameKey();
        }
        if (within && entry.rank() <= rank) {
            cursor.floorAhead(key, keyLength, rank);
            takeValue(entry);
            within = cursor.next() && entry.isSameKey();
        }
        for (; within && steps < 2 * STEPS_MAX; steps++) {
            within = cursor.next() && entry.isSameKey();
        }
        if (within) {
            cursor.floorAhead(key, keyLength, Long.MAX_VALUE);
            cursor.next();
        }
    }

    @Override
    void previous() {
        // The cursor stands at the last breakpoint of the key before.
        if (!takeKey()) {
            return;
        }
        BlockEntry entry = cursor.entry();
        boolean found = true;
        for (int steps = 0; found && entry.rank() > rank; steps++) {
            found = steps < STEPS_MAX
                    ? cursor.previous() && entry.keyEquals(key, keyLength)
                    : cursor.floor(key, keyLength, rank) && entry.keyEquals(key, keyLength);
        }
        if (found) {
            takeValue(entry);
            leaveBackward(entry);
        }
    }

    private void leaveBackward(BlockEntry entry) {
        for (int steps = 0; cursor.previous() && entry.keyEquals(key, keyLength); steps++) {
            if (steps == STEPS_MAX) {
                cursor.floor(key, keyLength, -1);
                break;
            }
        }
    }

    /** The present key is the one that the cursor stands at, and nothing holds for it yet; false if there is none. */
    private boolean takeKey() {
        valid = cursor.isValid();
        if (valid) {
            BlockEntry entry = cursor.entry();
            keyLength = entry.keyLength();
            room(keyLength);
            System.arraycopy(entry.key(), 0, key, 0, keyLength);
            kind = StepKind.PASS;
        }
        return valid;
    }

    /** What holds for the present key is what the cursor stands at. */
    private void takeValue(BlockEntry entry) {
        kind = entry.kind();
        block = entry.block();
        valueAt = entry.valueAt();
        valueLength = entry.valueLength();
        if (kind == StepKind.LARGE) {
            large = entry.large();
        }
    }

    @Override
    void close() {
        cursor.close();
    }

    @Override
    void value(ValueHolder into) {
        if (kind == StepKind.LARGE) {
            byte[] bytes = cursor.array().largeValue(large);
            into.view(bytes, 0, bytes.length);
        } else {
            into.view(block, valueAt, valueLength);
        }
    }
}
