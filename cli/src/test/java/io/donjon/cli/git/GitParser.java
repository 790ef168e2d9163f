package io.donjon.cli.git;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.donjon.cli.Failure;
import io.donjon.extents.sim.Fuzzing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.eclipse.jgit.lib.ObjectId;

/** Every parser of what an import of a git repository makes and reads. */
public enum GitParser implements Fuzzing.Target {
    /** A value; what is behind it serves as a path. */
    GIT_ENTRY {
        @Override
        public List<byte[]> valid() {
            byte[] value = GitFormat.encode(GitFormat.Kind.LINK, ObjectId.fromString("0123456789".repeat(4)));
            byte[] all = Arrays.copyOf(value, value.length + 3);
            System.arraycopy(new byte[] {'a', '"', -1}, 0, all, value.length, 3);
            return List.of(value, all);
        }

        @Override
        public void parse(byte[] input) throws IOException {
            int length = Math.min(input.length, GitFormat.VALUE_BYTES);
            ByteBuffer value = ByteBuffer.wrap(input, 0, length);
            ByteBuffer path = ByteBuffer.wrap(input, length, input.length - length);
            GitFormat.Entry entry = GitFormat.decode(value);
            GitFormat.Kind kind = GitFormat.Kind.ofMode(Integer.parseInt(entry.mode(), 8));
            byte[] again = GitFormat.encode(kind, ObjectId.fromString(entry.object()));
            assertArrayEquals(Arrays.copyOf(input, length), again);
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            GitFormat.write(path, value, false, line);
            String text = line.toString(StandardCharsets.US_ASCII);
            assertEquals(text.length() - 1, text.indexOf('\n'), text);
        }

        @Override
        public boolean isDeclared(Exception e) {
            return e instanceof Failure;
        }
    },

    /** A name for keyspaces to begin with, or of a branch. */
    KEYSPACE_NAME {
        @Override
        public List<byte[]> valid() {
            return List.of("main".getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void parse(byte[] input) {
            String name = new String(input, StandardCharsets.UTF_8);
            String escaped = KeyspaceNames.escape(name);
            assertEquals(name, URLDecoder.decode(escaped.replace("+", "%2B"), StandardCharsets.UTF_8));
            KeyspaceNames.check(name);
        }

        @Override
        public boolean isDeclared(Exception e) {
            return e instanceof IllegalArgumentException;
        }
    }
}
