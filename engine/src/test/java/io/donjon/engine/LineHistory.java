package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.donjon.ChangeCursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.WriteBatch;
import io.donjon.extents.Environment.Worker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A history as sim/line.py makes them, done to a real store: versions are born and dropped while writes, seals, flushes
 * and merges go on side by side, and crashes take back what was not stable. The truth is brute force: a map for every
 * version, copied at birth and made anew, after a crash, from the log that survived.
 *
 * <p>What the simulation has and this has not: cuts and places that leave; the engine cannot do them yet.
 */
final class LineHistory {
    private static final int ROOT = 0;

    private final SplittableRandom random;
    private final int keyCount;
    private final int[] weights;

    /** So many keys of any versions are read at each check. */
    private final int readsAtOnce;

    private long reads;

    /** Records in log order; those before {@link #durable} survive anything. */
    private final List<List<Op>> log = new ArrayList<>();

    private int durable;
    private int births;
    private int values;
    private Truth truth = new Truth();

    // Of the present life.
    private @Nullable StoreHandle store;
    private final Map<String, Long> snapshotIds = new HashMap<>();
    private final List<Worker> merges = new ArrayList<>();

    /** What a record consists of. */
    private interface Op {
        void apply(Truth truth);
    }

    /** A map per readable version, copied at birth; the head of each keyspace; the line. */
    private static final class Truth {
        final Map<Integer, NavigableMap<byte[], byte[]>> content = new TreeMap<>();
        final TreeMap<String, Integer> heads = new TreeMap<>();
        final Map<Integer, String> trees = new HashMap<>();
        final List<Integer> line = new ArrayList<>(List.of(ROOT));

        void born(int version, int parent, String keyspace) {
            content.put(version, Model.copy(content.getOrDefault(parent, new TreeMap<>(Model.KEY_ORDER))));
            trees.put(version, trees.getOrDefault(parent, keyspace));
            heads.put(keyspace, version);
            line.add(line.indexOf(parent) + 1, version);
        }

        void drop(int version) {
            content.remove(version);
            heads.values().remove(version);
        }

        NavigableMap<byte[], byte[]> of(int version) {
            return Objects.requireNonNull(content.get(version));
        }

        List<Integer> snapshots() {
            return content.keySet().stream()
                    .filter(version -> !heads.containsValue(version))
                    .toList();
        }

        String describe(int version) {
            for (Map.Entry<String, Integer> head : heads.entrySet()) {
                if (head.getValue() == version) {
                    return "keyspace " + head.getKey() + " of " + trees.get(version);
                }
            }
            return "snapshot " + trees.get(version) + "@v" + version;
        }

        /** In line order. */
        Map<String, NavigableMap<byte[], byte[]>> everything() {
            Map<String, NavigableMap<byte[], byte[]>> all = new LinkedHashMap<>();
            for (int version : line) {
                if (content.containsKey(version)) {
                    all.put(describe(version), of(version));
                }
            }
            return all;
        }
    }

    LineHistory(long seed, int readsAtOnce) {
        this.readsAtOnce = readsAtOnce;
        random = new SplittableRandom(seed);
        keyCount = new int[] {2, 5, 20}[random.nextInt(3)];
        weights = new int[] {45, 6, 3, 1, 2, 8, 5, 6, 10, 3, 2, 7, 1};
        for (int i = 0; i < weights.length; i++) {
            weights[i] *= new int[] {1, 2, 4}[random.nextInt(3)];
        }
    }

    private StoreHandle store() {
        return Objects.requireNonNull(store);
    }

    /**
     * One life on a store that has just been opened: judges what is there, then goes on until its time is over.
     *
     * @param everythingKept whether the last life ended without a loss
     */
    void live(StoreHandle opened, boolean everythingKept, int steps) {
        store = opened;
        merges.clear();
        judge(everythingKept);
        for (int i = 0; i < steps; i++) {
            step();
            if (i % 10 == 9) {
                check();
            }
        }
    }

    /** Finds out how much of the log has survived: a prefix, no shorter than what was stable. */
    private void judge(boolean everythingKept) {
        Map<String, NavigableMap<byte[], byte[]>> found = Dump.of(store());
        List<String> order = order();
        Truth candidate = new Truth();
        String first = "";
        for (int count = 0; count <= log.size(); count++) {
            if (count >= (everythingKept ? log.size() : durable)) {
                Map<String, NavigableMap<byte[], byte[]>> expected = candidate.everything();
                String difference = Dump.difference(expected, found);
                if (difference.isEmpty() && !order.equals(List.copyOf(expected.keySet()))) {
                    // A rollback to what was there already changes nothing but this.
                    difference = "the order of the line: " + expected.keySet() + " expected, but " + order;
                }
                if (difference.isEmpty()) {
                    truth = candidate;
                    log.subList(count, log.size()).clear();
                    durable = count;
                    return;
                }
                first = first.isEmpty() ? difference : first;
            }
            if (count < log.size()) {
                for (Op op : log.get(count)) {
                    op.apply(candidate);
                }
            }
        }
        throw new AssertionError("no state from record " + durable + " to " + log.size() + " is what was recovered;"
                + " against the first: " + first);
    }

