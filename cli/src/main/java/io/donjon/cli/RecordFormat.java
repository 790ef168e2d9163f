package io.donjon.cli;

import io.donjon.cli.git.GitFormat;
import io.donjon.perf.compare.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How records are printed. */
enum RecordFormat {
    /** Key, tab, value, line feed, with what is not text escaped as {@link Escapes} says; with -z as the bytes are. */
    TEXT {
        @Override
        void write(Target target, ByteBuffer key, @Nullable ByteBuffer value, boolean nul, OutputStream out)
                throws IOException {
            fields(nul ? key : escaped(key), value == null || nul ? value : escaped(value), nul, out);
        }
    },
    /** The same in hexadecimal. */
    HEX {
        @Override
        void write(Target target, ByteBuffer key, @Nullable ByteBuffer value, boolean nul, OutputStream out)
                throws IOException {
            fields(hex(key), value == null ? null : hex(value), nul, out);
        }
    },
    /** An object on each line: target, key and value, or keyHex and valueHex where the bytes are not UTF-8. */
    JSON {
        @Override
        void write(Target target, ByteBuffer key, @Nullable ByteBuffer value, boolean nul, OutputStream out)
                throws IOException {
            Map<String, @Nullable Object> fields = new LinkedHashMap<>();
            fields.put("target", target.toString());
            putBytes(fields, "key", key);
            if (value != null) {
                putBytes(fields, "value", value);
            }
            out.write(Json.of(fields).getBytes(StandardCharsets.UTF_8));
            out.write(nul ? 0 : '\n');
        }
    },
    /** A commit's files as {@code git ls-tree -r --full-tree} prints them. */
    GIT {
        @Override
        void write(Target target, ByteBuffer key, @Nullable ByteBuffer value, boolean nul, OutputStream out)
                throws IOException {
            GitFormat.write(key, Objects.requireNonNull(value, "keys alone are refused"), nul, out);
        }
    };

    /**
     * Writes a record.
     *
     * @param value null if only keys are wanted
     * @param nul whether records end with NUL rather than a line feed
     */
    abstract void write(Target target, ByteBuffer key, @Nullable ByteBuffer value, boolean nul, OutputStream out)
            throws IOException;

    /** Adds bytes to a JSON object: as text, or under another name in hexadecimal if they are not UTF-8. */
    static void putBytes(Map<String, @Nullable Object> fields, String name, ByteBuffer bytes) {
        String text = Escapes.textOrNull(bytes);
        if (text != null) {
            fields.put(name, text);
        } else {
            fields.put(name + "Hex", HexFormat.of().formatHex(array(bytes)));
        }
    }

    static byte[] array(ByteBuffer buffer) {
        byte[] array = new byte[buffer.remaining()];
        buffer.get(buffer.position(), array);
        return array;
    }

    private static ByteBuffer escaped(ByteBuffer buffer) {
        return StandardCharsets.UTF_8.encode(Escapes.escape(buffer));
    }

    private static ByteBuffer hex(ByteBuffer buffer) {
        return StandardCharsets.US_ASCII.encode(HexFormat.of().formatHex(array(buffer)));
    }

    private static void fields(ByteBuffer key, @Nullable ByteBuffer value, boolean nul, OutputStream out)
            throws IOException {
        out.write(array(key));
        if (value != null) {
            out.write('\t');
            out.write(array(value));
        }
        out.write(nul ? 0 : '\n');
    }
}
