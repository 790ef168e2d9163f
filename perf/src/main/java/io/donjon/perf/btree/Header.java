package io.donjon.perf.btree;

import java.nio.ByteBuffer;

/**
 * What is known of a tree as a whole; page 0 of its file.
 *
 * <pre>
 *  at  size  field    meaning
 *   0     4  crc32c   as in every page
 *   4     8  magic    "BPLUSTRE"
 *  12     4  format   1
 *  16     4  clean    1 if the file is a checkpoint with nothing written since, else 0
 *  20     4  root     page number
 *  24     4  height   levels of pages
 *  28     4  pages    pages of the file, this one included
 *  32     4  free     first page of the list of free ones, 0 for none
 *  36     8  size     records
 *  44  8148  zeros
 * </pre>
 */
final class Header {
    private static final long MAGIC = 0x42504c5553545245L;
    private static final int FORMAT = 1;
    private static final int FIELDS_AT = Integer.BYTES;

    private final PageFile file;
    private boolean clean;
    int root;
    int height = 1;
    int pageCount = 1;
    int free;
    long size;

    Header(PageFile file) {
        this.file = file;
        if (file.length() > 0) {
            read();
        } else {
            write(false);
        }
    }

    /** Whether the file is a checkpoint, with nothing changed since in memory or on disk. */
    boolean clean() {
        return clean;
    }

    /** To be called before any change: from then on, until the next checkpoint, the file is not to be trusted. */
    void beforeChange() {
        if (clean) {
            write(false);
            file.force();
        }
    }

    void write(boolean asClean) {
        byte[] page = new byte[Page.BYTES];
        ByteBuffer.wrap(page)
                .position(FIELDS_AT)
                .putLong(MAGIC)
                .putInt(FORMAT)
                .putInt(asClean ? 1 : 0)
                .putInt(root)
                .putInt(height)
                .putInt(pageCount)
                .putInt(free)
                .putLong(size);
        Page.seal(page, 0);
        file.begin();
        file.add(page);
        file.write(0);
        clean = asClean;
    }

    private void read() {
        if (file.length() < Page.BYTES) {
            throw new IllegalStateException(file + " has " + file.length() + " bytes: no tree, or one that lost power");
        }
        byte[] page = new byte[Page.BYTES];
        file.read(0, 1);
        file.take(page);
        ByteBuffer fields = ByteBuffer.wrap(page).position(FIELDS_AT);
        long magic = fields.getLong();
        int format = fields.getInt();
        if (magic != MAGIC || format != FORMAT) {
            throw new IllegalStateException("%s: magic 0x%016x and format %d, expected 0x%016x and %d"
                    .formatted(file, magic, format, MAGIC, FORMAT));
        }
        String defect = Page.defect(page, 0);
        if (!defect.isEmpty()) {
            throw new IllegalStateException(file + " page 0: " + defect);
        }
        if (fields.getInt() != 1) {
            throw new IllegalStateException(
                    file + " was not closed after its last change; it has no log to recover from: delete it");
        }
        clean = true;
        root = fields.getInt();
        height = fields.getInt();
        pageCount = fields.getInt();
        free = fields.getInt();
        size = fields.getLong();
    }
}
