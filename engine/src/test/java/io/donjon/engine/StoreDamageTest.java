package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Cursor;
import io.donjon.DonjonException;
import io.donjon.KeyRange;
import io.donjon.Reader;
import io.donjon.Store;
import io.donjon.VerifyReport;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.extents.StorageException;
import io.donjon.extents.sim.SimWorld;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every part of every file of a closed store is damaged in every way, and the store is opened, read from end to end and
 * verified through the public API. Every answer is right, or is an error that says where; with two copies and one
 * damaged disk there is no error at all; and what was damaged is never passed over in silence.
 *
 * <p>{@code -Ddamages=2400} tries so many, {@code -Ddamage=2x1/data/17} replays one. The parts of {@code extents} have a
 * test of their own for each file and field.
 */
class StoreDamageTest {
    private static final int TOTAL = Integer.getInteger("damages", 240);
    private static final int REAL = 24;

    /** Parts that a closed store consists of, block types and states of log segments told apart. */
    private static final int KINDS = 20;

    private static final int[][] DISKS_AND_COPIES = {{1, 1}, {2, 1}, {2, 2}, {3, 2}};

    @TempDir
    Path folder;

    /** What was asked of a damaged store, and what came of it. */
    private static final class Verdict {
        /** Errors, and then what verification says. */
        final List<String> named = new ArrayList<>();

        final List<VerifyReport.Problem> problems = new ArrayList<>();

        void failed(DonjonException e) {
            Throwable cause = e.getCause();
            if (cause != null && !(cause instanceof StorageException) && !(cause instanceof DonjonException)) {
                throw new AssertionError("an error that has no name of its own", e);
            }
            named.add(String.valueOf(e.getMessage()));
        }
    }

    private interface Opener {
        Store open() throws IOException;
    }

    /** One damage of a store; what it does follows from its name. */
    private static final class Case {
        final DamagedStore store;
        final String id;
        final DamagedStore.Part part;
        final Map<String, Map<String, byte[]>> files;
        final String what;
        final long seed;

        Case(DamagedStore store, String kind, int number) {
            this.store = store;
            this.id = store.disks + "x" + store.copies + "/" + kind + "/" + number;
            this.seed = id.hashCode();
            SplittableRandom random = new SplittableRandom(seed);
            List<DamagedStore.Part> parts = store.parts.stream()
                    .filter(part -> part.kind().equals(kind))
                    .toList();
            List<Damage> damages = List.of(Damage.values());
            DamagedStore.Part chosen;
            Map<String, Map<String, byte[]>> changed;
            String done;
            // There are 19 and at most 4 stores, so that in time each meets each.
            int turn = number + Math.floorMod(kind.hashCode(), damages.size());
            do {
                chosen = parts.get(random.nextInt(parts.size()));
                changed = store.copyOfFiles();
                Damage damage = damages.get(turn++ % damages.size());
                done = damage.on(store, chosen, changed, random);
                done = done.isEmpty() ? "" : damage + " " + done;
            } while (done.isEmpty());
            this.part = chosen;
            this.files = changed;
            this.what = id + ": " + part + " " + done;
        }

        /** Whether bytes have gone that mattered. */
        boolean isTelling() {
            if (part.isIdle()
                    || part.kind().equals("log prepared")
                    || part.kind().equals("manifest older")) {
                return false;
            }
            byte[] before = Objects.requireNonNull(
                    Objects.requireNonNull(store.files.get(part.disk())).get(part.name()));
            byte[] after = Objects.requireNonNull(files.get(part.disk())).getOrDefault(part.name(), new byte[0]);
            if (part.kind().equals("fence") && isOfThisLife(after)) {
                return false;
            }
            for (int i = part.from(); i < part.to(); i++) {
                if (before[i] != 0 && (i >= after.length || after[i] != before[i])) {
                    return true;
                }
            }
            return false;
        }

