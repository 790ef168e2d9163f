package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.ChangeCursor;
import io.donjon.CleanReport;
import io.donjon.Commit;
import io.donjon.Cursor;
import io.donjon.CursorExpiredException;
import io.donjon.DonjonException;
import io.donjon.DroppedException;
import io.donjon.Durability;
import io.donjon.ImportRefusedException;
import io.donjon.Job;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.NameTakenException;
import io.donjon.Reader;
import io.donjon.ScanOption;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.VersionSpace;
import io.donjon.View;
import io.donjon.WriteBatch;
import io.donjon.extents.StorageException;
import io.donjon.extents.sim.Steps;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Does random operations of the whole public API to a store and to the oracle, and compares. It remembers what was
 * acknowledged, what of it must survive anything, and what was under way, so that the state after a crash can be judged.
 */
final class Machine {
    private static final int KEYSPACES_MAX = 6;

    /** Kinds of steps, the frequent ones several times. */
    static final int KINDS = 44;

    static final int CLEAN = 38;

    private static final List<String> BATCH_METHODS = List.of("put", "delete", "putIfAbsent", "replace", "deleteIf");

    private final Steps steps;

    /** The dice of the present step. */
    private SplittableRandom random;

    private final int keyCount;
    private final int valueBytesMax;

    /** Acknowledged operations in order; those before {@link #durable} survive anything. */
    private final List<Model.Op> acknowledged = new ArrayList<>();

    private int durable;

    /** Begun and not acknowledged. */
    private Model.@Nullable Op underWay;

    /** Operations that failed since the last one that was written: a crash may find one of them. */
    private final List<Model.Op> failed = new ArrayList<>();

    /** Whether operations may fail. */
    private boolean hampered;

    private Model model = new Model();
    private int names;
    private @Nullable Store store;
    private @Nullable Engine engine;
    private final Set<String> events = new TreeSet<>();
    private final List<OpenView> views = new ArrayList<>();
    private final List<OpenCursor> cursors = new ArrayList<>();
    private final List<OpenDiff> diffs = new ArrayList<>();

    /** What was exported last, which outlives the store. */
    private @Nullable Exported exported;

    /** A snapshot as a stream. */
    private record Sent(
            String name, UUID identity, NavigableMap<byte[], byte[]> content, ByteArrayOutputStream stream) {}

    /**
     * All of a snapshot, and what another one of its tree has changed since.
     *
     * @param increment null if the tree had no other
     */
    private record Exported(Sent full, @Nullable Sent increment) {}

    private record OpenView(View view, NavigableMap<byte[], byte[]> content) {}

    /** A cursor over content that may have changed since: it must not notice. */
    private static final class OpenCursor {
        final Cursor cursor;
        final NavigableMap<byte[], byte[]> ahead;
        final boolean mayExpire;

        /** It stays among the others, so that what is done next does not depend on it. */
        boolean hasExpired;

        /** {@code ahead} is what the cursor has still to show, in its direction. */
        OpenCursor(Cursor cursor, NavigableMap<byte[], byte[]> ahead, boolean mayExpire) {
            this.cursor = cursor;
            this.ahead = ahead;
            this.mayExpire = mayExpire;
        }
    }

    /** A diff of what may have changed since: it must not notice. */
    private static final class OpenDiff {
        final ChangeCursor cursor;
        final Deque<Changes.Change> ahead;
        final boolean mayExpire;
        boolean hasExpired;

        OpenDiff(ChangeCursor cursor, Deque<Changes.Change> ahead, boolean mayExpire) {
            this.cursor = cursor;
            this.ahead = ahead;
            this.mayExpire = mayExpire;
        }
    }

    Machine(long seed) {
        this(seed, Steps.all(seed));
    }

    /** Does these steps; the sizes of keys and values follow from the seed. */
    Machine(long seed, Steps steps) {
        this.steps = steps;
        this.random = new SplittableRandom(seed);
        this.keyCount = new int[] {3, 12, 60}[random.nextInt(3)];
        this.valueBytesMax = new int[] {4, 40, 3000}[random.nextInt(3)];
    }

    /** Another machine that knows the same history and goes on by itself, with a seed of its own. */
    Machine fork(long seed) {
        Machine fork = new Machine(seed);
        fork.acknowledged.addAll(acknowledged);
        fork.durable = durable;
        fork.underWay = underWay;
        fork.failed.addAll(failed);
        fork.names = names;
        fork.exported = exported;
        return fork;
    }

    /** What happened on the way that a test may want to have seen. */
    Set<String> events() {
        return events;
    }

    // ---- crashes ----

    /** Begins on an open store; everything that was open before is gone. */
    void attach(StoreHandle opened) {
        attach(opened, opened);
    }

    /** The same; {@code face} is what the public API is called on. */
    void attach(StoreHandle opened, Store face) {
        store = face;
        engine = opened.engine();
        views.clear();
        cursors.clear();
        diffs.clear();
    }

    /** Closes what is open over more than one step, as if nobody had read. */
    void closeReaders() {
        closeCursors();
        views.forEach(open -> open.view.close());
        views.clear();
    }

