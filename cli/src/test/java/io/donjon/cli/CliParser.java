package io.donjon.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.donjon.extents.sim.Fuzzing;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import picocli.CommandLine.TypeConversionException;

/** Every parser of what is typed on the command line or comes in on standard input. */
enum CliParser implements Fuzzing.Target {
    /** A field of a record on standard input, and what {@code scan} prints of any bytes. */
    ESCAPES {
        @Override
        public List<byte[]> valid() {
            return texts("Gr\u00fcn \\\\ \\t\\n\\r\\x00\\xfe", "");
        }

        @Override
        public void parse(byte[] input) {
            String escaped = Escapes.escape(ByteBuffer.wrap(input));
            assertArrayEquals(input, Escapes.unescape(StandardCharsets.UTF_8.encode(escaped)));
            byte[] bytes = Escapes.unescape(ByteBuffer.wrap(input));
            escaped = Escapes.escape(ByteBuffer.wrap(bytes));
            assertArrayEquals(bytes, Escapes.unescape(StandardCharsets.UTF_8.encode(escaped)));
        }
    },

    /** A key or value. */
    ARGUMENT {
        @Override
        public List<byte[]> valid() {
            return texts("-", "hex:00fF", "text:hex:00", "key");
        }

        @Override
        public void parse(byte[] input) throws Exception {
            assertEquals(
                    text(input).equals("-"),
                    new Argument.Converter().convert(text(input)).isInput());
        }
    },

    /** A keyspace or snapshot. */
    TARGET {
        @Override
        public List<byte[]> valid() {
            return texts("main", "main@v1");
        }

        @Override
        public void parse(byte[] input) throws Exception {
            Target target = new Target.Converter().convert(text(input));
            assertEquals(text(input), target.toString());
            assertEquals(target, Target.of(target.toString()));
        }
    },

    /** What a backup's folder holds; its checksum is made right, so that what is before it is read. */
    BACKUP_LIST {
        @Override
        public List<byte[]> valid() {
            UUID first = new UUID(1, 2);
            UUID second = new UUID(3, 4);
            BackupList list = new BackupList(
                    List.of(
                            new BackupList.Entry(first, null, BackupList.State.GONE, 100, "main", "a b"),
                            new BackupList.Entry(second, first, BackupList.State.KEPT, 50, "main", "\u00fc")),
                    List.of(new BackupList.Head(second, "main")));
            return texts(list.text(), new BackupList(List.of(), List.of()).text());
        }

        @Override
        public void parse(byte[] input) {
            String before = text(input);
            int end = before.lastIndexOf("end\t");
            String mended = BackupList.ended(end < 0 ? before : before.substring(0, end));
            assertEquals(mended, BackupList.of(mended, "list").text());
        }

        @Override
        public boolean isDeclared(Exception e) {
            return e instanceof Failure;
        }
    },

    /** A size in bytes. */
    BYTE_SIZE {
        @Override
        public List<byte[]> valid() {
            return texts("65536", "64k", "16MiB", "1g");
        }

        @Override
        public void parse(byte[] input) throws Exception {
            long size = new ByteSize().convert(text(input));
            String text = text(input).toLowerCase(Locale.ROOT);
            int power = text.contains("k") ? 10 : text.contains("m") ? 20 : text.contains("g") ? 30 : 0;
            BigInteger exact = new BigInteger(text.replaceAll("[^0-9]", "")).shiftLeft(power);
            assertEquals(exact, BigInteger.valueOf(size));
        }
    };

    @Override
    public boolean isDeclared(Exception e) {
        return e instanceof IllegalArgumentException || e instanceof TypeConversionException;
    }

    private static List<byte[]> texts(String... texts) {
        return List.of(texts).stream()
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    private static String text(byte[] input) {
        return new String(input, StandardCharsets.UTF_8);
    }
}
