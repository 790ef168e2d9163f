package io.donjon.cli.git;

import io.donjon.Cursor;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.ScanOption;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.cli.Failure;
import io.donjon.cli.git.CommitGraph.Node;
import io.donjon.cli.git.History.Tip;
import io.donjon.perf.compare.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.eclipse.jgit.errors.LargeObjectException;
import org.eclipse.jgit.lib.ObjectReader;
import org.jspecify.annotations.Nullable;

/**
 * Compares what {@link GitImport} has brought with the repository: that every branch's keyspace goes on from its tip, that
 * every commit is {@code KEYSPACE@HASH} for a keyspace of its tree, and what this reads, byte for byte, with what {@code git
 * ls-tree -r --full-tree} prints.
 */
public final class GitCheck {
    /** Mismatches that are described; the others are counted. */
    private static final int EXAMPLES_MAX = 10;

    private static final String WORK = "comparing commits";

    private final Store store;
    private final Lister lister;
    private final Progress progress;
    private final Map<String, String> keyspaces;

    private GitCheck(Store store, Lister lister, Progress progress) {
        this.store = store;
        this.lister = lister;
        this.progress = progress;
        this.keyspaces = ImportedCommits.keyspacesByTree(store);
    }

    /**
     * Compares a store with a repository. Where git is installed it lists the commits, otherwise JGit does.
     *
     * @param folder the repository, as it was imported
     * @param keyspace the name that it was imported under, or null
     * @param sample how many commits to compare, chosen at random; all if there are no more
     * @throws Failure if the repository cannot be read
     */
    public static CheckResult run(Store store, Path folder, @Nullable String keyspace, int sample, Progress progress) {
        try (GitRepository repository = GitRepository.open(folder)) {
            Lister git = GitLister.find(repository.gitFolder());
            return run(store, repository, keyspace, sample, progress, git == null ? new JGitLister(repository) : git);
        }
    }

    static CheckResult run(
            Store store,
            GitRepository repository,
            @Nullable String keyspace,
            int sample,
            Progress progress,
            Lister lister) {
        KeyspaceNames names = new KeyspaceNames(keyspace);
        try (ObjectReader reader = repository.newReader()) {
            History history = History.read(repository, names, reader, progress);
            return new GitCheck(store, lister, progress).compare(history, sample);
        } catch (IOException | UncheckedIOException | LargeObjectException e) {
            throw new Failure(repository.folder() + ": this git repository cannot be read: " + e.getMessage());
        }
    }

    private CheckResult compare(History history, int sample) {
        long start = System.nanoTime();
        ImportedCommits.link(store, history.graph());
        List<Node> commits = new ArrayList<>();
        history.graph().nodes().forEach(commits::add);
        int all = commits.size();
        if (sample < all) {
            Collections.shuffle(commits, new Random());
            commits = commits.subList(0, sample);
        }
        List<String> examples = new ArrayList<>();
        int mismatches = 0;
        for (Tip tip : history.tips()) {
            String difference = difference(tip);
            if (difference != null && ++mismatches <= EXAMPLES_MAX) {
                examples.add(difference);
            }
        }
        SortedMap<Integer, String> differences = new ConcurrentSkipListMap<>();
        long lines = compare(commits, differences);
        differences.values().stream().limit(EXAMPLES_MAX - examples.size()).forEach(examples::add);
        return new CheckResult(
                all,
                commits.size(),
                lines,
                lister.name(),
                mismatches + differences.size(),
                List.copyOf(examples),
                (System.nanoTime() - start) / 1e9);
    }

    /** Compares the commits, some at a time, for git takes a process for each. */
    private long compare(List<Node> commits, Map<Integer, String> differences) {
        AtomicInteger done = new AtomicInteger();
        AtomicLong lines = new AtomicLong();
        IntStream.range(0, commits.size()).parallel().forEach(i -> {
            try {
                String difference = difference(commits.get(i), lines);
                if (difference != null) {
                    differences.put(i, difference);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            synchronized (progress) {
                progress.at(WORK, done.incrementAndGet(), commits.size());
            }
        });
        return lines.get();
    }

    private @Nullable String difference(Tip tip) {
        Keyspace keyspace = store.keyspace(tip.keyspace());
        if (keyspace == null) {
            return tip.ref() + ": there is no keyspace " + tip.keyspace();
        }
        Version at = ImportedCommits.below(store, keyspace);
        if (at == null || !tip.commit().name().equals(at.name())) {
            return tip.ref() + ": it is at " + tip.commit().name() + ", keyspace " + tip.keyspace() + " at "
                    + (at == null ? "no commit" : at.name());
        }
        return null;
    }

    private @Nullable String difference(Node commit, AtomicLong lines) throws IOException {
        Version version = store.version(commit.version);
        if (version == null) {
            return "commit " + commit.name() + ": there is no snapshot of that name";
        }
        String name = keyspaces.get(version.tree());
        Keyspace keyspace = name == null ? null : store.keyspace(name);
        Snapshot snapshot = keyspace == null ? null : keyspace.snapshotNamed(commit.name());
        if (snapshot == null) {
            return "commit " + commit.name() + ": no keyspace leads to its snapshot";
        }
        byte[] expected = lister.list(commit);
        byte[] found = lines(snapshot);
        lines.addAndGet(count(expected));
        int at = Arrays.mismatch(expected, found);
        return at < 0
                ? null
                : "commit " + name + "@" + commit.name() + ": line " + (count(Arrays.copyOf(expected, at)) + 1)
                        + " of git is \"" + lineAt(expected, at) + "\", of the store \"" + lineAt(found, at) + "\"";
    }

    /** All records as git prints them. */
    static byte[] lines(Reader reader) throws IOException {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        try (Cursor cursor = reader.scan(KeyRange.all(), ScanOption.NO_CACHE_FILL)) {
            while (cursor.next()) {
                GitFormat.write(cursor.key(), cursor.value(), false, lines);
            }
        }
        return lines.toByteArray();
    }

    private static int count(byte[] lines) {
        int count = 0;
        for (byte b : lines) {
            count += b == '\n' ? 1 : 0;
        }
        return count;
    }

    private static String lineAt(byte[] lines, int at) {
        int from = Math.min(at, lines.length);
        while (from > 0 && lines[from - 1] != '\n') {
            from--;
        }
        int to = from;
        while (to < lines.length && lines[to] != '\n') {
            to++;
        }
        return new String(lines, from, to - from, StandardCharsets.US_ASCII);
    }
}
