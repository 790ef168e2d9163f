package io.donjon.cli.git;

import io.donjon.cli.Failure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.eclipse.jgit.lib.AnyObjectId;
import org.jspecify.annotations.Nullable;

/**
 * How a commit stands in a keyspace: one record for each line of {@code git ls-tree -r --full-tree COMMIT}.
 *
 * <p>The key is the path, byte for byte. The value is
 *
 * <pre>
 *  at  size  field   meaning
 *   0     1  kind    'f' a file (mode 100644), 'x' an executable file (100755), 'l' a symbolic link (120000),
 *                    's' a submodule (160000)
 *   1    20  object  id of the blob, or for a submodule of the commit
 * </pre>
 *
 * <p>Git sorts a folder in a tree as if its name ended with '/', which is what it has in the paths of its files: so the
 * lines of {@code ls-tree -r} ascend by the unsigned bytes of whole paths, as keys do. Old programs wrote other modes,
 * such as 100664; git reads them as one of these four, and so do we.
 */
public final class GitFormat {
    private static final int OBJECT_AT = 1;
    static final int VALUE_BYTES = OBJECT_AT + 20;

    private static final int TYPE_MASK = 0170000;
    private static final int TYPE_FILE = 0100000;
    private static final int TYPE_LINK = 0120000;
    private static final int OWNER_EXECUTES = 0100;

    /** The control characters that have an escape of their own, from 7 on. */
    private static final String NAMED = "abtnvfr";

    private static final int FIRST_NAMED = 7;
    private static final int DELETE = 0x7f;

    /** What a path leads to. */
    enum Kind {
        FILE('f', "100644", "blob"),
        EXECUTABLE('x', "100755", "blob"),
        LINK('l', "120000", "blob"),
        SUBMODULE('s', "160000", "commit");

        private final byte code;
        private final String mode;
        private final String type;

        Kind(char code, String mode, String type) {
            this.code = (byte) code;
            this.mode = mode;
            this.type = type;
        }

        /** As git reads a mode in a tree that is not a folder's. */
        static Kind ofMode(int mode) {
            return switch (mode & TYPE_MASK) {
                case TYPE_FILE -> (mode & OWNER_EXECUTES) == 0 ? FILE : EXECUTABLE;
                case TYPE_LINK -> LINK;
                default -> SUBMODULE;
            };
        }
    }

    /**
     * A value, decoded.
     *
     * @param mode as git prints it, such as "100644"
     * @param type "blob" or "commit"
     * @param object the id in hexadecimal
     */
    public record Entry(String mode, String type, String object) {}

    private GitFormat() {}

    static byte[] encode(Kind kind, AnyObjectId object) {
        byte[] value = new byte[VALUE_BYTES];
        value[0] = kind.code;
        object.copyRawTo(value, OBJECT_AT);
        return value;
    }

    /**
     * Reads a value.
     *
     * @throws Failure if it is none of these
     */
    public static Entry decode(ByteBuffer value) {
        Kind kind = kind(value);
        if (kind == null) {
            throw new Failure("a value of " + value.remaining() + " bytes is not an entry of a git commit");
        }
        return new Entry(kind.mode, kind.type, object(value));
    }

    /**
     * Writes a record as {@code git ls-tree -r --full-tree} does.
     *
     * @param nul as with its option -z: the path as it is and NUL at the end, rather than a path that is quoted where
     *     it has odd characters and a line feed
     * @throws Failure if the value is none of a git commit
     */
    public static void write(ByteBuffer key, ByteBuffer value, boolean nul, OutputStream out) throws IOException {
        Kind kind = kind(value);
        if (kind == null) {
            ByteArrayOutputStream path = new ByteArrayOutputStream();
            writeQuoted(key, path);
            throw new Failure("key " + path.toString(StandardCharsets.US_ASCII) + ": its value of " + value.remaining()
                    + " bytes is not an entry of a git commit, so --format git cannot print it");
        }
        String start = kind.mode + ' ' + kind.type + ' ' + object(value) + '\t';
        out.write(start.getBytes(StandardCharsets.US_ASCII));
        if (nul) {
            for (int i = key.position(); i < key.limit(); i++) {
                out.write(key.get(i));
            }
            out.write(0);
        } else {
            writeQuoted(key, out);
            out.write('\n');
        }
    }

    private static @Nullable Kind kind(ByteBuffer value) {
        if (value.remaining() != VALUE_BYTES) {
            return null;
        }
        byte code = value.get(value.position());
        for (Kind kind : Kind.values()) {
            if (kind.code == code) {
                return kind;
            }
        }
        return null;
    }

    private static String object(ByteBuffer value) {
        byte[] id = new byte[VALUE_BYTES - OBJECT_AT];
        value.get(value.position() + OBJECT_AT, id);
        return HexFormat.of().formatHex(id);
    }

    /** As C writes a string, in quotes, if a byte demands it; as it is otherwise (git's core.quotePath, on by default). */
    private static void writeQuoted(ByteBuffer path, OutputStream out) throws IOException {
        boolean plain = true;
        for (int i = path.position(); i < path.limit(); i++) {
            plain &= isPlain(path.get(i));
        }
        if (!plain) {
            out.write('"');
        }
        for (int i = path.position(); i < path.limit(); i++) {
            byte b = path.get(i);
            if (isPlain(b)) {
                out.write(b);
                continue;
            }
            out.write('\\');
            if (b == '"' || b == '\\') {
                out.write(b);
            } else if (b >= FIRST_NAMED && b < FIRST_NAMED + NAMED.length()) {
                out.write(NAMED.charAt(b - FIRST_NAMED));
            } else {
                out.write('0' + (b >> 6 & 3));
                out.write('0' + (b >> 3 & 7));
                out.write('0' + (b & 7));
            }
        }
        if (!plain) {
            out.write('"');
        }
    }

    private static boolean isPlain(byte b) {
        return b >= ' ' && b != '"' && b != '\\' && b != DELETE;
    }
}