    /** The readable versions in line order; learns the ids of snapshots on the way. */
    private List<String> order() {
        List<String> order = new ArrayList<>();
        snapshotIds.clear();
        try (Stream<Version> versions = store().versions(VersionQuery.all().readable())) {
            versions.forEach(version -> {
                boolean head = version.kind() == Version.Kind.HEAD;
                String name = head
                        ? "keyspace " + version.name() + " of " + version.tree()
                        : "snapshot " + version.tree() + "@" + version.name();
                order.add(name);
                if (!head) {
                    snapshotIds.put(name, version.id());
                }
            });
        }
        return order;
    }

    // ---- steps ----

    private void step() {
        int all = 0;
        for (int weight : weights) {
            all += weight;
        }
        int dice = random.nextInt(all);
        int what = 0;
        while (dice >= weights[what]) {
            dice -= weights[what++];
        }
        switch (truth.heads.isEmpty() ? 3 : what) {
            case 0 -> put();
            case 1 -> snapshot();
            case 2 -> cloneSnapshot();
            case 3 -> keyspace();
            case 4 -> rollback();
            case 5 -> drop();
            case 6 -> store().engine().commits().sealNow();
            case 7 -> store().engine().environment().pause(random.nextInt(1_000_000));
            case 8 -> beginMerge();
            case 9 -> endMerge();
            case 10 -> settle();
            case 11 -> store().engine().background().reclaim().ask();
            default -> {
                store().sync();
                durable = log.size();
            }
        }
    }

    private void record(Durability durability, List<Op> ops) {
        ops.forEach(op -> op.apply(truth));
        log.add(ops);
        if (durability == Durability.SYNC) {
            durable = log.size();
        }
    }

    private Durability durability() {
        return random.nextInt(8) == 0 ? Durability.SYNC : Durability.ASYNC;
    }

    private String anyHead() {
        List<String> heads = List.copyOf(truth.heads.keySet());
        return heads.get(random.nextInt(heads.size()));
    }

    private Keyspace keyspace(String name) {
        return Objects.requireNonNull(store().keyspace(name), name);
    }

    private int head(String keyspace) {
        return Objects.requireNonNull(truth.heads.get(keyspace));
    }

    private Snapshot snapshot(int version) {
        String name = truth.describe(version);
        long id = Objects.requireNonNull(snapshotIds.get(name), name);
        return Objects.requireNonNull(store().snapshot(id), name);
    }

    /** A put or delete, or a batch of four. */
    private void put() {
        WriteBatch batch = store().newBatch();
        List<Op> ops = new ArrayList<>();
        for (int n = random.nextInt(4) == 0 ? 4 : 1; n > 0; n--) {
            String keyspace = anyHead();
            byte[] key = key();
            if (random.nextInt(10) < 7) {
                byte[] value = new byte[random.nextInt(8) == 0 ? 300 : 4];
                value[0] = (byte) (values >>> 8);
                value[1] = (byte) values++;
                batch.put(keyspace(keyspace), key, value);
                ops.add(into -> into.of(Objects.requireNonNull(into.heads.get(keyspace)))
                        .put(key, value));
            } else {
                batch.delete(keyspace(keyspace), key);
                ops.add(into -> into.of(Objects.requireNonNull(into.heads.get(keyspace)))
                        .remove(key));
            }
        }
        Durability durability = durability();
        store().write(batch, durability);
        record(durability, ops);
    }

    private byte[] key() {
        return new byte[] {(byte) random.nextInt(keyCount)};
    }

    private void snapshot() {
        String keyspace = anyHead();
        int version = head(keyspace);
        int child = ++births;
        Durability durability = durability();
        Snapshot taken = keyspace(keyspace).with(durability).snapshot("v" + version);
        record(durability, List.of(into -> into.born(child, version, keyspace)));
        snapshotIds.put(truth.describe(version), taken.version().id());
    }

    private void keyspace() {
        if (truth.heads.size() < 8) {
            int version = ++births;
            String name = "new" + version;
            store().createKeyspace(name);
            record(Durability.ASYNC, List.of(into -> into.born(version, ROOT, name)));
        }
    }