    private void closeCursors() {
        cursors.forEach(open -> open.cursor.close());
        cursors.clear();
        diffs.forEach(open -> open.cursor.close());
        diffs.clear();
    }

    /** Ends the store's life in an orderly way, with views open: all that was acknowledged is stable. */
    void close() {
        if (!views.isEmpty()) {
            views.remove(0).view.close();
        }
        store().close();
        durable = acknowledged.size();
    }

    private Store store() {
        return Objects.requireNonNull(store);
    }

    private Engine engine() {
        return Objects.requireNonNull(engine);
    }

    /**
     * Judges what a store holds after a crash: all that had to survive, and of the rest a prefix.
     *
     * @param everything whether all acknowledged operations had to survive
     */
    void judge(StoreHandle opened, boolean everything) {
        Map<String, NavigableMap<byte[], byte[]>> found = Dump.of(opened);
        int told = acknowledged.size();
        if (underWay != null) {
            acknowledged.add(underWay);
        }
        int least = everything ? acknowledged.size() - (underWay == null ? 0 : 1) : durable;
        underWay = null;
        Model candidate = new Model();
        String first = "";
        for (int count = 0; count <= acknowledged.size(); count++) {
            if (count >= least) {
                String difference = Dump.difference(candidate.everything(), found);
                if (difference.isEmpty()) {
                    model = candidate;
                    acknowledged.subList(count, acknowledged.size()).clear();
                    // What was recovered is on stable storage from now on.
                    durable = count;
                    failed.clear();
                    attach(opened);
                    return;
                }
                first = first.isEmpty() ? difference : first;
                if (count == told && takeFailed(told, found)) {
                    durable = acknowledged.size();
                    failed.clear();
                    attach(opened);
                    return;
                }
            }
            if (count < acknowledged.size()) {
                acknowledged.get(count).apply(candidate);
            }
        }
        throw new AssertionError("no state from operation " + least + " to " + acknowledged.size()
                + " is what was recovered; against the first: " + first);
    }

    /** Whether what was found is the last state and one of the operations that failed; if so, it has happened. */
    private boolean takeFailed(int told, Map<String, NavigableMap<byte[], byte[]>> found) {
        for (Model.Op op : failed) {
            Model candidate = new Model();
            acknowledged.subList(0, told).forEach(before -> before.apply(candidate));
            op.apply(candidate);
            if (Dump.difference(candidate.everything(), found).isEmpty()) {
                model = candidate;
                acknowledged.subList(told, acknowledged.size()).clear();
                acknowledged.add(op);
                return true;
            }
        }
        return false;
    }

    /** Compares everything, when nothing has gone wrong. */
    void assertEverything() {
        assertEquals("", Dump.difference(model.everything(), Dump.of(store())));
    }

    // ---- one random step ----

    void step() {
        step(random -> act(random.nextInt(KINDS)));
    }

    /** One step of a kind from 0 to {@link #KINDS} - 1. */
    void step(int kind) {
        step(random -> act(kind));
    }

    private void step(Consumer<SplittableRandom> action) {
        SplittableRandom dice = steps.next();
        if (dice != null) {
            random = dice;
            action.accept(dice);
        }
    }

    private void act(int kind) {
        if (model.heads.isEmpty()) {
            createKeyspace();
            return;
        }
        switch (kind) {
            case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 -> put();
            case 10, 11 -> delete();
            case 12, 13, 14 -> batch();
            case 15, 16 -> conditional();
            case 17, 18, 19 -> snapshot();
            case 20 -> cloneSnapshot();
            case 21 -> createKeyspace();
            case 22 -> rollback();
            case 23 -> rename();
            case 24 -> drop();
            case 25 -> views();
            case 26, 27 -> openCursor();
            case 28, 29, 30 -> moveCursors();
            case 31 -> {
                steps.say("seal the buffer");
                engine().commits().sealNow();
            }
            case 32 -> merge();
            case 33 -> sync();
            case 34 -> list();
            case 35 -> {
                if (!hampered) {
                    errors();
                }
            }
            case 36 -> checkDiff();
            case 37 -> openDiff();
            case CLEAN -> clean();
            case 39 -> {
                steps.say("let dropped versions leave");
                engine().background().reclaim().ask();
            }
            case 40 -> exportSnapshots();
            case 41 -> importSnapshots();
            default -> checkSomething();
        }
    }

    /**
     * A step that may fail in such ways, which must then have had no effect.
     *
     * @return whether it did not fail
     */
    boolean stepUnless(Predicate<RuntimeException> tolerable) {
        hampered = true;
        try {
            step();
            return true;
        } catch (RuntimeException e) {
            if (!tolerable.test(e)) {
                throw e;
            }
            if (underWay == null) {
                // Perhaps a cursor was moved, and nobody knows how far it has come.
                closeCursors();
            } else {
                failed.add(underWay);
                underWay = null;
            }
            return false;
        } finally {
            hampered = false;
        }
    }

    /** Whether an operation that is done was written: only then has it taken the place in the log of those that failed. */
    private boolean changesSomething(Model.Op op) {
        Model before = new Model();
        Model after = new Model();
        acknowledged.forEach(done -> done.apply(before));
        acknowledged.forEach(done -> done.apply(after));
        op.apply(after);
        return !Dump.difference(before.everything(), after.everything()).isEmpty();
    }

