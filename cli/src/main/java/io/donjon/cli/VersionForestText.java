package io.donjon.cli;

import io.donjon.Store;
import io.donjon.Version;
import io.donjon.VersionQuery;
import java.io.IOException;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Trees of versions as text, parents above their children.
 *
 * <p>A child stands straight below its parent, so a chain is a column. Of several children the one with most below it
 * (the eldest of several such) comes last and goes on in the parent's column; the others come before it, one column further to the right, in the order
 * in which they were born. So no version stands further to the right than the logarithm of their number. What is dropped
 * is shown only where something readable is below it.
 *
 * <p>Twenty-odd bytes are kept of each version, and nothing is recursive: chains are long.
 */
final class VersionForestText {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss'Z'").withZone(ZoneOffset.UTC);
    private static final int NONE = -1;

    private final Store store;
    private final Signs signs;
    private long[] ids = new long[64];
    private int[] parents = new int[64];
    private int count;

    /** Readable versions at and below each. */
    private final int[] sizes;
    /** For each version its first child that is shown, and for each child its next sibling, the heaviest child last. */
    private final int[] firstChild;

    private final int[] nextSibling;
    private final List<Integer> roots = new ArrayList<>();

    /** What the drawing is made of. */
    enum Signs {
        UNICODE("●", "◆", "○", "│ ", "├─"),
        ASCII("*", "@", "o", "| ", "|-");

        private final String snapshot;
        private final String head;
        private final String other;
        private final String pass;
        private final String fork;

        Signs(String snapshot, String head, String other, String pass, String fork) {
            this.snapshot = snapshot;
            this.head = head;
            this.other = other;
            this.pass = pass;
            this.fork = fork;
        }
    }

    VersionForestText(Store store, VersionQuery query, Signs signs) {
        this.store = store;
        this.signs = signs;
        boolean[] readable = load(query);
        sizes = new int[count];
        firstChild = new int[count];
        nextSibling = new int[count];
        Arrays.fill(firstChild, NONE);
        Arrays.fill(nextSibling, NONE);
        for (int i = count - 1; i >= 0; i--) {
            sizes[i] += readable[i] ? 1 : 0;
            if (parents[i] != NONE) {
                sizes[parents[i]] += sizes[i];
            }
        }
        // In line order the youngest child comes first, so each goes before those that are linked already.
        for (int i = 0; i < count; i++) {
            if (sizes[i] == 0) {
                continue;
            }
            if (parents[i] == NONE) {
                roots.add(i);
            } else {
                nextSibling[i] = firstChild[parents[i]];
                firstChild[parents[i]] = i;
            }
        }
        for (int i = 0; i < count; i++) {
            heaviestLast(i);
        }
    }

    /** Reads the versions in line order and finds each one's parent; returns which are readable. */
    private boolean[] load(VersionQuery query) {
        boolean[][] readable = {new boolean[ids.length]};
        Deque<Integer> path = new ArrayDeque<>();
        try (Stream<Version> versions = store.versions(query)) {
            versions.forEach(version -> {
                if (count == ids.length) {
                    ids = Arrays.copyOf(ids, 2 * count);
                    parents = Arrays.copyOf(parents, 2 * count);
                    readable[0] = Arrays.copyOf(readable[0], 2 * count);
                }
                // In line order a version's ancestors are the path to the version before it, from the parent up.
                while (!path.isEmpty() && ids[path.peek()] != version.parent()) {
                    path.pop();
                }
                ids[count] = version.id();
                parents[count] = path.isEmpty() ? NONE : path.peek();
                readable[0][count] = version.readable() && version.kind() != Version.Kind.DROPPED;
                path.push(count++);
            });
        }
        return readable[0];
    }

    private void heaviestLast(int parent) {
        int heaviest = firstChild[parent];
        int last = heaviest;
        for (int child = heaviest; child != NONE; child = nextSibling[child]) {
            heaviest = sizes[child] > sizes[heaviest] ? child : heaviest;
            last = child;
        }
        if (heaviest == last) {
            return;
        }
        if (heaviest == firstChild[parent]) {
            firstChild[parent] = nextSibling[heaviest];
        } else {
            int before = firstChild[parent];
            while (nextSibling[before] != heaviest) {
                before = nextSibling[before];
            }
            nextSibling[before] = nextSibling[heaviest];
        }
        nextSibling[last] = heaviest;
        nextSibling[heaviest] = NONE;
    }

    /** Prints at most {@code limit} versions and says how many are left out. */
    void print(Terminal terminal, long limit) throws IOException {
        long left = limit;
        long shown = roots.stream().mapToLong(this::shownBelow).sum();
        for (int root : roots) {
            if (left == 0) {
                break;
            }
            Version version = store.version(ids[root]);
            if (version != null) {
                terminal.println((root == roots.get(0) ? "" : "\n") + "tree " + version.tree());
            }
            left = printTree(terminal, root, left);
        }
        long omitted = shown - (limit - left);
        if (omitted > 0) {
            terminal.println("... and " + omitted + " more versions (--limit)");
        }
    }

    private long shownBelow(int root) {
        long shown = 0;
        for (int i = root; i < count && (i == root || parents[i] != NONE); i++) {
            shown += sizes[i] > 0 ? 1 : 0;
        }
        return shown;
    }

    /** A version to be drawn: {@code column} columns lie open to its left, the last of which it forks from. */
    private record Pending(int version, int column, boolean fork) {}

    private long printTree(Terminal terminal, int root, long limit) throws IOException {
        long left = limit;
        Deque<Pending> pending = new ArrayDeque<>();
        pending.push(new Pending(root, 0, false));
        while (left > 0 && !pending.isEmpty()) {
            Pending next = pending.pop();
            String indent =
                    next.fork() ? signs.pass.repeat(next.column() - 1) + signs.fork : signs.pass.repeat(next.column());
            Version version = store.version(ids[next.version()]);
            terminal.println(indent + (version == null ? signs.other : describe(version)));
            left--;
            List<Pending> children = new ArrayList<>();
            for (int child = firstChild[next.version()]; child != NONE; child = nextSibling[child]) {
                boolean last = nextSibling[child] == NONE;
                children.add(new Pending(child, last ? next.column() : next.column() + 1, !last));
            }
            Collections.reverse(children);
            children.forEach(pending::push);
        }
        return left;
    }

    private String describe(Version version) {
        String born = "  " + TIME.format(version.created());
        @Nullable String name = version.name();
        return switch (version.kind()) {
            case SNAPSHOT -> signs.snapshot + " " + name + born;
            case HEAD -> signs.head + " " + name + " (keyspace)" + born;
            case VIEW -> signs.other + " (view)" + born;
            case DROPPED -> signs.other + " (dropped)" + born;
        };
    }
}
