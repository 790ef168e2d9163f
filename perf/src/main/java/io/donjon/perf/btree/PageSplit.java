package io.donjon.perf.btree;

/**
 * Divides a page that is full between itself and a new page to its right, and keeps the separator that goes up into the
 * parent. One of these serves a tree for all its splits, so that a split allocates nothing.
 */
final class PageSplit {
    /** The separator of the last split, or one that is to be entered into an inner page. */
    final byte[] separator = new byte[Page.RECORD_BYTES_MAX];

    int separatorLength;
    /** For {@link Page#insert} and its like. */
    final byte[] scratch = new byte[Page.BYTES];

    private final byte[] copy = new byte[Page.BYTES];
    private final byte[] goesUp = new byte[Page.RECORD_BYTES_MAX];

    /**
     * Divides a leaf that has no room for a record that belongs in front of a slot of it, and sets {@link #separator}.
     *
     * @param ascending whether the record is above all there are, so that the left page had better stay full
     */
    void leaf(
            byte[] left,
            byte[] right,
            int slot,
            boolean ascending,
            byte[] key,
            int keyAt,
            int keyLength,
            byte[] value,
            int valueAt,
            int valueLength) {
        if (ascending) {
            Page.insert(right, 0, key, keyAt, keyLength, value, valueAt, valueLength, scratch);
        } else {
            int count = Page.count(left);
            System.arraycopy(left, 0, copy, 0, Page.BYTES);
            int cut = half(slot, Page.bytesFor(keyLength, valueLength));
            Page.clear(left);
            for (int i = 0, n = 0; i <= count; i++) {
                byte[] into = i < cut ? left : right;
                if (i == slot) {
                    Page.insert(into, Page.count(into), key, keyAt, keyLength, value, valueAt, valueLength, scratch);
                } else {
                    Page.append(into, copy, Page.record(copy, n++));
                }
            }
        }
        separate(left, right);
    }

    /**
     * Divides an inner page that has no room for {@link #separator} with a child, in front of a slot of it;
     * {@link #separator} is then the one between the two.
     *
     * @param ascending whether the new child is the last of its level
     */
    void inner(byte[] left, byte[] right, int slot, int child, boolean ascending) {
        System.arraycopy(left, 0, copy, 0, Page.BYTES);
        Page.clear(left);
        int count = Page.count(copy);
        // The record at the cut goes up. When keys ascend, all but the newest stays to the left.
        int cut =
                ascending ? count - 1 : Math.min(half(slot, Page.bytesFor(separatorLength, Integer.BYTES)), count - 1);
        int upLength = 0;
        for (int i = 0, n = 0; i <= count; i++) {
            boolean isNew = i == slot;
            int record = isNew ? 0 : Page.record(copy, n++);
            if (i == cut) {
                upLength = isNew ? separatorLength : Page.keyLength(copy, record);
                System.arraycopy(isNew ? separator : copy, isNew ? 0 : Page.keyAt(record), goesUp, 0, upLength);
                Page.setLink(right, isNew ? child : Page.childOfRecord(copy, record));
                continue;
            }
            byte[] into = i < cut ? left : right;
            if (isNew) {
                Page.insertChild(into, Page.count(into), separator, 0, separatorLength, child, scratch);
            } else {
                Page.append(into, copy, record);
            }
        }
        set(goesUp, 0, upLength);
    }

    /** Sets {@link #separator} to the shortest key that is above all of one leaf and not above the first of the next. */
    void separate(byte[] left, byte[] right) {
        int last = Page.record(left, Page.count(left) - 1);
        int first = Page.record(right, 0);
        int lastAt = Page.keyAt(last);
        int firstAt = Page.keyAt(first);
        int lastLength = Page.keyLength(left, last);
        int length = 0;
        while (length < lastLength && left[lastAt + length] == right[firstAt + length]) {
            length++;
        }
        set(right, firstAt, length + 1);
    }

    /** Sets {@link #separator}. */
    void set(byte[] from, int at, int length) {
        System.arraycopy(from, at, separator, 0, length);
        separatorLength = length;
    }

    /**
     * Of the records of the page in {@link #copy} and a new one in front of {@code slot}, how many go to the left so that
     * both sides are as even as can be; at least one, and not all.
     */
    private int half(int slot, int bytes) {
        int all = Page.used(copy) + bytes;
        int count = Page.count(copy) + 1;
        int left = 0;
        for (int i = 0; i < count; i++) {
            int next = i == slot
                    ? bytes
                    : Page.SLOT_BYTES + Page.recordBytes(copy, Page.record(copy, i < slot ? i : i - 1));
            // The side that the middle falls into gets the record if that brings both nearer to the half.
            if (2 * left + next > all) {
                return Math.min(Math.max(i, 1), count - 1);
            }
            left += next;
        }
        return count - 1;
    }
}
