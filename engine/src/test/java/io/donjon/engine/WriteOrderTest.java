package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.NameTakenException;
import io.donjon.Snapshot;
import io.donjon.WriteBatch;
import io.donjon.extents.Codec;
import io.donjon.extents.Environment.Worker;
import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Writers and takers of snapshots who wait for room at the same time: whoever goes on behind the other must see what the
 * other did (rule "one order" of sim/line.py: a put that picks its version, a snapshot is logged, then the put).
 */
class WriteOrderTest {
    static LongStream seeds() {
        return Seeds.first(30);
    }

    /** A buffer that is full after a few writes, so that writers wait for flushes all the time. */
    private static final Tuning TINY = Tunings.of(1 << 10, 1, 16 << 10, 512, 64, 1.0, 64 << 10, Codec.RAW);

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void snapshotsNeverChangeAndTheLogIsSound(long seed) {
        SimStore sim = new SimStore(1, 1, TINY);
        SimWorld world = new SimWorld(seed);
        Map<String, NavigableMap<byte[], byte[]>> before = new TreeMap<>();
        world.run(() -> before.putAll(race(world, sim.open(world))));
        SimWorld again = world.reboot(Survival.ALL_KEPT);
        again.run(() -> assertEquals("", Dump.difference(before, Dump.of(sim.open(again)))));
    }

    /** Two who take a snapshot wait for the same flush: the second must look at the keyspace when it is his turn. */
    @Test
    void takersOfSnapshotsThatWaitForRoomGoOnFromWhatTheOtherDid() {
        SimStore sim = new SimStore(1, 1, TINY);
        SimWorld world = new SimWorld(1);
        Map<String, NavigableMap<byte[], byte[]>> before = new TreeMap<>();
        world.run(() -> {
            StoreHandle store = sim.open(world);
            Keyspace keyspace = store.createKeyspace("k").with(Durability.ASYNC);
            // The manifest is to know the keyspace: what it does not know counts as part of the buffer.
            ByHand.flush(store);
            keyspace.put(new byte[] {1}, new byte[100]);
            world.disk("d0").inject(Fault.stall(1_000_000_000L, Call.CREATE).on(name -> name.startsWith("x-")));
            store.engine().commits().sealNow();
            // An empty buffer takes whatever comes.
            keyspace.put(new byte[] {2}, new byte[(int) TINY.bufferBytes()]);
            ReadState full = store.engine().states().current();
            assertEquals(TINY.sealedMax(), full.sealed.size());
            assertTrue(full.active.buffer.used() > TINY.bufferBytes(), full.active.buffer.used() + " bytes");
            List<Worker> takers = new ArrayList<>();
            for (String name : List.of("one", "other")) {
                takers.add(world.environment().start(name, () -> keyspace.snapshot(name)));
            }
            takers.forEach(Worker::join);
            before.putAll(Dump.of(store));
            assertEquals(3, before.size());
        });
        SimWorld again = world.reboot(Survival.ALL_KEPT);
        again.run(() -> assertEquals("", Dump.difference(before, Dump.of(sim.open(again)))));
    }

    private static Map<String, NavigableMap<byte[], byte[]>> race(SimWorld world, StoreHandle store) {
        Keyspace keyspace = store.createKeyspace("k");
        Map<String, NavigableMap<byte[], byte[]>> taken = new TreeMap<>();
        List<Worker> workers = new ArrayList<>();
        for (int writer = 0; writer < 2; writer++) {
            byte key = (byte) writer;
            workers.add(world.environment().start("writer-" + writer, () -> write(store, keyspace, key)));
        }
        for (int taker = 0; taker < 2; taker++) {
            workers.add(world.environment().start("taker-" + taker, () -> {
                for (int i = 0; i < 10; i++) {
                    try {
                        Snapshot snapshot = keyspace.snapshot("s" + i);
                        taken.put("s" + i, Dump.of(snapshot));
                    } catch (NameTakenException other) {
                        keyspace.put(new byte[] {9}, new byte[300]);
                    }
                }
            }));
        }
        workers.forEach(Worker::join);
        taken.forEach((name, content) -> {
            Snapshot snapshot = Objects.requireNonNull(keyspace.snapshotNamed(name));
            assertEquals(Dump.text(content), Dump.text(Dump.of(snapshot)), name);
        });
        return Dump.of(store);
    }

    private static void write(StoreHandle store, Keyspace keyspace, byte key) {
        for (int i = 0; i < 15; i++) {
            byte[] value = new byte[300];
            value[0] = (byte) i;
            if (i % 2 == 0) {
                keyspace.put(new byte[] {key}, value);
            } else {
                WriteBatch batch = store.newBatch();
                batch.put(keyspace, new byte[] {key, 1}, value);
                batch.putIfAbsent(keyspace, new byte[] {key, (byte) i}, value);
                store.write(batch, Durability.ASYNC);
            }
        }
    }
}
