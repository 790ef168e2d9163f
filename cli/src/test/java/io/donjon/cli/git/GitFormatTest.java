package io.donjon.cli.git;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.cli.Failure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.jgit.lib.ObjectId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class GitFormatTest {
    private static final String ID = "00112233445566778899aabbccddeeff01234567";

    /** How git lists modes, odd ones too. */
    private static final Map<Integer, String> LINE_STARTS = Map.of(
            0100644, "100644 blob",
            0100664, "100644 blob",
            0100655, "100644 blob",
            0100755, "100755 blob",
            0100775, "100755 blob",
            0120000, "120000 blob",
            0160000, "160000 commit");

    @TempDir
    private Path folder;

    private static String line(String path, int mode, boolean nul) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] value = GitFormat.encode(GitFormat.Kind.ofMode(mode), ObjectId.fromString(ID));
        // In the middle of larger buffers, as a cursor gives them.
        ByteBuffer key = ByteBuffer.wrap(("<" + path + ">").getBytes(StandardCharsets.ISO_8859_1));
        key.position(1).limit(key.capacity() - 1);
        ByteBuffer wide = ByteBuffer.allocate(value.length + 2).put(1, value);
        wide.position(1).limit(value.length + 1);
        GitFormat.write(key, wide, nul, out);
        assertEquals(1, key.position());
        assertEquals(1, wide.position());
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    @Test
    void linesAreQuotedAsGitDoes() throws IOException {
        assertEquals("100644 blob " + ID + "\ta b/c\n", line("a b/c", 0100644, false));
        assertEquals("100644 blob " + ID + "\t\"\\303\\244\"\n", line("\u00c3\u00a4", 0100644, false));
        assertEquals("100644 blob " + ID + "\t\"\\a\\b\\t\\n\\v\\f\\r\"\n", line("\7\b\t\n\13\f\r", 0100644, false));
        assertEquals("100644 blob " + ID + "\t\"\\001\\006\\016\\037\"\n", line("\1\6\16\37", 0100644, false));
        assertEquals(
                "100644 blob " + ID + "\t\"\\\"\\\\\\177\\200\\377\"\n", line("\"\\\177\u0080\u00ff", 0100644, false));
        assertEquals("100644 blob " + ID + "\t\n\"\u00ff\0", line("\n\"\u00ff", 0100644, true));
    }

    @ParameterizedTest
    @ValueSource(ints = {0100644, 0100664, 0100655, 0100755, 0100775, 0120000, 0160000})
    void modesAreReadAsGitDoes(int mode) throws IOException {
        String expected = LINE_STARTS.get(mode);
        assertEquals(expected + " " + ID + "\tx\n", line("x", mode, false));
        ByteBuffer value = ByteBuffer.wrap(GitFormat.encode(GitFormat.Kind.ofMode(mode), ObjectId.fromString(ID)));
        GitFormat.Entry entry = GitFormat.decode(value);
        assertEquals(expected, entry.mode() + " " + entry.type());
        assertEquals(ID, entry.object());
    }

    @Test
    void whatDidNotComeFromGitIsRefused() {
        byte[] value = new byte[GitFormat.VALUE_BYTES];
        value[0] = 'q';
        for (ByteBuffer bad : List.of(ByteBuffer.wrap(value), ByteBuffer.allocate(20), ByteBuffer.allocate(0))) {
            Failure failure = assertThrows(
                    Failure.class,
                    () -> GitFormat.write(
                            ByteBuffer.wrap(new byte[] {'k', 1}), bad, false, new ByteArrayOutputStream()));
            assertTrue(String.valueOf(failure.getMessage()).contains("\"k\\001\""), failure.getMessage());
            assertThrows(Failure.class, () -> GitFormat.decode(bad));
        }
    }

    /** One tree with every byte that a name can have, and every mode; listed by git where it is installed. */
    @Test
    void everyByteAndModeIsListedAsGitDoes() throws IOException {
        Map<String, String> files = new HashMap<>();
        List<Integer> modes = LINE_STARTS.keySet().stream().sorted().toList();
        Map<String, String> starts = new HashMap<>();
        try (TestRepository made = new TestRepository(folder, true)) {
            for (int c = 1; c < 256; c++) {
                if (c != '/') {
                    String path = "a" + (char) c + "b";
                    files.put(path, "text " + c);
                    made.mode(path, modes.get(c % modes.size()));
                    starts.put(path, LINE_STARTS.get(modes.get(c % modes.size())));
                    files.put((char) c + "/x", "in a folder");
                }
            }
            files.remove("./x");
            ObjectId commit = made.commit(files);
            made.point("refs/heads/main", commit);
            try (GitRepository repository = GitRepository.open(folder)) {
                String listed = new String(new JGitLister(repository).list(commit), StandardCharsets.ISO_8859_1);
                assertEquals(files.size(), listed.lines().count());
                GitLister git = GitLister.find(folder);
                String expected = git == null
                        ? byHand(Expected.of(made.repository()).filesOf(commit.name()), starts)
                        : new String(git.list(commit), StandardCharsets.ISO_8859_1);
                assertEquals(expected, listed);
            }
        }
    }

    /** The lines in the order of whole paths, quoted by a table: what git prints, without git. */
    private static String byHand(Map<String, String> files, Map<String, String> starts) {
        StringBuilder lines = new StringBuilder();
        for (Map.Entry<String, String> file : new TreeMap<>(files).entrySet()) {
            String path = file.getKey();
            lines.append(starts.getOrDefault(path, "100644 blob"));
            lines.append(' ').append(file.getValue().split(" ", 2)[1]).append('\t');
            List<String> quoted = new ArrayList<>();
            path.chars().forEach(c -> quoted.add(escape(c)));
            String text = String.join("", quoted);
            lines.append(text.equals(path) ? text : '"' + text + '"').append('\n');
        }
        return lines.toString();
    }

    private static String escape(int c) {
        int named = "\7\b\t\n\13\f\r\"\\".indexOf(c);
        if (named >= 0) {
            return "\\" + "abtnvfr\"\\".charAt(named);
        }
        return c < 32 || c > 126 ? "\\%03o".formatted(c) : String.valueOf((char) c);
    }

    /** The two derivations agree, so that the test above says the same with and without git. */
    @Test
    void theTableOfEscapesIsGits() throws IOException {
        for (int c = 1; c < 256; c++) {
            String path = "a" + (char) c;
            String text = "a" + escape(c);
            String expected = text.equals(path) ? text : '"' + text + '"';
            assertEquals("100644 blob " + ID + "\t" + expected + "\n", line(path, 0100644, false));
        }
    }
}