    private void doing(Model.Op op, Durability durability, Runnable action) {
        underWay = op;
        action.run();
        op.apply(model);
        if (!failed.isEmpty() && changesSomething(op)) {
            failed.clear();
        }
        acknowledged.add(op);
        underWay = null;
        if (durability == Durability.SYNC) {
            durable = acknowledged.size();
        }
    }

    private Durability durability() {
        return random.nextInt(4) == 0 ? Durability.ASYNC : Durability.SYNC;
    }

    // ---- choosing ----

    private String keyspaceName() {
        List<String> all = new ArrayList<>(model.heads.keySet());
        return all.get(random.nextInt(all.size()));
    }

    private Keyspace keyspace(String name) {
        return Objects.requireNonNull(store().keyspace(name), name);
    }

    /** Trees that have snapshots. */
    private List<String[]> allSnapshots() {
        List<String[]> all = new ArrayList<>();
        model.snapshots.forEach((tree, named) -> named.keySet().forEach(name -> all.add(new String[] {tree, name})));
        return all;
    }

    private String @Nullable [] anySnapshot() {
        List<String[]> all = allSnapshots();
        return all.isEmpty() ? null : all.get(random.nextInt(all.size()));
    }

    private Snapshot snapshot(String tree, String name) {
        try (Stream<Version> found = store().versions(VersionQuery.all()
                .tree(tree)
                .kind(Version.Kind.SNAPSHOT)
                .namePrefix(name))) {
            Version version = found.filter(candidate -> name.equals(candidate.name()))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no snapshot " + tree + "@" + name));
            return Objects.requireNonNull(store().snapshot(version.id()));
        }
    }

