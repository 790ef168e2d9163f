package io.donjon.cli;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Bytes as one line of text that is safe on a screen, and back.
 *
 * <p>UTF-8 stands as it is. A backslash is written {@code \\}, tab, line feed and carriage return {@code \t \n \r}, and
 * every other byte that is no printable character or not UTF-8 {@code \xHH}. Each sequence of bytes has one such text.
 */
final class Escapes {
    private static final HexFormat HEX = HexFormat.of();

    private Escapes() {}

    /** The text for these bytes; their position is not moved. */
    static String escape(ByteBuffer bytes) {
        StringBuilder text = new StringBuilder(bytes.remaining());
        ByteBuffer rest = bytes.duplicate();
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        CharBuffer character = CharBuffer.allocate(2);
        while (rest.hasRemaining()) {
            int length = lengthOfCharacter(rest.get(rest.position()));
            int start = rest.position();
            int end = Math.min(start + length, rest.limit());
            character.clear();
            decoder.reset();
            boolean valid = !decoder.decode(rest.duplicate().limit(end), character, true)
                    .isError();
            if (!valid || !append(Character.codePointAt(character.flip(), 0), text)) {
                end = valid ? end : start + 1;
                for (int i = start; i < end; i++) {
                    text.append("\\x");
                    HEX.toHexDigits(text, rest.get(i));
                }
            }
            rest.position(end);
        }
        return text.toString();
    }

    private static int lengthOfCharacter(byte first) {
        int ones = Integer.numberOfLeadingZeros(~(first << 24));
        return ones >= 2 && ones <= 4 ? ones : 1;
    }

    /** Appends a character as it is or by its short escape; false if it must be written in hexadecimal. */
    private static boolean append(int c, StringBuilder text) {
        switch (c) {
            case '\\' -> text.append("\\\\");
            case '\t' -> text.append("\\t");
            case '\n' -> text.append("\\n");
            case '\r' -> text.append("\\r");
            default -> {
                switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR -> {
                        return false;
                    }
                    default -> text.appendCodePoint(c);
                }
            }
        }
        return true;
    }

    /**
     * The bytes that a text stands for; it need not be one that {@link #escape} would give.
     *
     * @throws IllegalArgumentException if there is a backslash that begins no escape
     */
    static byte[] unescape(ByteBuffer text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.remaining());
        int at = text.position();
        while (at < text.limit()) {
            byte b = text.get(at++);
            if (b != '\\') {
                bytes.write(b);
                continue;
            }
            switch (at < text.limit() ? (char) text.get(at++) : ' ') {
                case '\\' -> bytes.write('\\');
                case 't' -> bytes.write('\t');
                case 'n' -> bytes.write('\n');
                case 'r' -> bytes.write('\r');
                case 'x' -> {
                    bytes.write(hexPair(text, at));
                    at += 2;
                }
                default ->
                    throw new IllegalArgumentException("a backslash that begins none of \\\\ \\t \\n \\r \\xHH: write"
                            + " \\\\ for the character itself");
            }
        }
        return bytes.toByteArray();
    }

    private static int hexPair(ByteBuffer text, int at) {
        if (at + 2 > text.limit() || !HexFormat.isHexDigit(text.get(at)) || !HexFormat.isHexDigit(text.get(at + 1))) {
            throw new IllegalArgumentException("\\x without two hexadecimal digits");
        }
        return HexFormat.fromHexDigit(text.get(at)) << 4 | HexFormat.fromHexDigit(text.get(at + 1));
    }

    /** The text that the bytes are in UTF-8, or null if they are not. */
    static @Nullable String textOrNull(ByteBuffer bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate()).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
