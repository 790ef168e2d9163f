package io.donjon.perf.compare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What is done to versions: which is made when and of which, and which key is written to which. All of it is known before
 * an engine runs, so that every engine gets the same and what it answers can be checked.
 *
 * <p>Versions are numbered in the order in which they are made; only one that has no child is written to. Operations are
 * writes, numbered in order; the value that an operation writes follows from its number.
 */
final class History {
    /** A share of the base is changed in each version of a chain, star or forest: 1 %. */
    private static final int CHANGED_SHARE = 100;

    private static final int HOT_KEYS = 10;
    private static final int NONE = -1;

    /** How many keys there are: 0 to this, without gaps, though not in every version. */
    final int keys;
    /** Which operations may serve as a pick of a key that is nothing special: those before this one. */
    final int plainOperations;
    /** Keys that are written in every version, ascending; none in most histories. */
    final List<Integer> hotKeys;
    /** After how many operations there is something to measure, ascending; the last is after all. */
    final List<Integer> points;

    private final int[] parents;
    private final int[] bornAt;
    /** Place and number of descendants, itself included, in a pre-order of all versions that are ever made. */
    private final int[] place;

    private final int[] family;
    /** The version at each place. */
    private final int[] versionAt;

    private final int[] keyOf;
    private final int[] versionOf;
    /** The operation before this one that wrote the same key, and the last of each key. */
    private final int[] previous;

    private final int[] last;
    /** Operations that were the first to write their key to their version. */
    private final BitSet firsts = new BitSet();
    /** What {@link #live} has counted, by operations. */
    private final Map<Integer, int[]> live = new HashMap<>();

    private History(Builder made) {
        keys = made.keys;
        plainOperations = made.plainOperations == 0 ? made.keyOf.size : made.plainOperations;
        hotKeys = List.copyOf(made.hotKeys);
        points = List.copyOf(made.points);
        parents = made.parents.array();
        bornAt = made.bornAt.array();
        keyOf = made.keyOf.array();
        versionOf = made.versionOf.array();
        place = new int[parents.length];
        family = new int[parents.length];
        versionAt = new int[parents.length];
        orderVersions();
        previous = new int[keyOf.length];
        last = new int[keys];
        Arrays.fill(last, NONE);
        for (int i = 0; i < keyOf.length; i++) {
            previous[i] = last[keyOf[i]];
            last[keyOf[i]] = i;
            int same = previous[i];
            while (same >= bornAt[versionOf[i]] && versionOf[same] != versionOf[i]) {
                same = previous[same];
            }
            firsts.set(i, same < bornAt[versionOf[i]]);
        }
    }

    private void orderVersions() {
        for (int version = parents.length - 1; version >= 0; version--) {
            family[version]++;
            if (parents[version] != NONE) {
                family[parents[version]] += family[version];
            }
        }
        int[] next = new int[parents.length];
        int nextTree = 0;
        for (int version = 0; version < parents.length; version++) {
            if (parents[version] == NONE) {
                place[version] = nextTree;
                nextTree += family[version];
            } else {
                place[version] = next[parents[version]];
                next[parents[version]] += family[version];
            }
            next[version] = place[version] + 1;
            versionAt[place[version]] = version;
        }
    }

    /**
     * The papers' workload: random keys to random leaves, and every so often a new version: one time of three, and while
     * there is no inner version, the child of a random leaf, else that of a random inner version.
     */
    static History paper(int records, int versions, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Builder made = new Builder(Math.max(1, records / 2));
        List<Integer> leaves = new ArrayList<>(List.of(made.version(NONE)));
        List<Integer> inner = new ArrayList<>();
        for (int i = 1; i <= versions; i++) {
            for (long end = (long) records * i / versions; made.keyOf.size < end; ) {
                made.write(random.nextInt(made.keys), leaves.get(random.nextInt(leaves.size())));
            }
            made.endOfStep(i, versions);
            if (i < versions && (inner.isEmpty() || random.nextInt(3) == 0)) {
                int at = random.nextInt(leaves.size());
                inner.add(leaves.get(at));
                leaves.set(at, made.version(leaves.get(at)));
            } else if (i < versions) {
                leaves.add(made.version(inner.get(random.nextInt(inner.size()))));
            }
        }
        return new History(made);
    }

    /** Which version the next one is made of. */
    @FunctionalInterface
    private interface Parent {
        int of(int version);
    }

    /** A base, then versions in a row, each with 1 % of the base's keys changed. */
    static History chain(int records, int versions, long seed) {
        return changes(records, versions, seed, version -> version - 1);
    }

    /** A base, then clones of it, each with 1 % of the base's keys changed. */
    static History star(int records, int versions, long seed) {
        return changes(records, versions, seed, version -> 0);
    }

    /** A base, then clones of random versions, each with 1 % of the base's keys changed. */
    static History forest(int records, int versions, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return changes(records, versions, seed, random::nextInt);
    }

    private static History changes(int records, int versions, long seed, Parent parent) {
        Builder made = base(records, seed);
        for (int i = 1; i <= versions; i++) {
            int version = made.version(parent.of(i));
            Permutation changed = new Permutation(records, Mix.mix(seed + i));
            for (int n = 0; n < Math.max(1, records / CHANGED_SHARE); n++) {
                made.write((int) changed.at(n), version);
            }
            made.endOfStep(i, versions);
        }
        return new History(made);
    }

