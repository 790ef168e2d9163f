package io.donjon.cli.git;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.eclipse.jgit.lib.AnyObjectId;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.Repository;
import org.jspecify.annotations.Nullable;

/**
 * What the keyspaces of an import are called. Git allows no colon in a branch's name, so a branch's keyspace is never
 * confused with what stands beside the branches.
 */
final class KeyspaceNames {
    /** What the import works in has a name that begins so; no keyspace of such a name outlives an import. */
    static final String WORK = "import:";

    private static final int NAME_BYTES_MAX = 255;
    private static final int ROOT_DIGITS = 12;

    private final @Nullable String own;

    /** The names of an import; {@code own} is what HEAD's keyspace is called and all others begin with, or null. */
    KeyspaceNames(@Nullable String own) {
        check(own);
        this.own = own;
    }

    /**
     * Refuses a name that keyspaces cannot begin with.
     *
     * @throws IllegalArgumentException saying why
     */
    static void check(@Nullable String own) {
        if (own != null
                && (own.isEmpty()
                        || isTooLong(own)
                        || own.indexOf(':') >= 0
                        || !escape(own).equals(own.replace("%", "%25")))) {
            throw new IllegalArgumentException("--keyspace '" + own + "': must be 1 to " + NAME_BYTES_MAX
                    + " bytes without control characters, '/', '@' and ':'");
        }
    }

    /** Whether HEAD has a keyspace even if a branch stands there too. */
    boolean isNamed() {
        return own != null;
    }

    String head() {
        return own == null ? Constants.HEAD : own;
    }

    /** The keyspace of a branch, local or remote-tracking. */
    String branch(String ref) {
        return prefix() + escape(Repository.shortenRefName(ref));
    }

    /** The keyspace of a tree without a branch. */
    String root(AnyObjectId root) {
        return prefix() + "root:" + root.name().substring(0, ROOT_DIGITS);
    }

    private String prefix() {
        return own == null ? "" : own + ":";
    }

    static boolean isTooLong(String name) {
        return name.getBytes(StandardCharsets.UTF_8).length > NAME_BYTES_MAX;
    }

    /** Writes what a keyspace's name must not hold as %XX, and '%' too, so that it can be read back. */
    static String escape(String name) {
        StringBuilder escaped = new StringBuilder();
        name.codePoints().forEach(c -> {
            if (c == '/' || c == '@' || c == '%' || Character.isISOControl(c)) {
                for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
                    escaped.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
                }
            } else {
                escaped.appendCodePoint(c);
            }
        });
        return escaped.toString();
    }
}
