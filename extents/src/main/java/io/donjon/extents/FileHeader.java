package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The first 4096 bytes of a file (docs/format.md section 1).
 *
 * <pre>
 *  at  size  field
 *   0     8  magic     "DONJON" and two letters, by kind
 *   8     2  format    1; a larger one is refused
 *  10     2  required  reserved
 *  12     4  crc       CRC-32C over [0, 12) and [16, 4096)
 *  16    16  store     the store's id
 *  32    16  disk      the disk's id
 *  48        by kind, then zeros
 * </pre>
 */
final class FileHeader {
    static final int BYTES = 4096;

    static final int FORMAT = 1;
    static final int MAGIC_AT = 0;
    static final int FORMAT_AT = MAGIC_AT + Long.BYTES;
    static final int REQUIRED_AT = FORMAT_AT + Short.BYTES;
    static final int CRC_AT = REQUIRED_AT + Short.BYTES;
    static final int STORE_AT = CRC_AT + Integer.BYTES;
    static final int DISK_AT = STORE_AT + 2 * Long.BYTES;
    static final int BODY_AT = DISK_AT + 2 * Long.BYTES;

    /** What a file is. */
    enum Kind {
        DISK("DK"),
        FENCE("FN"),
        MANIFEST("MF"),
        LOG("LG"),
        SUPERCHUNK("SC");

        private final long magic;

        Kind(String letters) {
            this.magic = ByteBuffer.wrap(("DONJON" + letters).getBytes(StandardCharsets.US_ASCII))
                    .getLong();
        }
    }

    private FileHeader() {}

    /** A header whose body is still to be filled in, from {@link #BODY_AT} on, before {@link #seal}. */
    static ByteBuffer begin(Kind kind, UUID store, UUID disk) {
        ByteBuffer header =
                ByteBuffer.allocateDirect(2 * BYTES).alignedSlice(BYTES).limit(BYTES);
        header.putLong(MAGIC_AT, kind.magic).putShort(FORMAT_AT, (short) FORMAT);
        putId(header, STORE_AT, store);
        putId(header, DISK_AT, disk);
        return header;
    }

    /** Puts the checksum in. */
    static ByteBuffer seal(ByteBuffer header) {
        return header.putInt(CRC_AT, checksum(header));
    }

    /** A sound header of this kind, read from a file; {@code place} names the file. */
    static ByteBuffer read(OpenFile file, Kind kind, String place) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(BYTES);
        int got = file.read(header, 0);
        if (got < BYTES) {
            throw StorageException.damaged(place, "the header ends after " + got + " of " + BYTES + " bytes");
        }
        return check(header, kind, place);
    }

    /** Checks a header that was read. */
    static ByteBuffer check(ByteBuffer header, Kind kind, String place) {
        long magic = header.getLong(MAGIC_AT);
        if (magic != kind.magic) {
            throw StorageException.damaged(
                    place, String.format(Locale.ROOT, "magic at byte 0 is 0x%016x, not 0x%016x", magic, kind.magic));
        }
        int crc = header.getInt(CRC_AT);
        int actual = checksum(header);
        if (crc != actual) {
            throw StorageException.damaged(
                    place, String.format(Locale.ROOT, "crc at byte 12 is 0x%08x, the header has 0x%08x", crc, actual));
        }
        int format = Short.toUnsignedInt(header.getShort(FORMAT_AT));
        int required = Short.toUnsignedInt(header.getShort(REQUIRED_AT));
        if (format > FORMAT || required != 0) {
            throw new StorageException(
                    StorageException.Kind.TOO_NEW,
                    place + ": format " + format + " with required features 0x" + Integer.toHexString(required)
                            + ", this release reads format " + FORMAT + " without any",
                    null);
        }
        return header;
    }

    static UUID store(ByteBuffer header) {
        return id(header, STORE_AT);
    }

    static UUID disk(ByteBuffer header) {
        return id(header, DISK_AT);
    }

    private static UUID id(ByteBuffer header, int at) {
        return new UUID(header.getLong(at), header.getLong(at + Long.BYTES));
    }

    private static void putId(ByteBuffer header, int at, UUID id) {
        header.putLong(at, id.getMostSignificantBits()).putLong(at + Long.BYTES, id.getLeastSignificantBits());
    }

    private static int checksum(ByteBuffer header) {
        CRC32C crc = new CRC32C();
        crc.update(header.slice(0, CRC_AT));
        crc.update(header.slice(STORE_AT, BYTES - STORE_AT));
        return (int) crc.getValue();
    }
}