    private byte[] key() {
        int number = random.nextInt(keyCount);
        if (number == 0) {
            return new byte[0];
        }
        if (number == 1) {
            byte[] high = new byte[1 + random.nextInt(2)];
            Arrays.fill(high, (byte) 0xff);
            return high;
        }
        String text = number % 3 == 0 ? "shared/prefix/of/some/length/" + number : "k" + number;
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private byte[] value() {
        // Few different values: equal neighbours are the interesting case.
        int number = random.nextInt(6);
        int length = number == 0 ? 0 : 1 + random.nextInt(valueBytesMax);
        byte[] value = new byte[random.nextInt(300) == 0 ? 70_000 + length : length];
        Arrays.fill(value, (byte) ('a' + number));
        return value;
    }

    /** What a condition compares with: as often as not what is there. */
    private byte[] expected(byte @Nullable [] present) {
        return present != null && random.nextBoolean() ? present : value();
    }

    private String newName(String prefix) {
        return prefix + names++;
    }

    // ---- writes ----

    private void put() {
        put(key(), value(), durability());
    }

    /** A value of more than one piece. */
    void putLarge() {
        step(random -> {
            byte[] value = new byte[70_000];
            random.nextBytes(value);
            if (model.heads.isEmpty()) {
                createKeyspace();
            }
            put(key(), value, Durability.SYNC);
        });
    }

    private void put(byte[] key, byte[] value, Durability durability) {
        String name = keyspaceName();
        steps.say("put", name, key, value, durability);
        doing(model -> model.put(name, key, value), durability, () -> {
            Keyspace keyspace = keyspace(name).with(durability);
            if (random.nextBoolean()) {
                keyspace.put(key, value);
            } else {
                keyspace.put(ByteBuffer.wrap(key), ByteBuffer.wrap(value).asReadOnlyBuffer());
            }
        });
    }

    private void delete() {
        String name = keyspaceName();
        byte[] key = key();
        Durability durability = durability();
        steps.say("delete", name, key, durability);
        doing(
                model -> model.delete(name, key),
                durability,
                () -> keyspace(name).with(durability).delete(key));
    }

    private void conditional() {
        String name = keyspaceName();
        byte[] key = key();
        byte[] value = value();
        byte[] present = model.head(name).content.get(key);
        byte[] expected = expected(present);
        boolean matches = present != null && Arrays.equals(present, expected);
        Keyspace keyspace = keyspace(name);
        // What comes to nothing is not written, and so makes nothing before it stable.
        Durability ifAbsent = present == null ? Durability.SYNC : Durability.ASYNC;
        Durability ifEqual = matches ? Durability.SYNC : Durability.ASYNC;
        int which = random.nextInt(3);
        steps.say(List.of("putIfAbsent", "replace", "deleteIf").get(which), name, key, expected, value);
        switch (which) {
            case 0 ->
                doing(
                        model -> {
                            if (present == null) {
                                model.put(name, key, value);
                            }
                        },
                        ifAbsent,
                        () -> assertEquals(present == null, keyspace.putIfAbsent(key, value)));
            case 1 ->
                doing(
                        model -> {
                            if (matches) {
                                model.put(name, key, value);
                            }
                        },
                        ifEqual,
                        () -> assertEquals(matches, keyspace.replace(key, expected, value)));
            default ->
                doing(
                        model -> {
                            if (matches) {
                                model.delete(name, key);
                            }
                        },
                        ifEqual,
                        () -> assertEquals(matches, keyspace.deleteIf(key, expected)));
        }
    }

    /** A batch over several keyspaces, whose conditional operations see what stands before them in it. */
    private void batch() {
        WriteBatch batch = store().newBatch();
        if (random.nextInt(4) == 0) {
            batch.put(keyspace(keyspaceName()), key(), value());
            batch.clear();
        }
        boolean allOrNothing = random.nextBoolean();
        batch.allOrNothing(allOrNothing);
        Map<String, NavigableMap<byte[], byte[]>> after = new TreeMap<>();
        model.heads.forEach((name, head) -> after.put(name, Model.copy(head.content)));
        List<Model.Op> effects = new ArrayList<>();
        List<Boolean> expectedApplied = new ArrayList<>();
        for (int n = random.nextInt(8); n > 0; n--) {
            String name = keyspaceName();
            Keyspace keyspace = keyspace(name);
            byte[] key = key();
            byte[] value = value();
            byte[] present = Objects.requireNonNull(after.get(name)).get(key);
            byte[] expected = expected(present);
            boolean matches = present != null && Arrays.equals(present, expected);
            Model.Op put = model -> model.put(name, key, value);
            Model.Op delete = model -> model.delete(name, key);
            boolean applies = true;
            Model.Op effect = put;
            int index;
            int which = random.nextInt(5);
            steps.say("in a batch:", BATCH_METHODS.get(which), name, key, expected, value);
            boolean arrays = random.nextBoolean();
            ByteBuffer keyBuffer = ByteBuffer.wrap(key);
            ByteBuffer valueBuffer = ByteBuffer.wrap(value);
            ByteBuffer expectedBuffer = ByteBuffer.wrap(expected);
            switch (which) {
                case 0 ->
                    index = arrays ? batch.put(keyspace, key, value) : batch.put(keyspace, keyBuffer, valueBuffer);
                case 1 -> {
                    index = arrays ? batch.delete(keyspace, key) : batch.delete(keyspace, keyBuffer);
                    effect = delete;
                }
                case 2 -> {
                    index = arrays
                            ? batch.putIfAbsent(keyspace, key, value)
                            : batch.putIfAbsent(keyspace, keyBuffer, valueBuffer);
                    applies = present == null;
                }
                case 3 -> {
                    index = arrays
                            ? batch.replace(keyspace, key, expected, value)
                            : batch.replace(keyspace, keyBuffer, expectedBuffer, valueBuffer);
                    applies = matches;
                }
                default -> {
                    index = arrays
                            ? batch.deleteIf(keyspace, key, expected)
                            : batch.deleteIf(keyspace, keyBuffer, expectedBuffer);
                    applies = matches;
                    effect = delete;
                }
            }
            assertEquals(expectedApplied.size(), index);
            assertEquals(index + 1, batch.size());
            assertTrue(batch.bytes() > key.length);
            expectedApplied.add(applies);
            if (applies) {
                effects.add(effect);
                NavigableMap<byte[], byte[]> content = Objects.requireNonNull(after.get(name));
                if (effect == put) {
                    content.put(key, value);
                } else {
                    content.remove(key);
                }
            }
        }
        boolean none = allOrNothing && expectedApplied.contains(false);
        events.add(none ? "a batch undone" : allOrNothing && effects.size() > 1 ? "a batch as a whole" : "a batch");
        Model.Op whole = model -> {
            if (!none) {
                effects.forEach(effect -> effect.apply(model));
            }
        };
        Durability durability = durability();
        boolean writes = !none && !effects.isEmpty();
        doing(whole, writes ? durability : Durability.ASYNC, () -> {
            Commit commit = store().write(batch, durability);
            assertTrue(commit.sequence() <= store().stats().sequence());
            for (int i = 0; i < expectedApplied.size(); i++) {
                assertEquals(expectedApplied.get(i) && !none, commit.applied(i));
            }
            assertThrows(IndexOutOfBoundsException.class, () -> commit.applied(expectedApplied.size()));
        });
    }

    private void sync() {
        events.add(durable < acknowledged.size() ? "unforced writes made stable" : "nothing to make stable");
        steps.say("sync");
        if (random.nextBoolean()) {
            store().sync();
        } else {
            long sequence = store().stats().sequence();
            var future = store().whenDurable(sequence).toCompletableFuture();
            while (!future.isDone()) {
                engine().environment().pause(1_000_000);
            }
            try {
                future.join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw e;
            }
        }
        durable = acknowledged.size();
    }

    private void clean() {
        steps.say("clean");
        Job<CleanReport> job = store().clean();
        try {
            CleanReport report = job.result();
            assertTrue(report.arrays() >= 0 && job.isDone());
            try (Stream<VersionSpace> all = store().space(VersionQuery.all().readable())) {
                all.forEach(space -> assertTrue(space.exclusive() >= 0 && space.shared() >= 0, space::toString));
            }
        } catch (DonjonException e) {
            // Where merges may fail this may: it is no operation of the model.
            if (!hampered) {
                throw e;
            }
        }
    }

    private void merge() {
        try {
            engine().background().merges().mergeOne(this::chooseSome);
        } catch (StorageException e) {
            // As in the background: it is tried again, and writes elsewhere.
            if (!hampered) {
                throw e;
            }
        }
    }

    private List<ArrayRun> chooseSome(List<ArrayRun> arrays, List<List<ArrayRun>> busy) {
        if (arrays.isEmpty()) {
            return List.of();
        }
        List<ArrayRun> some = new ArrayList<>();
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
            ArrayRun array = arrays.get(random.nextInt(arrays.size()));
            if (!some.contains(array)) {
                some.add(array);
            }
        }
        MergePolicy policy = engine().background().merges().policy();
        List<ArrayRun> group = policy.closed(some, arrays);
        steps.say("merge", group.size(), "of", arrays.size(), "arrays");
        return policy.mayRun(group, busy) ? group : List.of();
    }