    private void cloneSnapshot() {
        List<Integer> snapshots = truth.snapshots();
        if (!snapshots.isEmpty() && truth.heads.size() < 8) {
            int parent = snapshots.get(random.nextInt(snapshots.size()));
            int version = ++births;
            String name = "clone" + version;
            snapshot(parent).cloneAs(name);
            record(Durability.ASYNC, List.of(into -> into.born(version, parent, name)));
        }
    }

    private void rollback() {
        String keyspace = anyHead();
        int head = head(keyspace);
        List<Integer> targets = truth.snapshots().stream()
                .filter(version -> Objects.equals(truth.trees.get(version), truth.trees.get(head)))
                .toList();
        if (!targets.isEmpty()) {
            int parent = targets.get(random.nextInt(targets.size()));
            int version = ++births;
            keyspace(keyspace).rollback(snapshot(parent));
            record(Durability.ASYNC, List.of(into -> into.drop(head), into -> into.born(version, parent, keyspace)));
        }
    }

    private void drop() {
        if (truth.content.size() <= 3) {
            return;
        }
        List<Integer> all = List.copyOf(truth.content.keySet());
        int version = all.get(random.nextInt(all.size()));
        if (truth.heads.containsValue(version)) {
            truth.heads.forEach((name, head) -> {
                if (head == version) {
                    keyspace(name).drop();
                }
            });
        } else {
            snapshot(version).drop();
        }
        record(Durability.ASYNC, List.of(into -> into.drop(version)));
    }

    // ---- what goes on behind ----

    /** Begins a merge of any closed group; it ends when it ends, before or after what comes. */
    private void beginMerge() {
        Merges now = store().engine().background().merges();
        SplittableRandom dice = random.split();
        merges.add(store().engine()
                .environment()
                .start(
                        "merge",
                        () -> now.mergeOne((arrays, busy) -> {
                            if (arrays.isEmpty()) {
                                return List.of();
                            }
                            List<ArrayRun> some = new ArrayList<>();
                            for (int n = 1 + dice.nextInt(3); n > 0; n--) {
                                ArrayRun array = arrays.get(dice.nextInt(arrays.size()));
                                if (!some.contains(array)) {
                                    some.add(array);
                                }
                            }
                            List<ArrayRun> group = now.policy().closed(some, arrays);
                            return now.policy().mayRun(group, busy) ? group : List.of();
                        })));
    }

    private void endMerge() {
        if (!merges.isEmpty()) {
            merges.remove(random.nextInt(merges.size())).join();
        }
    }

    private void settle() {
        ByHand.flush(store());
        durable = log.size();
    }

    // ---- checks ----

    private void check() {
        List<Integer> readable = List.copyOf(truth.content.keySet());
        for (int n = 0; n < readsAtOnce && !readable.isEmpty(); n++) {
            int version = readable.get(random.nextInt(readable.size()));
            byte[] key = key();
            assertArrayEquals(truth.of(version).get(key), reader(version).get(key), () -> truth.describe(version));
            reads++;
        }
        if (!readable.isEmpty()) {
            int version = readable.get(random.nextInt(readable.size()));
            assertEquals(Dump.text(truth.of(version)), Dump.text(Dump.of(reader(version))));
            checkDiff(version, readable);
        }
    }

    private void checkDiff(int version, List<Integer> readable) {
        List<Integer> others = readable.stream()
                .filter(other -> Objects.equals(truth.trees.get(other), truth.trees.get(version)))
                .toList();
        int other = others.get(random.nextInt(others.size()));
        try (ChangeCursor cursor = store().diff(known(version), known(other), KeyRange.all())) {
            Changes.assertAhead(Changes.between(truth.of(version), truth.of(other)), cursor);
        }
    }

    private Version known(int version) {
        Reader reader = reader(version);
        return reader instanceof Keyspace keyspace ? keyspace.version() : ((Snapshot) reader).version();
    }

    private Reader reader(int version) {
        for (Map.Entry<String, Integer> head : truth.heads.entrySet()) {
            if (head.getValue() == version) {
                return keyspace(head.getKey());
            }
        }
        return snapshot(version);
    }

    /** How many keys have been read and compared, those of whole scans and diffs not counted. */
    long reads() {
        return reads;
    }

    /** Everything that can be read is as it should be. */
    void checkAll() {
        assertEquals("", Dump.difference(truth.everything(), Dump.of(store())));
        assertEquals(List.copyOf(truth.everything().keySet()), order());
        assertEquals(List.of(), store().verify().result().problems());
    }
}
