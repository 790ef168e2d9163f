package io.donjon.perf.btree;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A slotted page: sorted two-byte slots grow upward from the header, records grow downward from the end.
 *
 * <pre>
 *  at  size  field      meaning
 *   0     4  crc32c     over bytes [4, 8192) followed by the page number
 *   4     1  kind       1 leaf, 2 inner, 3 free
 *   5     1  level      0 for leaves and free pages, else one more than the children's
 *   6     2  count      slots
 *   8     2  heap       offset of the lowest record
 *  10     2  dead       bytes of records in the heap that no slot refers to
 *  12     4  link       leaf: the next leaf; inner: the leftmost child; free: the next free page; 0 for none
 *  16    2n  slots      offset of each record, in key order
 *  ..        records    2 bytes key length, 2 bytes value length, key, value
 * </pre>
 *
 * <p>Integers are big-endian and unsigned. In an inner page the value of a record is the number, in four bytes, of the
 * child that holds the keys from the record's key on. With two-byte offsets alone in the slots a search touches the
 * records themselves; keys are compared eight bytes at a time.
 *
 * <p>All methods are static and work on the page's bytes, so that a frame of the pool needs nothing but its array.
 */
final class Page {
    static final int BYTES = 8192;
    static final int HEADER_BYTES = 16;
    static final int SLOT_BYTES = 2;
    /** What a page can hold in slots and records. */
    static final int CAPACITY = BYTES - HEADER_BYTES;
    /** Key and value lengths in front of each record. */
    static final int RECORD_HEADER_BYTES = 4;
    /**
     * The most bytes of key and value together. A record with its slot then takes at most a quarter of the capacity,
     * even as a separator, so that every split leaves both halves at least three eighths full.
     */
    static final int RECORD_BYTES_MAX = CAPACITY / 4 - SLOT_BYTES - RECORD_HEADER_BYTES - Integer.BYTES;

    static final int LEAF = 1;
    static final int INNER = 2;
    static final int FREE = 3;

    private static final int CRC_AT = 0;
    private static final int KIND_AT = CRC_AT + Integer.BYTES;
    private static final int LEVEL_AT = KIND_AT + Byte.BYTES;
    private static final int COUNT_AT = LEVEL_AT + Byte.BYTES;
    private static final int HEAP_AT = COUNT_AT + Short.BYTES;
    private static final int DEAD_AT = HEAP_AT + Short.BYTES;
    private static final int LINK_AT = DEAD_AT + Short.BYTES;

