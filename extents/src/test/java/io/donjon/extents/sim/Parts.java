package io.donjon.extents.sim;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An input of a fuzzer that stands for several strings of bytes: before each are two bytes of its length. Any input can
 * be read so, and most changes of one part leave the others what they are.
 */
public final class Parts {
    /** Where files keep what must not share a sector with anything else. */
    private static final int ALIGNMENT = 4096;

    private static final int LENGTH_BYTES = 2;
    private static final int LENGTH_MAX = 0xffff;

    /** More are not looked at: a short input must not stand for a long file. */
    private static final int COUNT_MAX = 64;

    private Parts() {}

    /** The input that stands for these. */
    public static byte[] join(List<byte[]> parts) {
        byte[] all = {};
        for (byte[] part : parts) {
            if (part.length > LENGTH_MAX) {
                throw new IllegalArgumentException("a part of " + part.length + " bytes");
            }
            int at = all.length;
            all = Arrays.copyOf(all, at + LENGTH_BYTES + part.length);
            all[at] = (byte) (part.length >>> 8);
            all[at + 1] = (byte) part.length;
            System.arraycopy(part, 0, all, at + LENGTH_BYTES, part.length);
        }
        return all;
    }

    /** What an input stands for; the last part may be shorter than its length says. */
    public static List<byte[]> split(byte[] input) {
        List<byte[]> parts = new ArrayList<>();
        int at = 0;
        while (at + LENGTH_BYTES <= input.length && parts.size() < COUNT_MAX) {
            int length = (input[at] & 0xff) << 8 | (input[at + 1] & 0xff);
            int from = at + LENGTH_BYTES;
            at = Math.min(from + length, input.length);
            parts.add(Arrays.copyOfRange(input, from, at));
        }
        return parts;
    }

    /** A file as parts: what stands from each multiple of 4096 on up to the zeros before the next, and the rest. */
    public static List<byte[]> ofFile(byte[] file) {
        List<byte[]> parts = new ArrayList<>();
        for (int at = 0; at < file.length; at += ALIGNMENT) {
            int end = Math.min(at + ALIGNMENT, file.length);
            int used = end;
            while (used > at && file[used - 1] == 0) {
                used--;
            }
            parts.add(Arrays.copyOfRange(file, at, used));
        }
        // Of the last part no zeros are left out, so that an end in the middle of something can be told.
        parts.add(new byte[0]);
        return parts;
    }

    /** The file that has each of these at the next multiple of 4096, and ends with the last one. */
    public static byte[] file(List<byte[]> parts) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            file.writeBytes(new byte[-file.size() & (ALIGNMENT - 1)]);
            file.writeBytes(part);
        }
        return file.toByteArray();
    }
}
