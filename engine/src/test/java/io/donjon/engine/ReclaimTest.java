package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Cursor;
import io.donjon.DroppedException;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.View;
import io.donjon.extents.Environment;
import io.donjon.extents.sim.PowerCuts;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Versions that nobody can read leave the line, once nothing names them; what users hold of them says so for ever. */
class ReclaimTest extends ByHand {
    /** Merges the arrays of these ages, counted from the newest, 0. */
    private static void merge(StoreHandle store, int... which) {
        Merges merges = store.engine().background().merges();
        assertTrue(merges.mergeOne(
                (arrays, busy) -> Arrays.stream(which).mapToObj(arrays::get).toList()));
    }

    private static void sweep(StoreHandle store) {
        assertTrue(store.engine().background().reclaim().sweep());
    }

    /** All versions on the line, by name, or id where there is none. */
    private static List<String> line(StoreHandle store) {
        try (Stream<Version> versions = store.versions(VersionQuery.all())) {
            return versions.map(version -> version.name() == null ? "v" + version.id() : version.name())
                    .toList();
        }
    }

    /** What the manifest says alone: the process dies, and all that was not stable is lost. */
    private List<String> lineAfterPowerCut() {
        List<String> found = new ArrayList<>();
        live(Survival.ALL_LOST, store -> found.addAll(line(store)));
        return found;
    }

    // ---- what leaves ----