        /** A fence as it was before the store was closed for the last time, which looks as if it had not been. */
        private boolean isOfThisLife(byte[] fence) {
            byte[] now = Objects.requireNonNull(
                    Objects.requireNonNull(store.files.get(part.disk())).get("fence"));
            return store.earlier.getOrDefault(part.disk() + "/fence", List.of()).stream()
                    .anyMatch(earlier -> Arrays.equals(earlier, fence) && Arrays.equals(earlier, 48, 56, now, 48, 56));
        }

        private Verdict judge(Opener opener) throws IOException {
            Verdict verdict = new Verdict();
            Store opened;
            try {
                opened = opener.open();
            } catch (DonjonException e) {
                verdict.failed(e);
                return verdict;
            }
            try (Store closing = opened) {
                read(closing, verdict);
                try {
                    verdict.problems.addAll(closing.verify().result().problems());
                } catch (DonjonException e) {
                    verdict.failed(e);
                }
            } catch (DonjonException e) {
                verdict.failed(e);
            }
            return verdict;
        }

        private void read(Store opened, Verdict verdict) {
            SplittableRandom random = new SplittableRandom(seed);
            TreeSet<String> found = new TreeSet<>();
            List<Version> versions;
            try (var all = opened.versions(VersionQuery.all().readable())) {
                versions = all.toList();
            }
            for (Version version : versions) {
                boolean head = version.kind() == Version.Kind.HEAD;
                String name = head
                        ? "keyspace " + version.name() + " of " + version.tree()
                        : "snapshot " + version.tree() + "@" + version.name();
                found.add(name);
                NavigableMap<byte[], byte[]> expected = store.expected.get(name);
                assertTrue(expected != null, name + " has come out of nowhere");
                Reader reader = Objects.requireNonNull(
                        head ? opened.keyspace(Objects.requireNonNull(version.name())) : opened.snapshot(version.id()));
                scan(name, reader, expected, verdict);
                get(name, reader, expected, random, verdict);
            }
            assertEquals(store.expected.keySet(), found);
        }

        private static void scan(String name, Reader reader, NavigableMap<byte[], byte[]> expected, Verdict verdict) {
            try (Cursor cursor = reader.scan(KeyRange.all())) {
                for (Map.Entry<byte[], byte[]> entry : expected.entrySet()) {
                    assertTrue(cursor.next(), name);
                    assertArrayEquals(entry.getKey(), cursor.keyBytes(), name);
                    assertArrayEquals(entry.getValue(), cursor.valueBytes(), name);
                }
                assertTrue(!cursor.next(), name);
            } catch (DonjonException e) {
                verdict.failed(e);
            }
        }

        private static void get(
                String name,
                Reader reader,
                NavigableMap<byte[], byte[]> expected,
                SplittableRandom random,
                Verdict verdict) {
            List<byte[]> keys = new ArrayList<>(expected.keySet());
            keys.add("absent".getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < 12; i++) {
                byte[] key = keys.get(random.nextInt(keys.size()));
                byte @Nullable [] value;
                try {
                    value = reader.get(key);
                } catch (DonjonException e) {
                    verdict.failed(e);
                    continue;
                }
                assertArrayEquals(expected.get(key), value, name);
            }
        }

        Verdict inMemory() {
            SimWorld world = new SimWorld(seed);
            Verdict[] verdict = new Verdict[1];
            assertTrue(world.run(() -> {
                DamagedStore.write(world, files);
                verdict[0] = judge(() -> store.open(world, seed % 2 == 0));
            }));
            for (String disk : files.keySet()) {
                assertEquals(List.of(), world.disk(disk).openNames());
            }
            return verdict[0];
        }

