package io.donjon.cli.git;

import io.donjon.Cursor;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.cli.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;

/**
 * The demo's clone of a commit, and what became of both.
 *
 * @param origin the snapshot that was cloned, as KEYSPACE@HASH
 * @param files how many files it has
 * @param isUntouched whether it reads as before
 * @param changes the lines that differ, with '-' as the origin has them and '+' as the clone has them
 * @param cloneMicros how long the clone took to make
 */
record DemoClone(String origin, int files, boolean isUntouched, List<String> changes, double cloneMicros) {
    /** A colon keeps it apart from branches. */
    private static final String KEYSPACE = "demo:clone";

    private static final String SNAPSHOT = "demo-changed";
    private static final String ADDED = "hello-from-donjon.txt";

    private static final int WIDTH = 94;

    /** Clones the commit that HEAD, or the first branch, stands at, and changes the clone. */
    static DemoClone make(Store store, ImportResult imported) throws IOException {
        ImportResult.Branch branch = imported.branches().stream()
                .filter(each -> each.keyspace().equals(imported.head()))
                .findFirst()
                .orElseGet(() -> imported.branches().stream()
                        .findFirst()
                        .orElseThrow(() -> new Failure("the repository has no branch with a commit")));
        Keyspace keyspace = store.keyspace(branch.keyspace());
        Snapshot origin = keyspace == null ? null : keyspace.snapshotNamed(branch.commit());
        if (origin == null) {
            throw new Failure("keyspace " + branch.keyspace() + " does not lead to commit " + branch.commit());
        }
        dropFormer(store);
        byte[] before = GitCheck.lines(origin);

        long start = System.nanoTime();
        Keyspace clone = origin.cloneAs(KEYSPACE);
        double micros = (System.nanoTime() - start) / 1e3;
        List<byte[]> paths = keys(origin);
        if (paths.size() >= 2) {
            clone.delete(paths.get(paths.size() - 1));
            clone.put(paths.get(0), blob("changed by the demo\n"));
        }
        clone.put(ADDED.getBytes(StandardCharsets.UTF_8), blob("hello\n"));
        Snapshot changed = clone.snapshot(SNAPSHOT);

        return new DemoClone(
                branch.keyspace() + "@" + branch.commit(),
                paths.size(),
                Arrays.equals(before, GitCheck.lines(origin)),
                differences(origin, changed),
                micros);
    }

    /** What an earlier run of the demo has made of its own. */
    private static void dropFormer(Store store) {
        Keyspace clone = store.keyspace(KEYSPACE);
        if (clone == null) {
            return;
        }
        Snapshot changed = clone.snapshotNamed(SNAPSHOT);
        if (changed != null) {
            changed.drop();
        }
        clone.drop();
    }

    private static byte[] blob(String text) {
        try (ObjectInserter.Formatter formatter = new ObjectInserter.Formatter()) {
            ObjectId id = formatter.idFor(Constants.OBJ_BLOB, text.getBytes(StandardCharsets.UTF_8));
            return GitFormat.encode(GitFormat.Kind.FILE, id);
        }
    }

    private static List<byte[]> keys(Reader reader) {
        List<byte[]> keys = new ArrayList<>();
        try (Cursor cursor = reader.scan(KeyRange.all())) {
            while (cursor.next()) {
                keys.add(cursor.keyBytes());
            }
        }
        return keys;
    }

    private static List<String> differences(Reader from, Reader to) throws IOException {
        Map<String, String> old = lines(from);
        Map<String, String> fresh = lines(to);
        Map<String, String> all = new TreeMap<>(old);
        all.putAll(fresh);
        List<String> lines = new ArrayList<>();
        for (String path : all.keySet()) {
            String was = old.get(path);
            String is = fresh.get(path);
            if (was != null && !was.equals(is)) {
                lines.add("- " + was);
            }
            if (is != null && !is.equals(was)) {
                lines.add("+ " + is);
            }
        }
        return List.copyOf(lines);
    }

    /** The lines of git ls-tree by path. */
    private static Map<String, String> lines(Reader reader) throws IOException {
        Map<String, String> lines = new TreeMap<>();
        for (String line : new String(GitCheck.lines(reader), StandardCharsets.US_ASCII).split("\n", -1)) {
            int tab = line.indexOf('\t');
            if (tab >= 0) {
                lines.put(line.substring(tab + 1), line.replace('\t', ' '));
            }
        }
        return lines;
    }

    String text() {
        StringBuilder text = new StringBuilder();
        text.append("origin  ").append(origin).append('\n');
        text.append(String.format(
                Locale.ROOT,
                "clone   %s, made in %,.0f microseconds, whatever the %,d files hold%n%n",
                KEYSPACE,
                cloneMicros,
                files));
        text.append("The clone's own changes, against the origin:\n\n");
        for (String line : changes) {
            text.append("  ").append(line.length() <= WIDTH ? line : line.substring(0, WIDTH - 3) + "...");
            text.append('\n');
        }
        text.append(String.format(
                Locale.ROOT,
                "%nThe origin after that: %,d files, %s.%nThe changed clone is kept as the snapshot %s@%s.%n",
                files,
                isUntouched ? "not a byte has changed" : "AND IT HAS CHANGED, which must never be",
                KEYSPACE,
                SNAPSHOT));
        return text.toString();
    }

    /** Commands that work on this store. */
    String nextCommands(String store, String repository) {
        String from = DemoCommand.quoted(origin);
        return String.join(
                "\n",
                "./donjon versions " + store,
                "./donjon scan " + store + " " + from + " --format git",
                "./donjon scan " + store + " " + KEYSPACE + "@" + SNAPSHOT + " --format git",
                "./donjon clone " + store + " " + from + " mine",
                "./donjon put " + store + " mine greeting hello",
                "./donjon import-git " + store + " " + repository,
                "./donjon check-git " + store + " " + repository,
                "./donjon stats " + store,
                "./donjon verify " + store,
                "./donjon bench compare --records 2000000 --cache-mb 64",
                "");
    }
}