    @Test
    void whatNobodyCanReadLeavesAndIsGoneAfterReopening() {
        List<String> expected = List.of("v1", "c", "k");
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            Snapshot s = k.snapshot("s");
            Snapshot t = k.snapshot("t");
            Keyspace c = t.cloneAs("c");
            s.drop();
            t.drop();
            flush(store);
            assertEquals(4, store.stats().versions());
            sweep(store);
            // The first of a tree stays as long as there are others of it, and is the parent of those without one.
            assertEquals(expected, line(store));
            assertEquals(3, store.stats().versions());
            assertEquals(1, c.version().parent());
            assertEquals(1, k.version().parent());
            assertNull(store.version(2));
        });
        assertEquals(expected, lineAfterPowerCut());
        live(Survival.ALL_KEPT, store -> {
            assertEquals(1, keyspace(store, "c").version().parent());
            keyspace(store, "c").drop();
            keyspace(store, "k").drop();
            flush(store);
            sweep(store);
            assertEquals(List.of(), line(store));
            assertEquals("k", store.createKeyspace("k").version().tree());
            store.close();
        });
        assertEquals(List.of("k"), lineAfterPowerCut());
    }

    @Test
    void aSweepComesByItselfWhenThereIsEnoughToSweep() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            for (int round = 0; round < 10; round++) {
                for (int i = 0; i < 50; i++) {
                    k.snapshot("s" + i).drop();
                }
                flush(store);
                store.engine().environment().pause(3_000_000_000L);
            }
            assertTrue(store.stats().versions() < 60, store.stats().versions() + " versions");
            // Their places served again and again.
            int numbers = store.engine().catalog().forest().line().numbers();
            assertTrue(numbers < 200, numbers + " places");
        });
    }

    /** With the power cut at every change of the disks what is there is one state or the other, and the tree keeps its name. */
    @Test
    void aCutAnywhereLeavesEitherStateAndTheNamesOfTrees() {
        PowerCuts.everywhere(1, cut -> {
            cut.run(() -> {
                StoreHandle store = sim.open(cut);
                Keyspace k = store.createKeyspace("k").with(Durability.SYNC);
                put(k, "a", "1");
                Keyspace other = k.snapshot("s").cloneAs("c");
                put(other, "a", "2");
                flush(store);
                merge(store, 0);
                snapshot(store, "k", "s").drop();
                k.drop();
                other.drop();
                // The tree is still there.
                Keyspace again = store.createKeyspace("k").with(Durability.SYNC);
                put(again, "a", "3");
                flush(store);
                store.clean().result();
                sweep(store);
                Keyspace third = store.createKeyspace("third").with(Durability.SYNC);
                put(third, "a", "4");
                again.snapshot("t");
            });
            for (Survival survival : List.of(Survival.ALL_LOST, Survival.ALL_KEPT)) {
                SimWorld after = cut.reboot(survival);
                assertTrue(after.run(() -> {
                    StoreHandle store = sim.open(after);
                    Keyspace third = store.keyspace("third");
                    if (third != null) {
                        assertTrue(Objects.equals("4", text(third)) || text(third) == null);
                        // At most an end of a band is left of what was dropped before.
                        assertTrue(line(store).size() <= 4, line(store).toString());
                    }
                    Keyspace k = store.keyspace("k");
                    if (k != null && k.version().id() > 3) {
                        assertTrue(Objects.equals("3", text(k)) || text(k) == null);
                        assertEquals("k~4", k.version().tree());
                    }
                    assertEquals(List.of(), store.verify().result().problems());
                }));
            }
        });
    }

    private static @Nullable String text(Reader reader) {
        byte[] value = reader.get(bytes("a"));
        return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }

    // ---- what keeps a place on the line ----

    /** A clone of s stands behind k's first version, then the head: the clone's head is dropped, and k's is written to. */
    @Test
    void aBufferKeepsThePlacesOfItsMarkers() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            Snapshot s = k.snapshot("s");
            Keyspace c = s.cloneAs("c");
            Keyspace b = s.cloneAs("b");
            c.drop();
            flush(store);
            // Ends at the place of c.
            put(b, "a", "1");
            sweep(store);
            assertEquals(List.of("s", "b", "v3", "k"), line(store));
            assertHolds(null, k, "a");
            assertHolds("1", b, "a");
            flush(store);
            sweep(store);
            assertEquals(List.of("s", "b", "v3", "k"), line(store));
            assertHolds(null, k, "a");
            assertHolds("1", b, "a");
        });
        live(Survival.ALL_KEPT, store -> {
            assertHolds(null, keyspace(store, "k"), "a");
            assertHolds("1", keyspace(store, "b"), "a");
        });
    }

    /** Once c has left a write to b must end at k, which an earlier look at the line has not seen. */
    @Test
    void aWriteEndsAtThePlaceThatFollowsNow() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "b", "0");
            Snapshot s = k.snapshot("s");
            Keyspace c = s.cloneAs("c");
            Keyspace b = s.cloneAs("b");
            put(b, "b", "0");
            c.drop();
            flush(store);
            merge(store, 0);
            sweep(store);
            assertEquals(List.of("s", "b", "k"), line(store));
            put(b, "a", "1");
            // Takes the place that c had.
            Keyspace d = store.createKeyspace("d");
            put(d, "a", "2");
            assertHolds(null, k, "a");
            assertHolds("1", b, "a");
            flush(store);
            assertHolds(null, k, "a");
            assertHolds("2", d, "a");
        });
        live(Survival.ALL_KEPT, store -> {
            assertHolds(null, keyspace(store, "k"), "a");
            assertHolds("1", keyspace(store, "b"), "a");
        });
    }

    /** The band of an array ends at a version that nobody can read, and at which it has no breakpoint. */
    @Test
    void theEndsOfBandsKeepTheirPlaces() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace old = store.createKeyspace("old");
            Keyspace k = store.createKeyspace("k");
            old.drop();
            flush(store);
            put(k, "a", "1");
            flush(store);
            sweep(store);
            assertEquals(List.of("k", "v1"), line(store));
            assertHolds("1", k, "a");
        });
        live(Survival.ALL_KEPT, store -> assertHolds("1", keyspace(store, "k"), "a"));
    }

    @Test
    void nothingLeavesBeforeItsDropIsInTheManifestsLine() {
        live(Survival.ALL_LOST, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "a", "1");
            k.snapshot("s");
            flush(store);
            Keyspace c = snapshot(store, "k", "s").cloneAs("c");
            flush(store);
            c.drop();
            sweep(store);
            assertEquals(List.of("s", "v3", "k"), line(store));
        });
        // The drop was lost with the log.
        live(Survival.ALL_KEPT, store -> assertHolds("1", keyspace(store, "c"), "a"));
    }

    /** A merge that began when a version could be read will name it. */
    @Test
    void aMergeUnderWayKeepsThePlacesThatItPlannedWith() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            for (int i = 0; i < 4000; i++) {
                put(k, "key " + i, "x".repeat(100));
            }
            Snapshot s = k.snapshot("s");
            // What is written before it is born belongs to t only by the merge: its place stands in no table yet.
            Snapshot t = k.snapshot("t");
            put(k, "key 5", "y");
            s.drop();
            flush(store);
            Merges merges = store.engine().background().merges();
            Environment environment = store.engine().environment();
            Environment.Worker merging = environment.start("merging", () -> merge(store, 0));
            while (merges.running() == 0) {
                environment.pause(1_000);
            }
            t.drop();
            flush(store);
            assertEquals(1, merges.running(), "the merge has ended, and nothing is known");
            long ticket = store.engine().background().reclaim().ask();
            boolean doneBefore = false;
            while (merges.running() == 1) {
                environment.pause(1_000);
                doneBefore |= merges.running() == 1
                        && store.engine().background().reclaim().isDone(ticket);
            }
            assertFalse(doneBefore);
            merging.join();
            sweep(store);
            assertHolds("y", k, "key 5");
            assertHolds("x".repeat(100), k, "key 7");
            assertEquals(List.of(), store.verify().result().problems());
        });
        live(Survival.ALL_KEPT, store -> {
            assertHolds("y", keyspace(store, "k"), "key 5");
            assertHolds("x".repeat(100), keyspace(store, "k"), "key 7");
        });
    }

    @Test
    void aCallUnderWayKeepsThePlaceOfItsVersion() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            // The band begins at a version that stays.
            put(k, "c", "0");
            k.snapshot("first");
            put(k, "a", "1");
            Snapshot s = k.snapshot("s");
            put(k, "a", "2");
            Reclaim reclaim = store.engine().background().reclaim();
            long[] ticket = new long[1];
            s.getAll(List.of(bytes("a"), bytes("b"), bytes("a")), (key, value) -> {
                if (key[0] == 'b') {
                    s.drop();
                    flush(store);
                    merge(store, 0);
                    ticket[0] = reclaim.ask();
                    store.engine().environment().pause(3_000_000_000L);
                    assertFalse(reclaim.isDone(ticket[0]));
                    store.createKeyspace("other");
                } else {
                    assertEquals('1', Objects.requireNonNull(value).get(0));
                }
            });
            while (!reclaim.isDone(ticket[0])) {
                store.engine().environment().pause(1_000_000);
            }
            // The array that the call still had to read is gone now, too.
            sweep(store);
            assertEquals(List.of("other", "first", "k"), line(store));
        });
    }

    @Test
    void anOpenCursorKeepsWhatItReads() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "c", "0");
            k.snapshot("first");
            put(k, "a", "1");
            put(k, "b", "1");
            Snapshot s = k.snapshot("s");
            put(k, "a", "2");
            Snapshot t = k.snapshot("t");
            Cursor cursor = s.scan(KeyRange.all());
            Cursor ofHead = k.scan(KeyRange.all());
            assertTrue(cursor.next());
            s.drop();
            t.drop();
            flush(store);
            merge(store, 0);
            sweep(store);
            assertTrue(line(store).contains("v2"));
            assertTrue(cursor.next());
            assertEquals("1", new String(cursor.valueBytes(), StandardCharsets.UTF_8));
            assertTrue(cursor.next());
            assertFalse(cursor.next());
            assertTrue(ofHead.next());
            assertEquals("2", new String(ofHead.valueBytes(), StandardCharsets.UTF_8));
            cursor.close();
            ofHead.close();
            merge(store, 0);
            sweep(store);
            assertEquals(List.of("first", "k"), line(store));
        });
    }

    // ---- what users hold ----

    /** The places of what was dropped are other versions' by now: nobody may take the one for the other. */
    @Test
    void handlesOfWhatHasLeftNeverMeanAnotherVersion() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            Keyspace same = keyspace(store, "k");
            List<Snapshot> snapshots = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                snapshots.add(k.snapshot("s" + i));
            }
            Keyspace clone = snapshots.get(3).cloneAs("clone");
            View view = k.view();
            Keyspace gone = store.createKeyspace("gone");
            gone.drop();
            snapshots.forEach(Snapshot::drop);
            flush(store);
            sweep(store);
            int numbers = store.engine().catalog().forest().line().numbers();
            for (int i = 0; i < 10; i++) {
                store.createKeyspace("new" + i).snapshot("of new");
            }
            assertEquals(numbers, store.engine().catalog().forest().line().numbers(), "places are given out again");
            for (Snapshot snapshot : snapshots) {
                assertThrows(DroppedException.class, () -> snapshot.get(bytes("a")));
                assertThrows(DroppedException.class, snapshot::version);
                assertThrows(DroppedException.class, snapshot::drop);
                assertThrows(DroppedException.class, () -> snapshot.rename("x"));
                assertThrows(DroppedException.class, () -> snapshot.cloneAs("x"));
                assertThrows(DroppedException.class, () -> k.rollback(snapshot));
                assertThrows(DroppedException.class, () -> snapshot.scan(KeyRange.all()));
                assertTrue(snapshot.toString().contains("version"));
                assertEquals(snapshot, snapshot);
                assertNotEquals(snapshot, snapshot(store, "new1", "of new"));
            }
            assertThrows(DroppedException.class, () -> gone.put(bytes("a"), bytes("b")));
            assertThrows(DroppedException.class, gone::drop);
            assertThrows(DroppedException.class, () -> gone.get(bytes("a")));
            assertThrows(DroppedException.class, gone::name);
            assertFalse(gone.equals(keyspace(store, "new1")));
            assertTrue(gone.toString().contains("keyspace"), gone.toString());
            // Those of what is there find it, however long they were not used.
            put(same, "a", "1");
            assertEquals(k, same);
            assertHolds("1", k, "a");
            assertHolds(null, view, "a");
            assertHolds(null, clone, "a");
            view.close();
        });
    }

    @Test
    void aListingGoesOnWhereWhatItStoodOnHasLeft() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            List<Snapshot> snapshots = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                snapshots.add(k.snapshot("s" + i));
            }
            try (Stream<Version> all = store.versions(VersionQuery.all());
                    Stream<Version> inTree = store.versions(VersionQuery.all().tree("k"))) {
                Iterator<Version> one = all.iterator();
                Iterator<Version> other = inTree.iterator();
                for (int i = 0; i < 10; i++) {
                    assertEquals("s" + i, one.next().name());
                    assertEquals("s" + i, other.next().name());
                }
                snapshots.subList(5, 20).forEach(Snapshot::drop);
                flush(store);
                sweep(store);
                store.createKeyspace("elsewhere").snapshot("there");
                // What an iterator has looked ahead at is shown still.
                List<String> left = new ArrayList<>();
                one.forEachRemaining(version -> left.add(String.valueOf(version.name())));
                List<String> leftInTree = new ArrayList<>();
                other.forEachRemaining(version -> leftInTree.add(String.valueOf(version.name())));
                List<String> expected = new ArrayList<>();
                for (int i = 20; i < 30; i++) {
                    expected.add("s" + i);
                }
                expected.add("k");
                assertEquals(expected, left);
                assertEquals(expected, leftInTree);
            }
        });
    }
}
