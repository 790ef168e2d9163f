package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A manifest file as it is read, and the layout of its records (docs/format.md section 2). Each record stands there
 * twice, at multiples of {@link #ALIGNMENT}:
 *
 * <pre>
 *  at  size  field
 *   0     4  magic       "DJMR"
 *   4     4  length      of the body, at least 1
 *   8     8  generation
 *  16     8  edit
 *  24     4  page
 *  28     1  kind        1 a page of a checkpoint, 2 its last page, 3 an edit
 *  29     1  copy        0 or 1
 *  30     2  reserved
 *  32     4  crc         seeded with (first half of the store id, position), over [0, 32) and the body
 *  36     n  body
 * </pre>
 */
final class ManifestSlot {
    static final int ALIGNMENT = 4096;
    static final int MAGIC = 0x444a4d52;
    static final int KIND_PAGE = 1;
    static final int KIND_LAST_PAGE = 2;
    static final int KIND_EDIT = 3;

    private static final int LENGTH_AT = 4;
    private static final int GENERATION_AT = 8;
    private static final int EDIT_AT = 16;
    private static final int PAGE_AT = 24;
    private static final int KIND_AT = 28;
    private static final int COPY_AT = 29;
    private static final int RESERVED_AT = 30;
    private static final int CRC_AT = 32;
    private static final int BODY_AT = 36;

    /** No record is longer: the pages of a checkpoint and all edits are cut to less. */
    static final int BODY_BYTES_MAX = 256 << 20;

    /** In a file header: its slot and the position of its checkpoint. */
    private static final int HEADER_SLOT_AT = FileHeader.BODY_AT;

    private static final int HEADER_GENERATION_AT = HEADER_SLOT_AT + Integer.BYTES;
    private static final int HEADER_EDIT_AT = HEADER_GENERATION_AT + Long.BYTES;

    /** The bodies of the checkpoint's pages, then those of the edits behind it. */
    final List<byte[]> pages = new ArrayList<>();

    final List<byte[]> edits = new ArrayList<>();

    /** The newest record that can be used; {@link ManifestPosition#NONE} if the slot cannot be used at all. */
    ManifestPosition newest = ManifestPosition.NONE;

    /** The newest that anything sound in the file speaks of: more than {@link #newest} if it is damaged. */
    ManifestPosition seen = ManifestPosition.NONE;

    /** What is wrong with it, or null. */
    @Nullable StorageException damage;

    /** The place of the first record that only one copy is left of, or null, and that record. */
    @Nullable String halfLost;

    ManifestPosition halfLostRecord = ManifestPosition.NONE;

    private final String place;
    private final UUID store;

    private ManifestSlot(String place, UUID store) {
        this.place = place;
        this.store = store;
    }

    static String fileName(int slot) {
        return "manifest-" + slot;
    }

    /** The header of a slot's file. */
    static ByteBuffer header(UUID store, UUID disk, int slot, ManifestPosition checkpoint) {
        ByteBuffer header = FileHeader.begin(FileHeader.Kind.MANIFEST, store, disk);
        header.putInt(HEADER_SLOT_AT, slot)
                .putLong(HEADER_GENERATION_AT, checkpoint.generation())
                .putLong(HEADER_EDIT_AT, checkpoint.edit());
        return FileHeader.seal(header);
    }

    /**
     * A record in both copies, padded, as it stands at {@code position} of its file.
     */
    static ByteBuffer record(UUID store, ManifestPosition at, int kind, int page, byte[] body, long position) {
        int single = aligned(BODY_AT + body.length);
        ByteBuffer both = ByteBuffer.allocate(2 * single);
        for (int copy = 0; copy < 2; copy++) {
            int start = copy * single;
            both.putInt(start, MAGIC)
                    .putInt(start + LENGTH_AT, body.length)
                    .putLong(start + GENERATION_AT, at.generation())
                    .putLong(start + EDIT_AT, at.edit())
                    .putInt(start + PAGE_AT, page)
                    .put(start + KIND_AT, (byte) kind)
                    .put(start + COPY_AT, (byte) copy)
                    .put(start + BODY_AT, body);
            both.putInt(start + CRC_AT, checksum(store, position + start, both, start));
        }
        return both;
    }

    /** How many bytes so many records with bodies of that many bytes together take at most. */
    static long bytesMost(long records, long bodyBytes) {
        return 2 * (bodyBytes + records * (BODY_AT + ALIGNMENT - 1));
    }

    private static int checksum(UUID store, long position, ByteBuffer buffer, int start) {
        int length = buffer.getInt(start + LENGTH_AT);
        return new Checksums()
                .begin(store.getMostSignificantBits(), position)
                .add(buffer.slice(start, CRC_AT))
                .add(buffer.slice(start + BODY_AT, length))
                .value();
    }

    static int aligned(int bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** What a slot of a disk holds, or null if there is no such file. */
    static @Nullable ManifestSlot read(Directory directory, UUID store, UUID disk, int slot) {
        String name = fileName(slot);
        ManifestSlot read = new ManifestSlot(directory.path() + "/" + name, store);
        ByteBuffer all;
        try (OpenFile file = directory.open(name, Directory.Access.BUFFERED)) {
            long size = file.size();
            if (size > Integer.MAX_VALUE - ALIGNMENT) {
                throw StorageException.damaged(read.place, "it has " + size + " bytes, more than a manifest can have");
            }
            all = ByteBuffer.allocate((int) size);
            file.read(all, 0);
            all.flip();
        } catch (NoSuchFileException absent) {
            return null;
        } catch (IOException e) {
            read.damage = StorageException.of(read.place, e);
            return read;
        }
        try {
            read.parse(all, disk, slot);
        } catch (StorageException e) {
            read.damage = e;
            read.newest = ManifestPosition.NONE;
            read.scanFrom(FileHeader.BYTES, all);
        }
        return read;
    }

    private void parse(ByteBuffer all, UUID disk, int slot) {
        if (all.limit() < FileHeader.BYTES) {
            throw StorageException.damaged(place, "it ends after " + all.limit() + " bytes");
        }
        ByteBuffer header = FileHeader.check(all.slice(0, FileHeader.BYTES), FileHeader.Kind.MANIFEST, place);
        ManifestPosition checkpoint =
                new ManifestPosition(header.getLong(HEADER_GENERATION_AT), header.getLong(HEADER_EDIT_AT));
        if (!FileHeader.store(header).equals(store)
                || !FileHeader.disk(header).equals(disk)
                || header.getInt(HEADER_SLOT_AT) != slot) {
            throw StorageException.damaged(place, "it belongs to another store, disk or slot");
        }
        seen = checkpoint;
        int at = FileHeader.BYTES;
        ManifestPosition position = checkpoint;
        boolean whole = false;
        while (true) {
            ManifestPosition due =
                    whole ? new ManifestPosition(position.generation(), position.edit() + 1) : checkpoint;
            SoundCopy next = recordAt(all, at, due);
            if (next == null) {
                break;
            }
            if (next.kind < KIND_PAGE || next.kind > KIND_EDIT || next.reserved != 0) {
                throw new StorageException(
                        StorageException.Kind.TOO_NEW,
                        place + ": the record at byte " + at + " is of kind " + next.kind
                                + " with reserved bytes 0x" + Integer.toHexString(next.reserved)
                                + ", which this release does not know",
                        null);
            }
            if (!whole) {
                if (next.kind == KIND_EDIT || next.page != pages.size() || !next.position.equals(checkpoint)) {
                    throw StorageException.damaged(
                            place, "at byte " + at + " stands record " + next + ", not page " + pages.size());
                }
                pages.add(next.body(all));
                whole = next.kind == KIND_LAST_PAGE;
            } else {
                if (next.kind != KIND_EDIT || !next.position.equals(due)) {
                    throw StorageException.damaged(
                            place, "at byte " + at + " stands record " + next + ", not edit " + due);
                }
                edits.add(next.body(all));
                position = due;
            }
            if (halfLost == null && !isTwice(all, at, next)) {
                halfLost = place + " at " + at;
                halfLostRecord = next.position;
            }
            at = next.end;
        }
        seen = seen.max(position);
        if (!whole) {
            throw StorageException.damaged(place, "the checkpoint ends at byte " + at + ", without its last page");
        }
        scanFrom(at, all);
        if (seen.isNewerThan(position)) {
            throw StorageException.damaged(
                    place, "the record at byte " + at + " is damaged: sound ones, up to " + seen + ", stand behind it");
        }
        newest = position;
    }

    /** Looks for sound records behind a place where there should be none. */
    private void scanFrom(int from, ByteBuffer all) {
        for (int at = from; at + BODY_AT <= all.limit(); at += ALIGNMENT) {
            SoundCopy record = copyAt(all, at);
            if (record != null) {
                seen = seen.max(record.position);
            }
        }
    }

    private boolean isTwice(ByteBuffer all, int at, SoundCopy record) {
        SoundCopy first = copyAt(all, at);
        SoundCopy second = copyAt(all, at + aligned(BODY_AT + record.length));
        return first != null && second != null && first.copy == 0 && second.copy == 1 && first.isLike(second);
    }

    /**
     * The record whose first copy begins here, from whichever copy is sound; null if neither is. If they differ, a write
     * of one has been lost, and the copy that is due counts.
     */
    private @Nullable SoundCopy recordAt(ByteBuffer all, int at, ManifestPosition due) {
        SoundCopy first = copyAt(all, at);
        if (first != null && (first.copy != 0 || first.position.equals(due))) {
            return first.copy == 0 ? first : null;
        }
        // The first copy's length cannot be believed: the second begins at one of the multiples behind it.
        for (int second = at + ALIGNMENT; second + BODY_AT <= all.limit(); second += ALIGNMENT) {
            SoundCopy record = copyAt(all, second);
            if (record != null) {
                boolean ours = record.copy == 1 && second - at == aligned(BODY_AT + record.length);
                return ours && (first == null || record.position.equals(due)) ? record : first;
            }
        }
        return first;
    }

    private @Nullable SoundCopy copyAt(ByteBuffer all, int at) {
        if (all.limit() - at < BODY_AT || all.getInt(at) != MAGIC) {
            return null;
        }
        int length = all.getInt(at + LENGTH_AT);
        if (length < 1 || length > BODY_BYTES_MAX || length > all.limit() - at - BODY_AT) {
            return null;
        }
        if (all.getInt(at + CRC_AT) != checksum(store, at, all, at)) {
            return null;
        }
        return new SoundCopy(all, at, length);
    }

    /** A sound copy of a record. */
    private static final class SoundCopy {
        final int length;
        final ManifestPosition position;
        final int page;
        final int kind;
        final int copy;
        final int reserved;

        /** Where its body begins, and where the record after it does. */
        final int bodyAt;

        final int end;

        SoundCopy(ByteBuffer all, int at, int length) {
            this.length = length;
            this.position = new ManifestPosition(all.getLong(at + GENERATION_AT), all.getLong(at + EDIT_AT));
            this.page = all.getInt(at + PAGE_AT);
            this.kind = all.get(at + KIND_AT);
            this.copy = all.get(at + COPY_AT);
            this.reserved = Short.toUnsignedInt(all.getShort(at + RESERVED_AT));
            this.bodyAt = at + BODY_AT;
            int single = aligned(BODY_AT + length);
            this.end = at + (copy == 0 ? 2 * single : single);
        }

        boolean isLike(SoundCopy other) {
            return position.equals(other.position)
                    && kind == other.kind
                    && page == other.page
                    && length == other.length;
        }

        byte[] body(ByteBuffer all) {
            byte[] body = new byte[length];
            all.get(bodyAt, body);
            return body;
        }

        @Override
        public String toString() {
            return "kind " + kind + " page " + page + " of " + position;
        }
    }
}
