package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * The power is cut while a store is cleaned: versions are dropped, most of them with children that stay, arrays are taken
 * away whole, merged in pieces and cut along the line, and places leave the line. Whatever survives, nobody who was not
 * dropped misses anything, and another cleaning ends well.
 *
 * <p>{@code -Dclean.cuts=N} cuts at so many changes of the disk, 0 for each; {@code -Dclean.cut=N} at one.
 */
class CleanPowerCutTest {
    private static final int KEYS = 60;
    private static final int SNAPSHOTS = 30;

    private static final int CUTS = Integer.getInteger("clean.cuts", 40);
    private static final Integer CUT = Integer.getInteger("clean.cut");

    /** What every cut is followed by, besides the loss of all that was not stable. */
    private static final List<Survival> IN_TURN =
            List.of(Survival.TORN, Survival.REORDERED, Survival.NAMES_KEPT, Survival.DATA_KEPT, Survival.RANDOM);

    /** Only the cleaner merges; bands and pieces of some dozens of entries. */
    private static final SimStore SIM = new SimStore(
            1,
            1,
            new Tuning(
                    1 << 20,
                    2,
                    64 << 10,
                    64 << 20,
                    256,
                    32,
                    10,
                    0.0,
                    new Tuning.Strata(1.0, 1 << 10),
                    3 << 10,
                    1,
                    4096,
                    4096,
                    16 << 10,
                    16,
                    Codec.RAW,
                    HeapSlab::new),
            Durability.SYNC);

    /** What every version shows, by its name as {@link Dump} has it. */
    private final Map<String, NavigableMap<byte[], byte[]>> truth = new TreeMap<>();

    /** A closed store with everything that is to be dropped. */
    private SimWorld full = new SimWorld(1);

    /** A life that goes well. */
    private static SimWorld live(SimWorld world, Life life) {
        assertTrue(world.run(() -> {
            StoreHandle store = SIM.open(world);
            life.of(store);
            assertEquals(List.of(), store.verify().result().problems());
            store.close();
        }));
        return world;
    }

    private interface Life {
        void of(StoreHandle store);
    }

    // ---- the history ----

    private void fill(StoreHandle store) {
        SplittableRandom random = new SplittableRandom(1);
        Keyspace k = store.createKeyspace("k").with(Durability.ASYNC);
        NavigableMap<byte[], byte[]> content = new TreeMap<>(Model.KEY_ORDER);
        for (int s = 0; s < SNAPSHOTS; s++) {
            for (int n = 0; n < (s == 0 ? KEYS : 8); n++) {
                write(k, content, s == 0 ? n : random.nextInt(KEYS), random);
            }
            Snapshot snapshot = k.snapshot("s" + s);
            truth.put("snapshot k@s" + s, Model.copy(content));
            if (s % 8 == 3) {
                Keyspace clone = snapshot.cloneAs("c" + s).with(Durability.ASYNC);
                NavigableMap<byte[], byte[]> ofClone = Model.copy(content);
                for (int n = 0; n < 12; n++) {
                    write(clone, ofClone, random.nextInt(KEYS), random);
                }
                truth.put("keyspace c" + s + " of k", ofClone);
            }
            if (s % 6 == 5) {
                ByHand.flush(store);
            }
        }
        truth.put("keyspace k of k", content);
        Keyspace alone = store.createKeyspace("alone").with(Durability.ASYNC);
        NavigableMap<byte[], byte[]> ofAlone = new TreeMap<>(Model.KEY_ORDER);
        ByHand.flush(store);
        for (int n = 0; n < 20; n++) {
            write(alone, ofAlone, n, random);
        }
        truth.put("keyspace alone of alone", ofAlone);
        ByHand.flush(store);
    }

    private static void write(
            Keyspace keyspace, NavigableMap<byte[], byte[]> content, int number, SplittableRandom random) {
        byte[] key = ("key" + number).getBytes(StandardCharsets.US_ASCII);
        if (random.nextInt(6) == 0) {
            keyspace.delete(key);
            content.remove(key);
        } else {
            byte[] value = new byte[random.nextInt(12) == 0 ? 200 : 20];
            for (int i = 0; i < value.length; i++) {
                value[i] = (byte) ('a' + random.nextInt(26));
            }
            keyspace.put(key, value);
            content.put(key, value);
        }
    }

    /** Two of three snapshots, a clone, and a tree that has arrays of its own. */
    private static List<String> toDrop() {
        List<String> names = new ArrayList<>();
        for (int s = 0; s < SNAPSHOTS; s++) {
            if (s % 3 > 0) {
                names.add("snapshot k@s" + s);
            }
        }
        names.add("keyspace c11 of k");
        names.add("keyspace alone of alone");
        return names;
    }