        Verdict onDisks(Path folder) throws IOException {
            List<Path> disks = new ArrayList<>();
            for (Map.Entry<String, Map<String, byte[]>> each : files.entrySet()) {
                Path disk = Files.createDirectories(folder.resolve(each.getKey()));
                for (Map.Entry<String, byte[]> file : each.getValue().entrySet()) {
                    Files.write(disk.resolve(file.getKey()), file.getValue());
                }
                disks.add(disk);
            }
            Path[] more = disks.subList(1, disks.size()).toArray(Path[]::new);
            return judge(() -> Store.open(store.options(disks.get(0), more)));
        }

        /** Judges, beyond the answers, whether it was said what is wrong. */
        void assertSaid(Verdict verdict) {
            List<String> said = new ArrayList<>(verdict.named);
            verdict.problems.forEach(problem -> said.add(problem.place() + ": " + problem.what()));
            for (String message : said) {
                boolean disk = message.contains("/" + part.disk());
                boolean anything = message.contains("/d") || message.contains("disk ");
                assertTrue(disk || (part.isIdle() && anything), message);
            }
            if (store.copies == 2) {
                assertEquals(List.of(), verdict.named);
            }
            if (isTelling()) {
                assertTrue(!said.isEmpty(), "nobody says that anything is wrong");
            }
        }
    }

    private static List<DamagedStore> stores() throws IOException {
        List<DamagedStore> stores = new ArrayList<>();
        for (int[] shape : DISKS_AND_COPIES) {
            stores.add(new DamagedStore(shape[0], shape[1]));
        }
        return stores;
    }

    private static Set<String> kinds(List<DamagedStore> stores) {
        Set<String> kinds = new TreeSet<>();
        stores.forEach(store -> store.parts.forEach(part -> kinds.add(part.kind())));
        return kinds;
    }

    /** A damage of a kind of part, in one of the stores that have it. */
    private static Case caseOf(List<DamagedStore> stores, String kind, int number) {
        List<DamagedStore> having = stores.stream()
                .filter(store -> kinds(List.of(store)).contains(kind))
                .toList();
        return new Case(having.get(number % having.size()), kind, number);
    }

    @Test
    void everyAnswerIsRightOrAnErrorSaysWhere() throws IOException {
        List<DamagedStore> stores = stores();
        Set<String> kinds = kinds(stores);
        assertEquals(KINDS, kinds.size(), kinds.toString());
        int each = (TOTAL + KINDS - 1) / KINDS;
        int right = 0;
        int named = 0;
        List<AssertionError> failures = new ArrayList<>();
        for (String kind : kinds) {
            for (int number = 0; number < each; number++) {
                Case one = caseOf(stores, kind, number);
                String wanted = System.getProperty("damage", one.id);
                if (!wanted.equals(one.id)) {
                    continue;
                }
                try {
                    Verdict verdict = one.inMemory();
                    one.assertSaid(verdict);
                    right += verdict.named.isEmpty() ? 1 : 0;
                    named += verdict.named.isEmpty() ? 0 : 1;
                } catch (AssertionError e) {
                    failures.add(new AssertionError(one.what + ": " + e.getMessage(), e));
                }
            }
        }
        if (!failures.isEmpty()) {
            AssertionError all = new AssertionError(failures.size() + " damages: "
                    + String.join(
                            "\n", failures.stream().map(Throwable::getMessage).toList()));
            failures.forEach(all::addSuppressed);
            throw all;
        }
        System.out.println("damages: total=" + (right + named) + " kinds=" + kinds.size() + " least=" + each
                + " silent=0 hangs=0 right=" + right + " named=" + named);
    }

    @Test
    void soItIsOnRealDisks() throws IOException {
        List<DamagedStore> stores = stores();
        List<String> kinds = new ArrayList<>(kinds(stores));
        for (int number = 0; number < REAL; number++) {
            Case one = caseOf(stores, kinds.get(number % KINDS), number);
            try {
                one.assertSaid(one.onDisks(folder.resolve("damaged-" + number)));
            } catch (AssertionError e) {
                throw new AssertionError(one.what, e);
            }
        }
    }
}