    // ---- versions ----

    private void createKeyspace() {
        if (model.heads.size() >= KEYSPACES_MAX) {
            return;
        }
        String name = newName("k");
        steps.say("create", name);
        doing(model -> model.createKeyspace(name), Durability.SYNC, () -> store().createKeyspace(name));
    }

    private void snapshot() {
        if (random.nextInt(5) == 0) {
            snapshotAll();
            return;
        }
        String keyspace = keyspaceName();
        String name = newName("s");
        Durability durability = durability();
        steps.say("snapshot", keyspace, "as", name, durability);
        doing(model -> model.snapshot(keyspace, name), durability, () -> {
            Snapshot taken = keyspace(keyspace).with(durability).snapshot(name);
            assertEquals(name, taken.version().name());
        });
    }

    private void snapshotAll() {
        Map<String, String> chosen = new TreeMap<>();
        for (String name : model.heads.keySet()) {
            if (random.nextBoolean()) {
                chosen.put(name, newName("s"));
            }
        }
        steps.say("snapshots", chosen);
        Durability durability = chosen.isEmpty() ? Durability.ASYNC : Durability.SYNC;
        doing(model -> chosen.forEach(model::snapshot), durability, () -> {
            Map<Keyspace, String> names = new LinkedHashMap<>();
            chosen.forEach((keyspace, name) -> names.put(keyspace(keyspace), name));
            assertEquals(chosen.size(), store().snapshotAll(names).size());
        });
    }

    private void cloneSnapshot() {
        String[] from = anySnapshot();
        if (from == null || model.heads.size() >= KEYSPACES_MAX) {
            return;
        }
        String name = newName("c");
        steps.say("clone", from[0], from[1], "as", name);
        doing(
                model -> model.cloneAs(from[0], from[1], name),
                Durability.SYNC,
                () -> snapshot(from[0], from[1]).cloneAs(name));
    }

    private void rollback() {
        String keyspace = keyspaceName();
        String tree = model.head(keyspace).tree;
        List<String> named = new ArrayList<>(
                model.snapshots.getOrDefault(tree, new TreeMap<>()).keySet());
        if (named.isEmpty()) {
            return;
        }
        String to = named.get(random.nextInt(named.size()));
        steps.say("roll back", keyspace, "to", to);
        doing(model -> model.rollback(keyspace, to), Durability.SYNC, () -> {
            Snapshot target = keyspace(keyspace).snapshotNamed(to);
            keyspace(keyspace).rollback(Objects.requireNonNull(target));
        });
    }

    private void rename() {
        String[] from = anySnapshot();
        if (from != null && random.nextBoolean()) {
            String name = newName("r");
            steps.say("rename", from[0], from[1], "to", name);
            doing(
                    model -> model.renameSnapshot(from[0], from[1], name),
                    Durability.SYNC,
                    () -> snapshot(from[0], from[1]).rename(name));
        } else {
            String keyspace = keyspaceName();
            String name = newName("r");
            steps.say("rename", keyspace, "to", name);
            doing(model -> model.renameKeyspace(keyspace, name), Durability.SYNC, () -> {
                Keyspace handle = keyspace(keyspace);
                handle.rename(name);
                assertEquals(name, handle.name());
            });
        }
    }

    private void drop() {
        String[] from = anySnapshot();
        if (from != null && random.nextInt(3) > 0) {
            Snapshot dropped = snapshot(from[0], from[1]);
            steps.say("drop", from[0], from[1]);
            doing(model -> model.dropSnapshot(from[0], from[1]), Durability.SYNC, dropped::drop);
            assertThrows(DroppedException.class, () -> dropped.get(new byte[0]));
            if (!hampered) {
                assertThrows(DroppedException.class, dropped::drop);
            }
        } else {
            String keyspace = keyspaceName();
            Keyspace handle = keyspace(keyspace);
            steps.say("drop", keyspace);
            doing(model -> model.dropKeyspace(keyspace), Durability.SYNC, handle::drop);
            if (!hampered) {
                assertThrows(DroppedException.class, () -> handle.put(new byte[0], new byte[0]));
            }
            assertThrows(DroppedException.class, handle::name);
            assertNull(store().keyspace(keyspace));
        }
    }

    // ---- snapshots as streams ----

