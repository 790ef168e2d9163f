package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.CorruptionException;
import io.donjon.DiskFullException;
import io.donjon.DonjonException;
import io.donjon.Durability;
import io.donjon.FormatException;
import io.donjon.ImportRefusedException;
import io.donjon.Keyspace;
import io.donjon.NameTakenException;
import io.donjon.Snapshot;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.extents.Checkpoints;
import io.donjon.extents.Checksums;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.PowerCuts;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Snapshots that leave a store as streams and come into another: whole, or not at all. */
class ImportTest {
    private static final Tuning TUNING = Tunings.of(16 << 10, 1, 256 << 10, 512, 64, 1.0, 64 << 10, Codec.RAW);

    private final SimStore sim = new SimStore(1, 1, TUNING);

    private void live(SimWorld world, Consumer<StoreHandle> life) {
        assertTrue(world.run(() -> life.accept(sim.open(world))));
    }

    private static byte[] stream(StoreHandle store, Snapshot snapshot, @Nullable Snapshot base) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            store.exportSnapshot(snapshot, base, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static Snapshot take(StoreHandle store, byte[] stream, String keyspace) {
        return take(store, new ByteArrayInputStream(stream), keyspace);
    }

    private static Snapshot take(StoreHandle store, InputStream stream, String keyspace) {
        try {
            return store.importSnapshot(stream, keyspace);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Keyspace k(StoreHandle store) {
        return Objects.requireNonNull(store.keyspace("k"));
    }

    /** A chain of snapshots as streams: all of the first, and what changed to each of the others. */
    private List<byte[]> chain(int snapshots, int keys, List<NavigableMap<byte[], byte[]>> contents, List<UUID> ids) {
        List<byte[]> streams = new ArrayList<>();
        live(new SimWorld(7), store -> {
            SplittableRandom random = new SplittableRandom(snapshots);
            Keyspace keyspace = store.createKeyspace("k").with(Durability.ASYNC);
            Snapshot last = null;
            for (int s = 0; s < snapshots; s++) {
                for (int n = 0; n < keys; n++) {
                    byte[] key = {(byte) random.nextInt(keys), 1};
                    if (random.nextInt(3) == 0) {
                        keyspace.delete(key);
                    } else {
                        byte[] value = new byte[random.nextInt(20) == 0 ? 5000 : random.nextInt(30)];
                        random.nextBytes(value);
                        keyspace.put(key, value);
                    }
                }
                Snapshot snapshot = keyspace.snapshot("s" + s);
                streams.add(stream(store, snapshot, last));
                contents.add(Dump.of(snapshot));
                ids.add(snapshot.identity());
                last = snapshot;
            }
        });
        return streams;
    }

    @Test
    void allAndIncrementsRestoreEverySnapshotWithItsNameAndIdentity() {
        List<NavigableMap<byte[], byte[]>> contents = new ArrayList<>();
        List<UUID> ids = new ArrayList<>();
        List<byte[]> streams = chain(12, 60, contents, ids);
        assertEquals(12, new HashSet<>(ids).size());
        SimWorld world = new SimWorld(8);
        live(world, store -> {
            for (int s = 0; s < streams.size(); s++) {
                Snapshot taken = take(store, streams.get(s), "copy");
                assertEquals("s" + s, taken.version().name());
                assertEquals(ids.get(s), taken.identity());
                assertEquals(s + 1, snapshots(store).size());
                Keyspace copy = Objects.requireNonNull(store.keyspace("copy"));
                assertTrue(Model.equal(contents.get(s), Dump.of(copy)));
                // Readers and what is written elsewhere do not count.
                copy.view().close();
            }
            assertEquals(
                    "copy",
                    Objects.requireNonNull(store.keyspace("copy")).version().tree());
            assertEquals(1, store.stats().keyspaces());
        });
        // After a loss of all that was not forced, and once more from the manifest alone.
        SimWorld later = world.reboot(Survival.ALL_LOST);
        for (int life = 0; life < 2; life++) {
            SimWorld here = later;
            live(here, store -> {
                Keyspace copy = Objects.requireNonNull(store.keyspace("copy"));
                for (int s = 0; s < contents.size(); s++) {
                    Snapshot found = Objects.requireNonNull(copy.snapshotNamed("s" + s));
                    assertTrue(Model.equal(contents.get(s), Dump.of(found)), "s" + s);
                    assertEquals(ids.get(s), found.identity());
                }
                assertEquals(List.of(), store.verify().result().problems());
                store.close();
            });
            later = here.reboot(Survival.ALL_KEPT);
        }
    }

    private static List<Version> snapshots(StoreHandle store) {
        try (Stream<Version> found = store.versions(VersionQuery.all().kind(Version.Kind.SNAPSHOT))) {
            return found.toList();
        }
    }

    @Test
    void aBranchIsAnIncrementOnTheSnapshotThatItBeganWith() {
        List<byte[]> streams = new ArrayList<>();
        Map<String, NavigableMap<byte[], byte[]>> contents = new TreeMap<>();
        live(new SimWorld(1), store -> {
            Keyspace keyspace = store.createKeyspace("k");
            keyspace.put(new byte[] {1}, new byte[] {1});
            Snapshot trunk = keyspace.snapshot("trunk");
            keyspace.delete(new byte[] {1});
            Snapshot left = keyspace.snapshot("left");
            Keyspace clone = trunk.cloneAs("c");
            clone.put(new byte[] {2}, new byte[] {2});
            Snapshot right = clone.snapshot("right");
            streams.addAll(
                    List.of(stream(store, trunk, null), stream(store, left, trunk), stream(store, right, trunk)));
            // Between branches too.
            streams.add(stream(store, right, left));
            List.of(trunk, left, right)
                    .forEach(each -> contents.put(String.valueOf(each.version().name()), Dump.of(each)));
        });
        live(new SimWorld(2), store -> {
            Snapshot trunk = take(store, streams.get(0), "k");
            take(store, streams.get(1), "k");
            assertThrows(ImportRefusedException.class, () -> take(store, streams.get(2), "k"));
            k(store).rollback(trunk);
            take(store, streams.get(2), "k");
            contents.forEach((name, content) -> assertTrue(
                    Model.equal(content, Dump.of(Objects.requireNonNull(k(store).snapshotNamed(name)))), name));
            Snapshot left = Objects.requireNonNull(k(store).snapshotNamed("left"));
            left.cloneAs("other");
            Objects.requireNonNull(k(store).snapshotNamed("right")).rename("right as it was");
            assertTrue(Model.equal(
                    Objects.requireNonNull(contents.get("right")), Dump.of(take(store, streams.get(3), "other"))));
        });
    }

    @Test
    void whatDoesNotFitIsRefusedAndNothingHasChanged() {
        List<byte[]> streams = chain(3, 10, new ArrayList<>(), new ArrayList<>());
        live(new SimWorld(3), store -> {
            assertRefused(store, ImportRefusedException.class, streams.get(1), "k");
            take(store, streams.get(0), "k");
            assertRefused(store, ImportRefusedException.class, streams.get(0), "k");
            assertRefused(store, ImportRefusedException.class, streams.get(2), "k");
            assertRefused(store, IllegalArgumentException.class, streams.get(0), "@k");
            Keyspace stranger = store.createKeyspace("stranger");
            assertRefused(store, ImportRefusedException.class, streams.get(1), "stranger");
            stranger.drop();
            k(store).put(new byte[] {9, 9}, new byte[1]);
            assertRefused(store, ImportRefusedException.class, streams.get(1), "k");
            // The same content again is as good as none.
            k(store).delete(new byte[] {9, 9});
            k(store).snapshot("s1");
            assertRefused(store, NameTakenException.class, streams.get(1), "k");
            Objects.requireNonNull(k(store).snapshotNamed("s1")).rename("mine");
            take(store, streams.get(1), "k");
            take(store, streams.get(2), "k");
            Snapshot s2 = Objects.requireNonNull(k(store).snapshotNamed("s2"));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> stream(store, s2, store.createKeyspace("another").snapshot("t")));
        });
    }

    private static void assertRefused(
            StoreHandle store, Class<? extends RuntimeException> expected, byte[] stream, String keyspace) {
        assertUnchanged(store, () -> assertThrows(expected, () -> take(store, stream, keyspace)));
    }

    private static void assertUnchanged(StoreHandle store, Runnable action) {
        Map<String, NavigableMap<byte[], byte[]>> before = Dump.of(store);
        long keyspaces = store.stats().keyspaces();
        action.run();
        assertEquals("", Dump.difference(before, Dump.of(store)));
        assertEquals(keyspaces, store.stats().keyspaces());
        assertNothingHidden(store);
    }

    private static void assertNothingHidden(StoreHandle store) {
        assertFalse(hasHidden(store), "a hidden keyspace is left");
    }

    private static boolean hasHidden(StoreHandle store) {
        var forest = store.engine().catalog().forest();
        return IntStream.range(1, forest.size()).anyMatch(place -> Hidden.isHidden(forest, place));
    }

    /** Every byte and every length of it. */
    @Test
    void aCorruptStreamIsRefusedWhole() {
        List<byte[]> streams = chain(2, 4, new ArrayList<>(), new ArrayList<>());
        SplittableRandom random = new SplittableRandom(11);
        live(new SimWorld(4), store -> {
            take(store, streams.get(0), "k");
            byte[] sound = streams.get(1);
            assertUnchanged(store, () -> {
                for (int at = 0; at < sound.length; at++) {
                    byte[] bad = sound.clone();
                    bad[at] ^= (byte) (1 << random.nextInt(8));
                    String what = "byte " + at;
                    DonjonException refused = assertThrows(DonjonException.class, () -> take(store, bad, "k"), what);
                    assertTrue(refused instanceof CorruptionException || refused instanceof FormatException, what);
                    byte[] cut = Arrays.copyOf(sound, at);
                    assertThrows(CorruptionException.class, () -> take(store, cut, "k"), "cut at " + at);
                }
            });
            take(store, sound, "k");
        });
    }

    /** A stream whose chunks are each sound, but one is missing, or there twice, or another's. */
    @Test
    void chunksThatDoNotBelongTogetherAreRefused() {
        List<byte[]> streams = new ArrayList<>();
        live(new SimWorld(5), store -> {
            Keyspace keyspace = store.createKeyspace("k").with(Durability.ASYNC);
            for (int key = 0; key < 40; key++) {
                keyspace.put(new byte[] {(byte) key}, new byte[9_000]);
            }
            streams.add(stream(store, keyspace.snapshot("s"), null));
        });
        byte[] sound = streams.get(0);
        List<byte[]> chunks = chunks(sound);
        assertTrue(chunks.size() > 5);
        live(new SimWorld(6), store -> {
            for (int chunk = 0; chunk < chunks.size(); chunk++) {
                List<byte[]> missing = new ArrayList<>(chunks);
                missing.remove(chunk);
                assertRefused(store, CorruptionException.class, join(sound, missing), "k");
                if (chunk == chunks.size() - 1) {
                    // Behind the end mark nothing is read.
                    break;
                }
                List<byte[]> twice = new ArrayList<>(chunks);
                twice.add(chunk, chunks.get(chunk));
                assertRefused(store, CorruptionException.class, join(sound, twice), "k");
            }
            take(store, join(sound, chunks), "k");
        });
    }

    /** Chunks of the same number, place and size, each with its own sound checksum: only that of the whole tells. */
    @Test
    void aChunkOfAnotherStreamIsRefused() {
        List<byte[]> streams = new ArrayList<>();
        live(new SimWorld(14), store -> {
            Keyspace keyspace = store.createKeyspace("k").with(Durability.ASYNC);
            for (byte round = 0; round < 2; round++) {
                for (int key = 0; key < 20; key++) {
                    byte[] value = new byte[9_000];
                    Arrays.fill(value, round);
                    keyspace.put(new byte[] {(byte) key}, value);
                }
                streams.add(stream(store, keyspace.snapshot("s" + round), null));
            }
        });
        List<byte[]> mixed = chunks(streams.get(0));
        mixed.set(2, chunks(streams.get(1)).get(2));
        live(
                new SimWorld(15),
                store -> assertRefused(store, CorruptionException.class, join(streams.get(0), mixed), "k"));
    }

    /** A writer that has lost count, behind right checksums. */
    @Test
    void countsThatAreWrongAreDamage() {
        List<byte[]> chunks =
                chunks(chain(1, 3, new ArrayList<>(), new ArrayList<>()).get(0));
        byte[] end = chunks.get(chunks.size() - 1);
        end[SnapshotStream.CHUNK_HEADER_BYTES]++;
        byte[] stream = join(chain(1, 3, new ArrayList<>(), new ArrayList<>()).get(0), chunks);
        int sum = new Checksums()
                .begin(chunks.size() - 1L, stream.length - end.length)
                .add(end, 0, SnapshotStream.CHUNK_CHECKED_BYTES)
                .add(end, SnapshotStream.CHUNK_HEADER_BYTES, end.length - SnapshotStream.CHUNK_HEADER_BYTES)
                .value();
        ByteBuffer.wrap(stream).putInt(stream.length - end.length + SnapshotStream.CHUNK_CHECKED_BYTES, sum);
        live(new SimWorld(16), store -> assertRefused(store, CorruptionException.class, stream, "k"));
    }

    private static List<byte[]> chunks(byte[] stream) {
        List<byte[]> chunks = new ArrayList<>();
        for (int at = SnapshotStream.PREAMBLE_BYTES; at < stream.length; ) {
            int end = at
                    + SnapshotStream.CHUNK_HEADER_BYTES
                    + ByteBuffer.wrap(stream).getInt(at);
            chunks.add(Arrays.copyOfRange(stream, at, end));
            at = end;
        }
        return chunks;
    }

    private static byte[] join(byte[] preambleOf, List<byte[]> chunks) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(preambleOf, 0, SnapshotStream.PREAMBLE_BYTES);
        chunks.forEach(out::writeBytes);
        return out.toByteArray();
    }

    /** While it is under way, and when its source fails. */
    @Test
    void nothingIsSeenOfAnImportThatHasNotEnded() {
        List<byte[]> streams = chain(2, 30, new ArrayList<>(), new ArrayList<>());
        live(new SimWorld(9), store -> {
            for (byte[] stream : streams) {
                Map<String, NavigableMap<byte[], byte[]>> before = Dump.of(store);
                long keyspaces = store.stats().keyspaces();
                int[] asked = {0};
                InputStream failing = new FilterInputStream(new ByteArrayInputStream(stream)) {
                    @Override
                    public byte[] readNBytes(int count) throws IOException {
                        assertEquals("", Dump.difference(before, Dump.of(store)));
                        assertEquals(keyspaces, store.stats().keyspaces());
                        assertNull(store.keyspace("@k"));
                        if (++asked[0] > 5) {
                            assertThrows(NameTakenException.class, () -> take(store, stream, "k"));
                            throw new IOException("the line is dead");
                        }
                        return super.readNBytes(count);
                    }
                };
                assertUnchanged(store, () -> assertThrows(UncheckedIOException.class, () -> take(store, failing, "k")));
                take(store, stream, "k");
            }
        });
    }

    /** Somebody writes to the keyspace, drops or takes its name while the stream is read. */
    @Test
    void aKeyspaceThatChangesMeanwhileIsLeftAsItIs() {
        List<byte[]> streams = chain(2, 30, new ArrayList<>(), new ArrayList<>());
        live(new SimWorld(10), store -> {
            assertThrows(
                    NameTakenException.class,
                    () -> take(store, meanwhile(streams.get(0), () -> store.createKeyspace("k")), "k"));
            assertTrue(Dump.of(k(store)).isEmpty());
            k(store).drop();
            take(store, streams.get(0), "k");
            assertThrows(
                    ImportRefusedException.class,
                    () -> take(store, meanwhile(streams.get(1), () -> k(store).put(new byte[1], new byte[1])), "k"));
            assertNotNull(k(store).get(new byte[1]));
            assertNothingHidden(store);
            assertEquals(1, snapshots(store).size());
        });
    }

    private static InputStream meanwhile(byte[] stream, Runnable action) {
        return new FilterInputStream(new ByteArrayInputStream(stream)) {
            private int asked;

            @Override
            public byte[] readNBytes(int count) throws IOException {
                if (++asked == 5) {
                    action.run();
                }
                return super.readNBytes(count);
            }
        };
    }

    /** The disk is so full that not even what was written so far can be dropped. */
    @Test
    void whatAnImportCouldNotDropIsNotSeenAndGoesWithTheNext() {
        List<byte[]> streams = chain(2, 30, new ArrayList<>(), new ArrayList<>());
        SimWorld world = new SimWorld(17);
        live(world, store -> {
            for (byte[] stream : streams) {
                Map<String, NavigableMap<byte[], byte[]>> before = Dump.of(store);
                long keyspaces = store.stats().keyspaces();
                for (int times = 0; times < 3; times++) {
                    Fault full = Fault.noSpace(Call.WRITE, Call.CREATE, Call.RENAME)
                            .on(name -> name.startsWith("log-"))
                            .forever();
                    InputStream in = meanwhile(stream, () -> world.disk("d0").inject(full));
                    assertThrows(DiskFullException.class, () -> take(store, in, "k"));
                    full.lift();
                    assertTrue(hasHidden(store), "it was dropped");
                    assertEquals("", Dump.difference(before, Dump.of(store)));
                    assertEquals(keyspaces, store.stats().keyspaces());
                }
                take(store, stream, "k");
                assertNothingHidden(store);
                assertEquals(1, store.stats().keyspaces());
            }
            store.close();
        });
    }

    /** The power goes at every single change of the disk; what was not forced is lost, or all there: half an import, too. */
    @ParameterizedTest
    @EnumSource(names = {"ALL_LOST", "ALL_KEPT"})
    void aPowerCutLeavesTheWholeSnapshotOrNothing(Survival survival) {
        List<NavigableMap<byte[], byte[]>> contents = new ArrayList<>();
        List<byte[]> streams = chain(3, 12, contents, new ArrayList<>());
        Set<Integer> seen = new HashSet<>();
        PowerCuts.everywhere(12, cut -> {
            int[] acknowledged = {0};
            cut.run(() -> {
                StoreHandle store = sim.open(cut);
                for (byte[] stream : streams) {
                    take(store, stream, "k");
                    acknowledged[0]++;
                }
            });
            SimWorld after = cut.reboot(survival);
            live(after, store -> {
                int found = snapshots(store).size();
                seen.add(found);
                assertTrue(found == acknowledged[0] || found == acknowledged[0] + 1, found + " of " + acknowledged[0]);
                assertNothingHidden(store);
                assertEquals(found == 0 ? 0 : 1, store.stats().keyspaces());
                for (int s = 0; s < found; s++) {
                    Snapshot snapshot = Objects.requireNonNull(k(store).snapshotNamed("s" + s));
                    assertTrue(Model.equal(contents.get(s), Dump.of(snapshot)), "s" + s);
                }
                if (found > 0) {
                    assertTrue(Model.equal(contents.get(found - 1), Dump.of(k(store))));
                }
                for (int s = found; s < streams.size(); s++) {
                    take(store, streams.get(s), "k");
                }
                assertTrue(Model.equal(contents.get(2), Dump.of(k(store))));
            });
        });
        assertEquals(Set.of(0, 1, 2, 3), seen);
    }

    /** The disk fails when the manifest has just been written, with what was read so far. */
    @Test
    void halfAnImportInTheManifestIsGoneAfterTheNextOpen() {
        List<byte[]> streams = chain(2, 30, new ArrayList<>(), new ArrayList<>());
        SimWorld world = new SimWorld(18);
        live(world, store -> {
            take(store, streams.get(0), "k");
            InputStream half = meanwhile(streams.get(1), () -> {
                assertTrue(hasHidden(store), "it has not begun");
                ByHand.flush(store);
                Checkpoints.write(store.engine().store());
                // The next edit stands in the new manifest alone.
                store.createKeyspace("another").drop();
                ByHand.flush(store);
                world.disk("d0").inject(Fault.ioError().forever());
            });
            assertThrows(DonjonException.class, () -> take(store, half, "k"));
            assertTrue(hasHidden(store), "it was dropped");
            assertEquals(1, store.stats().keyspaces());
        });
        live(world.reboot(Survival.ALL_LOST), store -> {
            assertNothingHidden(store);
            assertEquals(1, store.stats().keyspaces());
            take(store, streams.get(1), "k");
        });
    }

    @Test
    void everySnapshotIsSomebodyElse() {
        live(new SimWorld(13), store -> {
            Keyspace keyspace = store.createKeyspace("k");
            Set<UUID> ids = new HashSet<>();
            for (int s = 0; s < 100; s++) {
                assertTrue(ids.add(keyspace.snapshot("s" + s).identity()));
            }
            assertNotEquals(true, ids.contains(new UUID(0, 0)));
        });
    }
}