    private static final VarHandle CHAR = MethodHandles.byteArrayViewVarHandle(char[].class, ByteOrder.BIG_ENDIAN)
            .withInvokeExactBehavior();
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN)
            .withInvokeExactBehavior();
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN)
            .withInvokeExactBehavior();

    private Page() {}

    static void format(byte[] page, int kind, int level) {
        page[KIND_AT] = (byte) kind;
        page[LEVEL_AT] = (byte) level;
        clear(page);
        setLink(page, 0);
    }

    /** Forgets all records; kind, level and link stay. */
    static void clear(byte[] page) {
        putChar(page, COUNT_AT, 0);
        putChar(page, HEAP_AT, BYTES);
        putChar(page, DEAD_AT, 0);
    }

    static int kind(byte[] page) {
        return page[KIND_AT];
    }

    static int level(byte[] page) {
        return page[LEVEL_AT];
    }

    static int count(byte[] page) {
        return getChar(page, COUNT_AT);
    }

    static int link(byte[] page) {
        return (int) INT.get(page, LINK_AT);
    }

    static void setLink(byte[] page, int link) {
        INT.set(page, LINK_AT, link);
    }

    /** Where the record of a slot lies. */
    static int record(byte[] page, int slot) {
        return getChar(page, HEADER_BYTES + slot * SLOT_BYTES);
    }

    static int keyLength(byte[] page, int record) {
        return getChar(page, record);
    }

    static int valueLength(byte[] page, int record) {
        return getChar(page, record + Short.BYTES);
    }

    static int keyAt(int record) {
        return record + RECORD_HEADER_BYTES;
    }

    static int valueAt(byte[] page, int record) {
        return record + RECORD_HEADER_BYTES + keyLength(page, record);
    }

    static int recordBytes(byte[] page, int record) {
        return RECORD_HEADER_BYTES + keyLength(page, record) + valueLength(page, record);
    }

    /** Bytes that a record of this key and value takes with its slot. */
    static int bytesFor(int keyLength, int valueLength) {
        return SLOT_BYTES + RECORD_HEADER_BYTES + keyLength + valueLength;
    }

    /** The child of an inner page: 0 is the leftmost, i the one of slot i - 1. */
    static int child(byte[] page, int index) {
        return index == 0 ? link(page) : childOfRecord(page, record(page, index - 1));
    }

    static void setChild(byte[] page, int index, int child) {
        if (index == 0) {
            setLink(page, child);
        } else {
            INT.set(page, valueAt(page, record(page, index - 1)), child);
        }
    }

    static int childOfRecord(byte[] page, int record) {
        return (int) INT.get(page, valueAt(page, record));
    }

    /** Bytes of slots and records in use. */
    static int used(byte[] page) {
        return count(page) * SLOT_BYTES + BYTES - getChar(page, HEAP_AT) - getChar(page, DEAD_AT);
    }

    /** Whether a record with its slot still fits, perhaps after {@link #compact}. */
    static boolean fits(byte[] page, int bytes) {
        return used(page) + bytes <= CAPACITY;
    }

    /** The slot of a key, or {@code -1 - s} if it is absent and belongs before slot s. */
    static int find(byte[] page, byte[] key, int keyAt, int keyLength) {
        int low = 0;
        int high = count(page) - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int record = record(page, middle);
            int order = compare(page, keyAt(record), keyLength(page, record), key, keyAt, keyLength);
            if (order < 0) {
                low = middle + 1;
            } else if (order > 0) {
                high = middle - 1;
            } else {
                return middle;
            }
        }
        return -1 - low;
    }

    /** Copies the value of a key of a leaf to the start of an array, as {@link BPlusTree#get(byte[], byte[])} says. */
    static int get(byte[] page, byte[] key, int keyAt, int keyLength, byte[] into) {
        int slot = find(page, key, keyAt, keyLength);
        if (slot < 0) {
            return -1;
        }
        int record = record(page, slot);
        int length = valueLength(page, record);
        if (length <= into.length) {
            System.arraycopy(page, valueAt(page, record), into, 0, length);
        }
        return length;
    }

    /** Refuses a record that has more than {@link #RECORD_BYTES_MAX} bytes. */
    static void requireFits(int keyLength, int valueLength) {
        if (keyLength + valueLength > RECORD_BYTES_MAX) {
            throw new IllegalArgumentException("record of " + keyLength + " + " + valueLength
                    + " bytes: key and value together may have at most " + RECORD_BYTES_MAX);
        }
    }

    /** The index of the child that holds a key; see {@link #child}. */
    static int childIndex(byte[] page, byte[] key, int keyAt, int keyLength) {
        int slot = find(page, key, keyAt, keyLength);
        return slot >= 0 ? slot + 1 : -1 - slot;
    }

    static int compare(byte[] a, int aAt, int aLength, byte[] b, int bAt, int bLength) {
        int common = Math.min(aLength, bLength);
        int i = 0;
        for (; i + Long.BYTES <= common; i += Long.BYTES) {
            long x = (long) LONG.get(a, aAt + i);
            long y = (long) LONG.get(b, bAt + i);
            if (x != y) {
                return Long.compareUnsigned(x, y);
            }
        }
        for (; i < common; i++) {
            int x = a[aAt + i] & 0xff;
            int y = b[bAt + i] & 0xff;
            if (x != y) {
                return x - y;
            }
        }
        return aLength - bLength;
    }

    /** Puts a record in front of a slot. It must fit; {@code scratch} serves if the heap must be compacted. */
    static void insert(
            byte[] page,
            int slot,
            byte[] key,
            int keyAt,
            int keyLength,
            byte[] value,
            int valueAt,
            int valueLength,
            byte[] scratch) {
        int length = RECORD_HEADER_BYTES + keyLength + valueLength;
        int record = openSlot(page, slot, length, scratch);
        putChar(page, record, keyLength);
        putChar(page, record + Short.BYTES, valueLength);
        System.arraycopy(key, keyAt, page, keyAt(record), keyLength);
        System.arraycopy(value, valueAt, page, keyAt(record) + keyLength, valueLength);
    }

    /** Puts a record that refers to a child in front of a slot of an inner page. */
    static void insertChild(byte[] page, int slot, byte[] key, int keyAt, int keyLength, int child, byte[] scratch) {
        int length = RECORD_HEADER_BYTES + keyLength + Integer.BYTES;
        int record = openSlot(page, slot, length, scratch);
        putChar(page, record, keyLength);
        putChar(page, record + Short.BYTES, Integer.BYTES);
        System.arraycopy(key, keyAt, page, keyAt(record), keyLength);
        INT.set(page, keyAt(record) + keyLength, child);
    }

    /** Copies a record of another page behind the last one of this page, whose heap has no dead bytes. */
    static void append(byte[] page, byte[] from, int record) {
        int length = recordBytes(from, record);
        int count = count(page);
        int heap = getChar(page, HEAP_AT) - length;
        assert heap >= HEADER_BYTES + (count + 1) * SLOT_BYTES : "append of " + length + " bytes to a full page";
        System.arraycopy(from, record, page, heap, length);
        putChar(page, HEADER_BYTES + count * SLOT_BYTES, heap);
        putChar(page, COUNT_AT, count + 1);
        putChar(page, HEAP_AT, heap);
    }

    static void remove(byte[] page, int slot) {
        int count = count(page);
        int record = record(page, slot);
        putChar(page, DEAD_AT, getChar(page, DEAD_AT) + recordBytes(page, record));
        int at = HEADER_BYTES + slot * SLOT_BYTES;
        System.arraycopy(page, at + SLOT_BYTES, page, at, (count - 1 - slot) * SLOT_BYTES);
        putChar(page, COUNT_AT, count - 1);
    }

    private static int openSlot(byte[] page, int slot, int length, byte[] scratch) {
        int count = count(page);
        int heap = getChar(page, HEAP_AT) - length;
        if (heap < HEADER_BYTES + (count + 1) * SLOT_BYTES) {
            compact(page, scratch);
            heap = getChar(page, HEAP_AT) - length;
            assert heap >= HEADER_BYTES + (count + 1) * SLOT_BYTES : "insert of " + length + " bytes into a full page";
        }
        int at = HEADER_BYTES + slot * SLOT_BYTES;
        System.arraycopy(page, at, page, at + SLOT_BYTES, (count - slot) * SLOT_BYTES);
        putChar(page, at, heap);
        putChar(page, COUNT_AT, count + 1);
        putChar(page, HEAP_AT, heap);
        return heap;
    }

    /** Moves the records together, so that no byte of the heap is dead. */
    private static void compact(byte[] page, byte[] scratch) {
        System.arraycopy(page, 0, scratch, 0, BYTES);
        clear(page);
        for (int i = 0, n = count(scratch); i < n; i++) {
            append(page, scratch, record(scratch, i));
        }
    }

    /** Sets the checksum for a page that is about to be written as page {@code number}. */
    static void seal(byte[] page, int number) {
        INT.set(page, CRC_AT, checksum(page, number));
    }

    /** What is wrong with a page that was read as page {@code number}, or an empty string. */
    static String defect(byte[] page, int number) {
        int stored = (int) INT.get(page, CRC_AT);
        int actual = checksum(page, number);
        return stored == actual ? "" : "crc32c is 0x%08x, header says 0x%08x".formatted(actual, stored);
    }

    private static int checksum(byte[] page, int number) {
        CRC32C crc = new CRC32C();
        crc.update(page, KIND_AT, BYTES - KIND_AT);
        crc.update(number >>> 24);
        crc.update(number >>> 16);
        crc.update(number >>> 8);
        crc.update(number);
        return (int) crc.getValue();
    }

    private static int getChar(byte[] page, int at) {
        return (char) CHAR.get(page, at);
    }

    private static void putChar(byte[] page, int at, int value) {
        CHAR.set(page, at, (char) value);
    }
}