    /** A base, then versions in a row, in each of which the same ten keys are written and no others. */
    static History hotKeys(int records, int versions, long seed) {
        Builder made = base(records, seed);
        made.plainOperations = records;
        int count = Math.min(HOT_KEYS, records);
        for (int i = 0; i < count; i++) {
            made.hotKeys.add((int) ((2L * i + 1) * records / (2L * count)));
        }
        for (int i = 1; i <= versions; i++) {
            int version = made.version(i - 1);
            made.hotKeys.forEach(key -> made.write(key, version));
            made.endOfStep(i, versions);
        }
        return new History(made);
    }

    /** Trees of one version each, written in turn, with keys that lie between each other's. */
    static History keyspaces(int records, int versions) {
        int each = Math.max(1, records / versions);
        Builder made = new Builder(each * versions);
        for (int i = 0; i < versions; i++) {
            made.version(NONE);
        }
        for (int key = 0; key < made.keys; key++) {
            made.write(key, key % versions);
        }
        made.endOfStep(1, 1);
        return new History(made);
    }

    /** One version, into which all keys are loaded in random order. */
    static History unversioned(int records, long seed) {
        return new History(base(records, seed));
    }

    /** The one version of another history's that has a tree of its own, with the same keys and nothing else. */
    History alone(int version) {
        Builder made = new Builder(keys);
        made.version(NONE);
        for (int i = 0; i < keyOf.length; i++) {
            if (versionOf[i] == version) {
                made.write(keyOf[i], 0);
            }
        }
        made.endOfStep(1, 1);
        return new History(made);
    }

    private static Builder base(int records, long seed) {
        Builder made = new Builder(records);
        int version = made.version(NONE);
        Permutation order = new Permutation(records, seed);
        for (int i = 0; i < records; i++) {
            made.write((int) order.at(i), version);
        }
        made.endOfStep(0, 0);
        return made;
    }

    /** How many versions are made in all. */
    int versions() {
        return parents.length;
    }

    int operations() {
        return keyOf.length;
    }

    /** The version that this one is made of, which is not written to from then on; -1 for none, an empty version. */
    int parent(int version) {
        return parents[version];
    }

    /** How many operations come before a version is made. */
    int bornAt(int version) {
        return bornAt[version];
    }

    int key(int operation) {
        return keyOf[operation];
    }

    int version(int operation) {
        return versionOf[operation];
    }

    /** The operation whose value is seen at a version once the first so many are done; -1 if the key is absent there. */
    int visible(int key, int version, int operations) {
        int operation = last[key];
        // What was written last wins: a version was frozen before any that descends from it was written to.
        while (operation >= operations || (operation != NONE && !descends(version, versionOf[operation]))) {
            operation = previous[operation];
        }
        return operation;
    }

    private boolean descends(int version, int from) {
        return place[version] >= place[from] && place[version] < place[from] + family[from];
    }

    /** How many different pairs of key and version the first so many operations have written. */
    int distinct(int operations) {
        return firsts.get(0, operations).cardinality();
    }

    /** How many keys each version shows once the first so many operations are done. */
    int[] live(int operations) {
        return live.computeIfAbsent(operations, this::countLive);
    }

    private int[] countLive(int operations) {
        int[] begins = new int[parents.length + 1];
        IntList writers = new IntList();
        for (int key = 0; key < keys; key++) {
            writers.size = 0;
            for (int operation = last[key]; operation != NONE; operation = previous[operation]) {
                if (operation < operations) {
                    writers.add(versionOf[operation]);
                }
            }
            mark(writers, begins);
        }
        int[] counts = new int[parents.length];
        for (int i = 1; i < begins.length; i++) {
            begins[i] += begins[i - 1];
        }
        for (int version = 0; version < counts.length; version++) {
            counts[version] = begins[place[version]];
        }
        return counts;
    }

    /** Adds one from the place of each writer to the end of its family, of those that do not descend from another. */
    private void mark(IntList writers, int[] begins) {
        for (int i = 0; i < writers.size; i++) {
            writers.items[i] = place[writers.items[i]];
        }
        Arrays.sort(writers.items, 0, writers.size);
        int end = 0;
        for (int i = 0; i < writers.size; i++) {
            int from = writers.items[i];
            if (from >= end) {
                end = from + family[versionAt[from]];
                begins[from]++;
                begins[end]--;
            }
        }
    }

    private static final class Builder {
        private final int keys;
        private int plainOperations;
        private final List<Integer> hotKeys = new ArrayList<>();
        private final List<Integer> points = new ArrayList<>();
        private final IntList parents = new IntList();
        private final IntList bornAt = new IntList();
        private final IntList keyOf = new IntList();
        private final IntList versionOf = new IntList();

        Builder(int keys) {
            this.keys = keys;
        }

        int version(int parent) {
            parents.add(parent);
            bornAt.add(keyOf.size);
            return parents.size - 1;
        }

        void write(int key, int version) {
            keyOf.add(key);
            versionOf.add(version);
        }

        /** Measures are taken after all steps, after half of them, a quarter and so on, and after the base, step 0. */
        void endOfStep(int step, int steps) {
            int halvings = Integer.numberOfLeadingZeros(step) - Integer.numberOfLeadingZeros(steps);
            if (step == 0 || steps >> halvings == step) {
                points.add(keyOf.size);
            }
        }
    }

    /** Integers that grow in number. */
    private static final class IntList {
        private int[] items = new int[16];
        private int size;

        void add(int item) {
            if (size == items.length) {
                items = Arrays.copyOf(items, 2 * size);
            }
            items[size++] = item;
        }

        int[] array() {
            return Arrays.copyOf(items, size);
        }
    }
}
