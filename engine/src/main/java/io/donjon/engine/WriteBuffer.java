package io.donjon.engine;

import io.donjon.versioning.Line;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The newest writes, in memory, as breakpoints sorted by (tree, key, place): a skip list in an {@link Arena}, without an
 * object per entry (design.md sections 2 and 3).
 *
 * <p>A write paints its key from its version's place up to the next place of the tree: at most a marker there, with what
 * held there before, and the value at its own place. So whoever asks for a place finds his answer by one search for the
 * last breakpoint at or before it, however many versions wrote the key. Overwritten states stay behind the newer ones,
 * each with the sequence of its commit, since a reader may still be at an older one.
 *
 * <pre>
 *  node                                            state (a breakpoint's content as of a commit)
 *   0  u8 height, u24 length of the user's key      0  i64  sequence &lt;&lt; 8 | kind
 *   4  i32  place                                   8  i32  older state, 0 if none
 *   8  i64  tree                                   12  i32  length of the value
 *  16  i64  first eight bytes of the key           16  i32  where the value is
 *  24  i32  newest state, published                24  the value, unless it is elsewhere
 *  28  i32  next node at level 0, 1, ..., published
 *      the rest of the key
 * </pre>
 *
 * <p>One thread writes, under the store's write lock; any number read meanwhile, without waiting.
 */
final class WriteBuffer {
    private static final int HEIGHT_MAX = 12;
    private static final int HEIGHT_SHIFT = 24;

    /** More than an average node has, so that what is lost to alignment is counted too. */
    private static final int LEVELS_USUAL = 3;

    private static final int KEY_LENGTH_MASK = (1 << HEIGHT_SHIFT) - 1;

    private static final int HEAD_AT = 0;
    private static final int PLACE_AT = 4;
    private static final int TREE_AT = 8;
    private static final int PREFIX_AT = 16;
    private static final int NEWEST_AT = 24;
    private static final int NEXT_AT = 28;

    private static final int STAMP_AT = 0;
    private static final int OLDER_AT = 8;
    private static final int LENGTH_AT = 12;
    private static final int WHERE_AT = 16;
    private static final int STATE_BYTES = 24;

    private static final int KIND_BITS = 8;
    private static final int KIND_MASK = (1 << KIND_BITS) - 1;

    /** No node, no state. */
    static final int NONE = 0;

    private final Arena arena;
    private final Line line;
    private final int head;
    private final PlaceMap places = new PlaceMap();

    /** Of the last search: at each level the node behind which what was looked for belongs. */
    private final int[] path = new int[HEIGHT_MAX];

    /** How many levels are in use; a reader that sees an old number only searches longer. */
    private int height = 1;

    /** The first place of the line that a breakpoint stands at. */
    private volatile int firstPlace = Line.NONE;

    private long dice;
    private long entries;

    /**
     * An empty buffer.
     *
     * @param seed of the heights of its nodes
     */
    WriteBuffer(SlabPool pool, Line line, long seed) {
        this.arena = new Arena(pool);
        this.line = line;
        this.dice = seed | 1;
        this.head = arena.allocate(NEXT_AT + HEIGHT_MAX * Integer.BYTES);
        for (int level = 0; level < HEIGHT_MAX; level++) {
            arena.putIntRelease(head, NEXT_AT + level * Integer.BYTES, NONE);
        }
    }

    // ---- writing ----

    /** About what a paint takes at most: a node and a state where the key is painted, and others where that ends. */
    static long paintBytes(int keyBytes, int valueBytes) {
        return 2L * (STATE_BYTES + NEXT_AT + LEVELS_USUAL * Integer.BYTES + keyBytes) + valueBytes;
    }

    /**
     * Paints a key from a place on.
     *
     * @param nextPlace the next place of the same tree, or {@link Line#NONE}
     * @param kind VALUE or TOMBSTONE
     * @param value its remaining bytes are the value, its position is not moved; null for a tombstone
     */
    void paint(FullKey key, int place, int nextPlace, long sequence, int kind, @Nullable ByteBuffer value) {
        int before = search(key, place, true);
        boolean here = before != head && isAt(before, key, place);
        if (nextPlace != Line.NONE) {
            int after = here ? next(before, 0) : next(path[0], 0);
            if (after == NONE || !isAt(after, key, nextPlace)) {
                boolean sameKey = before != head && hasKey(before, key);
                int held = copyOf(sameKey ? newest(before) : NONE, sequence);
                if (here) {
                    search(key, nextPlace, true);
                }
                // The marker first: whoever sees the value must find where it ends. Nothing lies between the two, so
                // the path to the one is that to the other.
                insert(key, nextPlace, held);
            }
        }
        int state = newState(sequence, kind, value);
        if (here) {
            arena.putInt(state, OLDER_AT, newest(before));
            arena.putIntRelease(before, NEWEST_AT, state);
        } else {
            insert(key, place, state);
        }
    }

    private int newState(long sequence, int kind, @Nullable ByteBuffer value) {
        int length = value == null ? 0 : value.remaining();
        boolean inline = length <= Arena.INLINE_BYTES_MAX;
        int state = arena.allocate(STATE_BYTES + (inline ? length : 0));
        int where = inline ? state : arena.allocateLarge(length);
        arena.putLong(state, STAMP_AT, sequence << KIND_BITS | kind);
        arena.putInt(state, OLDER_AT, NONE);
        arena.putInt(state, LENGTH_AT, length);
        arena.putInt(state, WHERE_AT, where);
        if (value != null) {
            arena.put(where, inline ? STATE_BYTES : 0, value, value.position(), length);
        }
        return state;
    }

    /** A state with the content of another, whose bytes it shares; one that passes if there is no other. */
    private int copyOf(int other, long sequence) {
        int state = arena.allocate(STATE_BYTES);
        int kind = other == NONE ? StepKind.PASS : kind(other);
        arena.putLong(state, STAMP_AT, sequence << KIND_BITS | kind);
        arena.putInt(state, OLDER_AT, NONE);
        arena.putInt(state, LENGTH_AT, other == NONE ? 0 : valueLength(other));
        arena.putInt(state, WHERE_AT, other == NONE ? state : arena.getInt(other, WHERE_AT));
        return state;
    }

    /** Puts a new node behind the path of the last search. */
    private void insert(FullKey key, int place, int state) {
        int keyBytes = key.length() - FullKey.TREE_BYTES;
        int levels = randomHeight();
        for (; height < levels; height++) {
            path[height] = head;
        }
        if (firstPlace == Line.NONE || line.compare(place, firstPlace) < 0) {
            firstPlace = place;
        }
        int restAt = NEXT_AT + levels * Integer.BYTES;
        int rest = Math.max(0, keyBytes - Long.BYTES);
        int node = arena.allocate(restAt + rest);
        arena.putInt(node, HEAD_AT, levels << HEIGHT_SHIFT | keyBytes);
        arena.putInt(node, PLACE_AT, place);
        arena.putLong(node, TREE_AT, key.tree());
        arena.putLong(node, PREFIX_AT, FullKey.prefix(key.bytes(), key.length()));
        arena.putIntRelease(node, NEWEST_AT, state);
        if (rest > 0) {
            arena.put(node, restAt, key.bytes(), FullKey.TREE_BYTES + Long.BYTES, rest);
        }
        for (int level = 0; level < levels; level++) {
            arena.putIntRelease(node, NEXT_AT + level * Integer.BYTES, next(path[level], level));
        }
        for (int level = 0; level < levels; level++) {
            arena.putIntRelease(path[level], NEXT_AT + level * Integer.BYTES, node);
        }
        places.put(place, 0);
        entries++;
    }

    private int randomHeight() {
        dice ^= dice << 13;
        dice ^= dice >>> 7;
        dice ^= dice << 17;
        // Two bits a level: a quarter of the nodes of each level are in the next.
        int zeros = Long.numberOfTrailingZeros(dice | 1L << (2 * HEIGHT_MAX - 2));
        return 1 + zeros / 2;
    }

    // ---- searching ----

    /**
     * The last node at or before a key and place, or the list's head. If wanted, the path of a node that would come
     * directly behind all before (key, place) is kept: only the writer may want that.
     */
    private int search(FullKey key, int place, boolean keepPath) {
        long border = descend(key, place, keepPath);
        int next = (int) border;
        return next != NONE && compare(next, key, key.tree(), prefix(key), place) == 0 ? next : (int) (border >>> 32);
    }

    /** The first node at or after a key and place, or {@link #NONE}. */
    private int ceiling(FullKey key, int place) {
        return (int) descend(key, place, false);
    }

    /**
     * The last node before a key and place in the upper half, and what was behind it when it was passed in the lower: not
     * what is there by now, since another may have come between it and the one that is looked for.
     */
    private long descend(FullKey key, int place, boolean keepPath) {
        long tree = key.tree();
        long prefix = prefix(key);
        int node = head;
        int next = NONE;
        for (int level = height - 1; level >= 0; level--) {
            next = next(node, level);
            while (next != NONE && compare(next, key, tree, prefix, place) < 0) {
                node = next;
                next = next(node, level);
            }
            if (keepPath) {
                path[level] = node;
            }
        }
        return (long) node << 32 | (next & 0xFFFF_FFFFL);
    }

    private static long prefix(FullKey key) {
        return FullKey.prefix(key.bytes(), key.length());
    }

    private int compare(int node, FullKey key, long tree, long prefix, int place) {
        int order = compareKey(node, key, tree, prefix);
        return order != 0 ? order : line.compare(place(node), place);
    }

    private int compareKey(int node, FullKey key, long tree, long prefix) {
        long nodeTree = arena.getLong(node, TREE_AT);
        if (nodeTree != tree) {
            return Long.compareUnsigned(nodeTree, tree);
        }
        long nodePrefix = arena.getLong(node, PREFIX_AT);
        if (nodePrefix != prefix) {
            return Long.compareUnsigned(nodePrefix, prefix);
        }
        int keyBytes = key.length() - FullKey.TREE_BYTES;
        int nodeBytes = keyLength(node);
        if (nodeBytes <= Long.BYTES || keyBytes <= Long.BYTES) {
            return nodeBytes - keyBytes;
        }
        return arena.compare(
                node,
                restAt(node),
                nodeBytes - Long.BYTES,
                key.bytes(),
                FullKey.TREE_BYTES + Long.BYTES,
                keyBytes - Long.BYTES);
    }

    private boolean hasKey(int node, FullKey key) {
        return compareKey(node, key, key.tree(), FullKey.prefix(key.bytes(), key.length())) == 0;
    }

    private boolean isAt(int node, FullKey key, int place) {
        return place(node) == place && hasKey(node, key);
    }

    /**
     * The state that holds for a key at a place as of a commit, or {@link #NONE} if this buffer says nothing about it.
     */
    int find(FullKey key, int place, long sequence) {
        int node = search(key, place, false);
        while (node != head && hasKey(node, key)) {
            int state = stateAt(node, sequence);
            if (state != NONE) {
                return state;
            }
            // The whole breakpoint is younger than the reader: what holds is the one before it.
            node = lastBefore(node);
        }
        return NONE;
    }

    /** The state of a node as of a commit, or {@link #NONE} if it was not there yet. */
    int stateAt(int node, long sequence) {
        int state = newest(node);
        while (state != NONE && sequence(state) > sequence) {
            state = arena.getInt(state, OLDER_AT);
        }
        return state;
    }

    /** The node before another, or the head. */
    private int lastBefore(int of) {
        FullKey key = new FullKey();
        copyKey(of, key);
        long tree = key.tree();
        long prefix = FullKey.prefix(key.bytes(), key.length());
        int place = place(of);
        int node = head;
        for (int level = height - 1; level >= 0; level--) {
            int next = next(node, level);
            while (next != NONE && compare(next, key, tree, prefix, place) < 0) {
                node = next;
                next = next(node, level);
            }
        }
        return node;
    }

    // ---- walking ----

    /** The first node, or {@link #NONE}. */
    int first() {
        return next(head, 0);
    }

    /** The node behind another, or {@link #NONE}. */
    int after(int node) {
        return next(node, 0);
    }

    /** The first node whose key is at or after a full key, or {@link #NONE}. */
    int firstAtOrAfter(FullKey key) {
        // The root is never written to, so this is before all that the key has.
        return ceiling(key, Line.ROOT);
    }

    /** The first node whose key is after a full key, or {@link #NONE}. */
    int firstAfter(FullKey key) {
        return ceiling(key, Line.END);
    }

    /** The last node whose key is before a full key, or {@link #NONE}. */
    int lastBeforeKey(FullKey key) {
        int node = search(key, Line.ROOT, false);
        return node == head ? NONE : node;
    }

    /** The last node whose key is at or before a full key, or {@link #NONE}. */
    int lastAtOrBeforeKey(FullKey key) {
        int node = search(key, Line.END, false);
        return node == head ? NONE : node;
    }

    /** The last node of a key at or before a place, or {@link #NONE}. */
    int lastOfKey(FullKey key, int place) {
        int node = search(key, place, false);
        return node == head || !hasKey(node, key) ? NONE : node;
    }

    /** The last node of the whole list, or {@link #NONE}. */
    int last() {
        int node = head;
        for (int level = height - 1; level >= 0; level--) {
            for (int next = next(node, level); next != NONE; next = next(node, level)) {
                node = next;
            }
        }
        return node == head ? NONE : node;
    }

    /** Whether two nodes belong to the same key. */
    boolean sameKey(int node, int other) {
        if (arena.getLong(node, TREE_AT) != arena.getLong(other, TREE_AT)
                || arena.getLong(node, PREFIX_AT) != arena.getLong(other, PREFIX_AT)
                || keyLength(node) != keyLength(other)) {
            return false;
        }
        int rest = keyLength(node) - Long.BYTES;
        if (rest <= 0) {
            return true;
        }
        byte[] bytes = new byte[rest];
        arena.get(node, restAt(node), bytes, 0, rest);
        return arena.compare(other, restAt(other), rest, bytes, 0, rest) == 0;
    }

    /** Whether a node belongs to a key. */
    boolean isOf(int node, FullKey key) {
        return hasKey(node, key);
    }

    /** A node's key. */
    void copyKey(int node, FullKey into) {
        int keyBytes = keyLength(node);
        byte[] full = new byte[FullKey.TREE_BYTES + Math.max(keyBytes, Long.BYTES)];
        copyKey(node, full);
        into.setFull(full, 0, FullKey.TREE_BYTES + keyBytes);
    }

    /** A node's full key into an array that has room for it, and for eight bytes of key at least; returns its length. */
    int copyKey(int node, byte[] full) {
        int keyBytes = keyLength(node);
        FullKey.putTree(full, arena.getLong(node, TREE_AT));
        FullKey.putPrefix(full, arena.getLong(node, PREFIX_AT));
        if (keyBytes > Long.BYTES) {
            arena.get(node, restAt(node), full, FullKey.TREE_BYTES + Long.BYTES, keyBytes - Long.BYTES);
        }
        return FullKey.TREE_BYTES + keyBytes;
    }

    /** The length of a node's user key. */
    int keyLength(int node) {
        return arena.getInt(node, HEAD_AT) & KEY_LENGTH_MASK;
    }

    int place(int node) {
        return arena.getInt(node, PLACE_AT);
    }

    /** A node's newest state. */
    int newest(int node) {
        return arena.getIntAcquire(node, NEWEST_AT);
    }

    // ---- states ----

    int kind(int state) {
        return (int) arena.getLong(state, STAMP_AT) & KIND_MASK;
    }

    long sequence(int state) {
        return arena.getLong(state, STAMP_AT) >>> KIND_BITS;
    }

    int valueLength(int state) {
        return arena.getInt(state, LENGTH_AT);
    }

    /** Bytes of a state's value. */
    void copyValue(int state, int from, byte[] into, int offset, int length) {
        int where = arena.getInt(state, WHERE_AT);
        arena.get(where, (where < 0 ? 0 : STATE_BYTES) + from, into, offset, length);
    }

    // ---- the whole ----

    /** Memory taken, in bytes. */
    long bytes() {
        return arena.bytes();
    }

    /** Memory in use, in bytes; for the writer. */
    long used() {
        return arena.used();
    }

    /** How many breakpoints there are. */
    long entries() {
        return entries;
    }

    /** Whether it may say anything to a reader at a place. */
    boolean mayTell(int place) {
        int first = firstPlace;
        return first != Line.NONE && line.compare(first, place) <= 0;
    }

    /** The places that breakpoints stand at. For when nobody writes any more. */
    PlaceMap places() {
        return places;
    }

    /** Gives the memory back. Nobody may read any more. */
    void free() {
        arena.free();
    }

    private int next(int node, int level) {
        return arena.getIntAcquire(node, NEXT_AT + level * Integer.BYTES);
    }

    private int restAt(int node) {
        return NEXT_AT + (arena.getInt(node, HEAD_AT) >>> HEIGHT_SHIFT) * Integer.BYTES;
    }
}
