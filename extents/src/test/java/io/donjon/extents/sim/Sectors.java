package io.donjon.extents.sim;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** File contents that are easy to tell apart. */
final class Sectors {
    private Sectors() {}

    static ByteBuffer fill(int content, int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) content);
        return ByteBuffer.wrap(bytes);
    }

    /** One character for each sector: its first byte, or '.' for a zero. */
    static String summary(byte[] contents) {
        StringBuilder summary = new StringBuilder();
        for (int at = 0; at < contents.length; at += SimDisk.SECTOR_BYTES) {
            summary.append(contents[at] == 0 ? '.' : (char) contents[at]);
        }
        return summary.toString();
    }
}
