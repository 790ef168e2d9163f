package io.donjon.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class EscapesTest {
    private static String escape(int... bytes) {
        byte[] array = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            array[i] = (byte) bytes[i];
        }
        return Escapes.escape(ByteBuffer.wrap(array));
    }

    private static String escape(String text) {
        return Escapes.escape(StandardCharsets.UTF_8.encode(text));
    }

    @Test
    void textStaysAndTheRestIsEscaped() {
        assertEquals("Grün 李 😀 ~", escape("Grün 李 😀 ~"));
        assertEquals("\\\\ \\t\\n\\r\\x00\\x1b\\x7f", escape("\\ \t\n\r\0\u001b\u007f"));
        assertEquals("\\xc2\\x85\\xe2\\x80\\xae", escape("\u0085\u202e"));
        // Cut off, out of place, overlong, a surrogate, beyond Unicode.
        assertEquals("\\xc3", escape(0xc3));
        assertEquals("\\xf0\\x9f\\x98", escape(0xf0, 0x9f, 0x98));
        assertEquals("\\xc3A", escape(0xc3, 'A'));
        assertEquals("\\xa4ä", escape(0xa4, 0xc3, 0xa4));
        assertEquals("\\xc0\\xaf", escape(0xc0, 0xaf));
        assertEquals("\\xed\\xa0\\x80", escape(0xed, 0xa0, 0x80));
        assertEquals("\\xf5\\x80\\x80\\x80\\xff", escape(0xf5, 0x80, 0x80, 0x80, 0xff));
    }

    @Test
    void anyBytesComeBack() {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(12)];
            random.nextBytes(bytes);
            if (random.nextBoolean()) {
                for (int at = 0; at < bytes.length; at++) {
                    // Bytes of which UTF-8 and escapes are made.
                    bytes[at] = (byte) new int[] {0xc3, 0xa4, 0xe2, 0x80, 0xa8, 0xf0, 0x9f, '\\', 't', 'x', '4', 9}
                            [random.nextInt(12)];
                }
            }
            String text = Escapes.escape(ByteBuffer.wrap(bytes));
            assertTrue(text.chars().noneMatch(Character::isISOControl), "-Dseed=" + seed);
            assertArrayEquals(
                    bytes, Escapes.unescape(StandardCharsets.UTF_8.encode(text)), "-Dseed=" + seed + ": " + text);
        }
    }

    @Test
    void textOrNullKnowsUtf8() {
        assertEquals("ä", Escapes.textOrNull(StandardCharsets.UTF_8.encode("ä")));
        assertNull(Escapes.textOrNull(ByteBuffer.wrap(new byte[] {(byte) 0xc3})));
    }
}