    /**
     * Drops what is left of that, the first half without waiting until it is stable, and cleans the store.
     *
     * @param begun gets each name before it is dropped
     * @param done gets it once nothing may bring it back
     */
    private static void clean(StoreHandle store, Set<String> begun, Set<String> done) {
        List<String> names = toDrop();
        for (String name : names.subList(0, names.size() / 2)) {
            begun.add(name);
            drop(store, name, Durability.ASYNC);
        }
        // It must not go by what may be taken back.
        Merges merges = store.engine().background().merges();
        merges.mergeOne((arrays, busy) -> {
            List<ArrayRun> oldest = arrays.subList(Math.max(0, arrays.size() - 2), arrays.size());
            List<ArrayRun> group = merges.policy().closed(oldest, arrays);
            return group.isEmpty() || !merges.policy().mayRun(group, busy) ? List.of() : group;
        });
        store.engine().environment().pause(50_000_000);
        for (String name : names.subList(names.size() / 2, names.size())) {
            begun.add(name);
            drop(store, name, Durability.SYNC);
            done.addAll(begun);
        }
        // Arrays name what is dropped, at their ends as well.
        ByHand.flush(store);
        reclaim(store);
        store.clean().result();
        reclaim(store);
        // The line still has what the ends of bands name.
        long versions = store.stats().versions();
        assertTrue(versions < SNAPSHOTS, () -> versions + " versions are left");
    }

    private static void drop(StoreHandle store, String name, Durability durability) {
        boolean isHead = name.startsWith("keyspace");
        Keyspace head = store.keyspace(isHead ? name.split(" ", -1)[1] : "k");
        if (head != null && isHead) {
            head.with(durability).drop();
        } else if (head != null) {
            Snapshot snapshot = head.with(durability).snapshotNamed(name.substring(name.indexOf('@') + 1));
            if (snapshot != null) {
                snapshot.drop();
            }
        }
    }

    private static void reclaim(StoreHandle store) {
        Reclaim reclaim = store.engine().background().reclaim();
        long ticket = reclaim.ask();
        while (!reclaim.isDone(ticket)) {
            store.engine().environment().pause(1_000_000);
        }
    }

    // ---- cuts ----

    @Test
    void nobodyMissesAnythingAndAnotherCleaningEndsWell() {
        full = live(full, this::fill).reboot(Survival.ALL_KEPT);
        SimWorld whole = full.reboot(Survival.ALL_KEPT);
        live(whole, store -> {
            clean(store, new LinkedHashSet<>(), new LinkedHashSet<>());
            long pieces = store.engine().states().current().arrays.size();
            long bands = store.engine().states().current().arrays.stream()
                    .map(ArrayRun::from)
                    .distinct()
                    .count();
            assertTrue(bands > 1 && pieces > bands, () -> pieces + " arrays of " + bands + " bands");
            assertHolds(store, Set.copyOf(toDrop()), Set.of());
        });
        long changes = whole.power().changes();
        assertTrue(changes > 50, () -> "only " + changes + " changes of the disk");
        if (CUT != null) {
            cutAt(CUT);
            return;
        }
        SplittableRandom random = new SplittableRandom(7);
        long cuts = CUTS == 0 ? changes : CUTS;
        for (long n = 1; n <= cuts; n++) {
            cutAt(CUTS == 0 ? n : 1 + random.nextLong(changes));
        }
        System.out.printf(Locale.ROOT, "clean-power-cuts: changes=%d cuts=%d%n", changes, cuts);
    }

    private void cutAt(long cut) {
        Set<String> begun = new LinkedHashSet<>();
        Set<String> done = new LinkedHashSet<>();
        SimWorld world = full.reboot(Survival.ALL_KEPT);
        world.power().cutAtChange(cut);
        world.run(() -> {
            StoreHandle store = SIM.open(world);
            clean(store, begun, done);
            store.close();
        });
        judge(world, Survival.ALL_LOST, cut, begun, done);
        judge(world, IN_TURN.get((int) (cut % IN_TURN.size())), cut, begun, done);
    }

    private void judge(SimWorld world, Survival survival, long cut, Set<String> begun, Set<String> done) {
        try {
            live(world.reboot(survival), store -> {
                assertHolds(store, done, begun);
                clean(store, new LinkedHashSet<>(), new LinkedHashSet<>());
                assertHolds(store, Set.copyOf(toDrop()), Set.of());
            });
        } catch (AssertionError e) {
            throw new AssertionError(
                    "-Dclean.cut=" + cut + " " + survival + " after " + done + ": " + e.getMessage(), e);
        }
    }

    /** All is there but what was dropped, and perhaps what was being dropped. */
    private void assertHolds(StoreHandle store, Set<String> dropped, Set<String> perhaps) {
        Map<String, NavigableMap<byte[], byte[]>> found = Dump.of(store);
        Map<String, NavigableMap<byte[], byte[]>> expected = new TreeMap<>(truth);
        expected.keySet().removeAll(dropped);
        expected.keySet().removeIf(name -> perhaps.contains(name) && !found.containsKey(name));
        assertEquals("", Dump.difference(expected, found));
    }
}