    private void exportSnapshots() {
        String[] from = anySnapshot();
        if (from == null) {
            return;
        }
        String tree = from[0];
        List<String> others = new ArrayList<>(
                Objects.requireNonNull(model.snapshots.get(tree)).keySet());
        others.remove(from[1]);
        String other = others.isEmpty() ? null : others.get(random.nextInt(others.size()));
        steps.say("export", tree, from[1], other == null ? "alone" : "and what changed to " + other);
        Snapshot first = snapshot(tree, from[1]);
        Sent full = send(tree, first, null);
        exported = new Exported(full, other == null ? null : send(tree, snapshot(tree, other), first));
    }

    private Sent send(String tree, Snapshot snapshot, @Nullable Snapshot base) {
        String name = Objects.requireNonNull(snapshot.version().name());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            store().exportSnapshot(snapshot, base, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Sent(name, snapshot.identity(), model.snapshotOf(tree, name), out);
    }

    /** Imports what was exported last, perhaps in an earlier life, as a keyspace of its own. */
    private void importSnapshots() {
        Exported all = exported;
        if (all == null || model.heads.size() >= KEYSPACES_MAX) {
            return;
        }
        String keyspace = newName("i");
        importSnapshot(all.full, keyspace);
        Sent increment = all.increment;
        if (increment == null) {
            return;
        }
        if (!hampered && random.nextBoolean()) {
            byte[] key = key();
            byte[] value = {'z'};
            steps.say("put in between", keyspace, key, value);
            doing(
                    model -> model.put(keyspace, key, value),
                    Durability.SYNC,
                    () -> keyspace(keyspace).put(key, value));
            assertThrows(ImportRefusedException.class, () -> receive(increment, keyspace));
            steps.say("roll back", keyspace, "to", all.full.name);
            doing(
                    model -> model.rollback(keyspace, all.full.name),
                    Durability.SYNC,
                    () -> keyspace(keyspace).rollback(snapshot(keyspace, all.full.name)));
        }
        importSnapshot(increment, keyspace);
    }

    private void importSnapshot(Sent sent, String keyspace) {
        steps.say("import", sent.name, "into", keyspace);
        doing(model -> model.importSnapshot(keyspace, sent.name, sent.content), Durability.SYNC, () -> {
            Snapshot taken = receive(sent, keyspace);
            assertEquals(sent.name, taken.version().name());
            assertEquals(keyspace, taken.version().tree());
            assertEquals(sent.identity, taken.identity());
        });
        checkReader(snapshot(keyspace, sent.name), sent.content);
    }

    private Snapshot receive(Sent sent, String keyspace) {
        try {
            return store().importSnapshot(new ByteArrayInputStream(sent.stream.toByteArray()), keyspace);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void views() {
        if (views.size() < 4 && random.nextBoolean()) {
            String name = keyspaceName();
            steps.say("view", name);
            views.add(new OpenView(keyspace(name).view(), Model.copy(model.head(name).content)));
        } else if (!views.isEmpty()) {
            steps.say("read and close a view");
            OpenView closed = views.remove(random.nextInt(views.size()));
            checkReader(closed.view, closed.content);
            closed.view.close();
        }
    }

    // ---- reading ----

    private void checkSomething() {
        int what = random.nextInt(3);
        String[] snapshot = anySnapshot();
        if (what == 0 && snapshot != null) {
            steps.say("read", snapshot[0], snapshot[1]);
            checkReader(snapshot(snapshot[0], snapshot[1]), model.snapshotOf(snapshot[0], snapshot[1]));
        } else if (what == 1 && !views.isEmpty()) {
            steps.say("read a view");
            OpenView open = views.get(random.nextInt(views.size()));
            checkReader(open.view, open.content);
        } else {
            String name = keyspaceName();
            steps.say("read", name);
            assertEquals(name, keyspace(name).version().name());
            checkReader(keyspace(name), model.head(name).content);
        }
    }

    private void checkReader(Reader reader, NavigableMap<byte[], byte[]> content) {
        for (int n = 0; n < 4; n++) {
            checkKey(reader, content, key());
        }
        List<byte[]> keys = new ArrayList<>();
        for (int n = random.nextInt(6); n > 0; n--) {
            keys.add(key());
        }
        List<byte[]> answered = new ArrayList<>();
        reader.getAll(keys, (key, value) -> {
            answered.add(key);
            byte[] expected = content.get(key);
            assertEquals(expected == null ? null : ByteBuffer.wrap(expected), value);
        });
        assertEquals(keys, answered);
        checkScan(reader, content);
    }

    private static void checkKey(Reader reader, NavigableMap<byte[], byte[]> content, byte[] key) {
        byte[] expected = content.get(key);
        assertArrayEquals(expected, reader.get(key));
        assertEquals(expected != null, reader.contains(key));
        ByteBuffer into = ByteBuffer.allocate(100);
        int length = reader.get(ByteBuffer.wrap(key), into);
        if (expected == null) {
            assertEquals(-1, length);
            assertNull(reader.read(ByteBuffer.wrap(key), value -> value));
        } else {
            assertEquals(expected.length, length);
            assertEquals(expected.length <= 100 ? expected.length : 0, into.position());
            Boolean same = reader.read(ByteBuffer.wrap(key), value -> value.equals(ByteBuffer.wrap(expected)));
            assertTrue(Boolean.TRUE.equals(same));
        }
    }

    private KeyRange range() {
        return switch (random.nextInt(6)) {
            case 0 -> KeyRange.all();
            case 1 -> KeyRange.from(key()).fromInclusive(random.nextBoolean());
            case 2 -> KeyRange.to(key()).toInclusive(random.nextBoolean());
            case 3 -> {
                byte[] whole = key();
                yield KeyRange.prefix(Arrays.copyOf(whole, random.nextInt(whole.length + 1)));
            }
            default ->
                KeyRange.between(key(), key())
                        .fromInclusive(random.nextBoolean())
                        .toInclusive(random.nextBoolean());
        };
    }

    /** What of some content lies in a range. */
    private static NavigableMap<byte[], byte[]> within(NavigableMap<byte[], byte[]> content, KeyRange range) {
        NavigableMap<byte[], byte[]> inside = Model.copy(content);
        byte[] from = range.from();
        byte[] to = range.to();
        inside.keySet().removeIf(key -> {
            boolean before = from != null && Arrays.compareUnsigned(key, from) < (range.fromInclusive() ? 0 : 1);
            boolean behind = to != null && Arrays.compareUnsigned(key, to) > (range.toInclusive() ? 0 : -1);
            return before || behind;
        });
        return inside;
    }

    private void checkScan(Reader reader, NavigableMap<byte[], byte[]> content) {
        KeyRange range = range();
        boolean reverse = random.nextBoolean();
        boolean keysOnly = random.nextInt(4) == 0;
        NavigableMap<byte[], byte[]> inside = within(content, range);
        NavigableMap<byte[], byte[]> order = reverse ? inside.descendingMap() : inside;
        List<ScanOption> options = new ArrayList<>();
        if (reverse) {
            options.add(ScanOption.REVERSE);
        }
        if (keysOnly) {
            options.add(ScanOption.KEYS_ONLY);
        }
        if (random.nextBoolean()) {
            options.add(ScanOption.NO_CACHE_FILL);
        }
        try (Cursor cursor = reader.scan(range, options.toArray(ScanOption[]::new))) {
            assertThrows(IllegalStateException.class, cursor::key);
            for (Map.Entry<byte[], byte[]> entry : order.entrySet()) {
                assertTrue(cursor.next());
                assertHere(cursor, entry.getKey(), keysOnly ? new byte[0] : entry.getValue());
            }
            assertFalse(cursor.next());
            assertFalse(cursor.next());
            for (int n = 0; n < 4; n++) {
                byte[] sought = key();
                byte[] due = order.ceilingKey(sought);
                assertEquals(due != null, cursor.seek(ByteBuffer.wrap(sought)));
                if (due != null) {
                    assertHere(cursor, due, keysOnly ? new byte[0] : Objects.requireNonNull(content.get(due)));
                    byte[] next = order.higherKey(due);
                    assertEquals(next != null, cursor.next());
                    if (next != null) {
                        assertHere(cursor, next, keysOnly ? new byte[0] : Objects.requireNonNull(content.get(next)));
                    }
                }
            }
        }
    }

    private static void assertHere(Cursor cursor, byte[] key, byte[] value) {
        assertArrayEquals(key, cursor.keyBytes());
        assertEquals(ByteBuffer.wrap(key), cursor.key());
        assertArrayEquals(value, cursor.valueBytes());
        assertEquals(ByteBuffer.wrap(value), cursor.value());
    }

    /** Opens a cursor that stays open over what comes. */
    private void openCursor() {
        if (cursors.size() >= 5) {
            cursors.remove(random.nextInt(cursors.size())).cursor.close();
        }
        boolean reverse = random.nextBoolean();
        ScanOption[] options = reverse ? new ScanOption[] {ScanOption.REVERSE} : new ScanOption[0];
        String[] snapshot = anySnapshot();
        KeyRange range = range();
        boolean ofSnapshot = snapshot != null && random.nextBoolean();
        String name = keyspaceName();
        Reader reader = ofSnapshot && snapshot != null ? snapshot(snapshot[0], snapshot[1]) : keyspace(name);
        NavigableMap<byte[], byte[]> content =
                ofSnapshot && snapshot != null ? model.snapshotOf(snapshot[0], snapshot[1]) : model.head(name).content;
        steps.say("scan", ofSnapshot && snapshot != null ? snapshot[1] : name, reverse ? "backwards" : "forwards");
        NavigableMap<byte[], byte[]> inside = within(content, range);
        cursors.add(
                new OpenCursor(reader.scan(range, options), reverse ? inside.descendingMap() : inside, !ofSnapshot));
    }

    // ---- differences ----

    /** A version, and what it shows. */
    private record Content(Version version, NavigableMap<byte[], byte[]> content, boolean isHead) {}

    /** A head or a snapshot of a tree. */
    private Content anyVersion(String tree) {
        List<Content> all = new ArrayList<>();
        model.heads.forEach((name, head) -> {
            if (head.tree.equals(tree)) {
                all.add(new Content(keyspace(name).version(), head.content, true));
            }
        });
        model.snapshots
                .getOrDefault(tree, new TreeMap<>())
                .forEach((name, content) ->
                        all.add(new Content(snapshot(tree, name).version(), content, false)));
        return all.get(random.nextInt(all.size()));
    }

    private void checkDiff() {
        String tree = model.head(keyspaceName()).tree;
        Content from = anyVersion(tree);
        Content to = anyVersion(tree);
        KeyRange range = range();
        steps.say("diff", from.version, to.version, range);
        NavigableMap<byte[], byte[]> before = within(from.content, range);
        NavigableMap<byte[], byte[]> after = within(to.content, range);
        try (ChangeCursor cursor = store().diff(from.version, to.version, range)) {
            assertThrows(IllegalStateException.class, cursor::key);
            Changes.assertAhead(Changes.between(before, after), cursor);
            for (int n = 0; n < 3; n++) {
                byte[] sought = key();
                Deque<Changes.Change> ahead =
                        Changes.between(before.tailMap(sought, true), after.tailMap(sought, true));
                assertEquals(!ahead.isEmpty(), cursor.seek(ByteBuffer.wrap(sought)));
                if (!ahead.isEmpty()) {
                    ahead.removeFirst().assertHere(cursor);
                    Changes.assertAhead(ahead, cursor);
                }
            }
        }
    }

    /** Opens a diff that stays open over what comes. */
    private void openDiff() {
        if (diffs.size() >= 3) {
            diffs.remove(random.nextInt(diffs.size())).cursor.close();
        }
        String tree = model.head(keyspaceName()).tree;
        Content from = anyVersion(tree);
        Content to = anyVersion(tree);
        KeyRange range = range();
        steps.say("open a diff", from.version, to.version, range);
        diffs.add(new OpenDiff(
                store().diff(from.version, to.version, range),
                Changes.between(within(from.content, range), within(to.content, range)),
                from.isHead || to.isHead));
    }

    private void moveDiffs() {
        for (OpenDiff open : diffs) {
            try {
                for (int n = random.nextInt(4); n > 0 && !open.hasExpired; n--) {
                    Changes.Change due = open.ahead.pollFirst();
                    assertEquals(due != null, open.cursor.next());
                    if (due != null) {
                        due.assertHere(open.cursor);
                    }
                }
            } catch (CursorExpiredException expired) {
                assertTrue(open.mayExpire, "a diff of immutable versions has expired");
                open.cursor.close();
                open.hasExpired = true;
            }
        }
    }

    private void moveCursors() {
        steps.say("move", cursors.size(), "cursors");
        moveDiffs();
        for (OpenCursor open : cursors) {
            int moves = random.nextInt(4);
            try {
                for (int n = moves; n > 0 && !open.hasExpired; n--) {
                    Map.Entry<byte[], byte[]> due = open.ahead.pollFirstEntry();
                    assertEquals(due != null, open.cursor.next());
                    if (due != null) {
                        assertHere(open.cursor, due.getKey(), due.getValue());
                    }
                }
            } catch (CursorExpiredException expired) {
                assertTrue(open.mayExpire, "a cursor of an immutable version has expired");
                open.cursor.close();
                open.hasExpired = true;
            }
        }
    }

    private void list() {
        steps.say("list");
        TreeSet<String> expected = new TreeSet<>(model.heads.keySet());
        TreeSet<String> found = new TreeSet<>();
        try (Stream<Version> versions = store().versions(VersionQuery.all().kind(Version.Kind.HEAD))) {
            versions.forEach(version -> found.add(Objects.requireNonNull(version.name())));
        }
        assertEquals(expected, found);
        assertEquals(expected.size(), store().stats().keyspaces());
        // When what was dropped leaves depends on merges.
        try (Stream<Version> versions = store().versions(VersionQuery.all().readable())) {
            versions.forEach(version -> {
                assertEquals(version, store().version(version.id()));
                assertTrue(version.parent() < version.id());
            });
        }
    }

    private void errors() {
        steps.say("errors");
        String name = keyspaceName();
        Keyspace keyspace = keyspace(name);
        assertThrows(NameTakenException.class, () -> store().createKeyspace(name));
        assertThrows(IllegalArgumentException.class, () -> store().createKeyspace("a/b"));
        assertThrows(IllegalArgumentException.class, () -> keyspace.put(new byte[65_536], new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> keyspace.get(new byte[65_536]));
        assertNull(keyspace.snapshotNamed("no such snapshot"));
        assertNull(store().keyspace("no such keyspace"));
        String[] taken = anySnapshot();
        if (taken != null) {
            if (taken[0].equals(model.head(name).tree)) {
                assertThrows(NameTakenException.class, () -> keyspace.snapshot(taken[1]));
            } else {
                Snapshot foreign = snapshot(taken[0], taken[1]);
                assertThrows(IllegalArgumentException.class, () -> keyspace.rollback(foreign));
            }
            assertThrows(
                    NameTakenException.class, () -> snapshot(taken[0], taken[1]).cloneAs(name));
        }
    }
}
