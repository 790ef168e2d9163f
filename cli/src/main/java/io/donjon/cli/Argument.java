package io.donjon.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A key or value as it is written on the command line: text, {@code hex:...}, {@code text:...} or {@code -} for what is
 * on standard input.
 */
final class Argument {
    private static final String HEX = "hex:";
    private static final String TEXT = "text:";
    private static final String INPUT = "-";

    private final byte[] bytes;
    private final boolean input;

    private Argument(byte[] bytes, boolean input) {
        this.bytes = bytes;
        this.input = input;
    }

    static Argument of(String text) {
        if (text.equals(INPUT)) {
            return new Argument(new byte[0], true);
        }
        if (text.indexOf('\uFFFD') >= 0) {
            throw new IllegalArgumentException(
                    "'" + text + "' has bytes that are not text in this locale: write it as " + HEX + "...");
        }
        if (text.startsWith(HEX)) {
            try {
                return new Argument(HexFormat.of().parseHex(text.substring(HEX.length())), false);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "'" + text + "' is not pairs of hexadecimal digits behind " + HEX + " (" + TEXT + text
                                + " stands for that text)",
                        e);
            }
        }
        String plain = text.startsWith(TEXT) ? text.substring(TEXT.length()) : text;
        return new Argument(plain.getBytes(StandardCharsets.UTF_8), false);
    }

    /** Whether the bytes are on standard input. */
    boolean isInput() {
        return input;
    }

    /** The bytes; all of standard input, if they are there. */
    byte[] bytes(Terminal terminal) throws IOException {
        return input ? terminal.in().readAllBytes() : bytes.clone();
    }

    /** For picocli. */
    static final class Converter implements ITypeConverter<Argument> {
        @Override
        public Argument convert(String text) {
            try {
                return of(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
