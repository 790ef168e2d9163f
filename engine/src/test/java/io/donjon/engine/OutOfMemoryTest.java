package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.DonjonException;
import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.ReadOnlyException;
import io.donjon.WriteBatch;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The heap is used up at some moment, in a caller or in a thread of the store: answers stay right, nobody waits for ever,
 * and what was acknowledged is there after reopening.
 */
final class OutOfMemoryTest {
    private static final int STEPS = 60;

    /** How many moments of each history are tried, spread evenly; {@code -Dmemory.faults=1000} tries more. */
    private static final int FAULTS = Integer.getInteger("memory.faults", 30);

    static LongStream seeds() {
        Long one = Long.getLong("seed");
        return one == null ? LongStream.range(0, 4) : LongStream.of(one);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void nothingIsWrongOrHangsWhereverMemoryRunsOut(long seed) {
        int calls = history(seed, Integer.MAX_VALUE);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < FAULTS; i++) {
            history(seed, (int) ((long) calls * i / FAULTS) + random.nextInt(1 + calls / FAULTS));
        }
    }

    /** Lets memory run out in one call to the disk, and judges what is left; returns how many calls there were. */
    private static int history(long seed, int call) {
        SimStore sim = new SimStore(1, 1, Tunings.random(new SplittableRandom(seed)));
        SimWorld world = new SimWorld(seed);
        Machine machine = new Machine(seed);
        SimDisk disk = world.disk("d0");
        AtomicInteger calls = new AtomicInteger();
        Fault fault = Fault.outOfMemory().on(name -> calls.getAndIncrement() == call);
        disk.inject(fault);
        assertTrue(world.run(() -> {
            StoreHandle store;
            try {
                store = sim.open(world);
                machine.attach(store);
                for (int step = 0; step < STEPS; step++) {
                    machine.step();
                }
                machine.assertEverything();
            } catch (OutOfMemoryError | ReadOnlyException stopped) {
                assertEquals(1, fault.hits(), stopped::toString);
                return;
            } catch (AssertionError other) {
                // The history expects another exception at times.
                if (!(other.getCause() instanceof ReadOnlyException) || fault.hits() == 0) {
                    throw other;
                }
                return;
            }
            try {
                store.close();
            } catch (OutOfMemoryError | DonjonException stopped) {
                assertEquals(1, fault.hits(), stopped::toString);
            }
        }));
        SimWorld after = world.reboot(Survival.ALL_KEPT);
        assertTrue(after.run(() -> {
            try (StoreHandle store = sim.open(after)) {
                machine.judge(store, true);
                machine.assertEverything();
                assertEquals(
                        "",
                        String.join(
                                "; ",
                                store.verify().result().problems().stream()
                                        .map(Object::toString)
                                        .toList()));
            }
        }));
        return calls.get();
    }

    @Test
    void aBatchForWhichThereIsNoMemoryIsNeverSeenInParts() {
        AtomicBoolean full = new AtomicBoolean();
        IntFunction<Slab> slabs = bytes -> {
            if (full.get()) {
                throw new OutOfMemoryError("no memory for a buffer");
            }
            return new HeapSlab(bytes);
        };
        Tuning tuning = Tunings.of(1 << 20, 1, 64 << 10, 512, 64, 1.0, 1 << 20, Codec.LZ4);
        SimStore sim = new SimStore(1, 1, Tunings.withSlabs(tuning, slabs));
        SimWorld world = new SimWorld(1);
        byte[] first = {1};
        byte[] second = {2};
        byte[] third = {3};
        assertTrue(world.run(() -> {
            StoreHandle store = sim.open(world);
            Keyspace k = store.createKeyspace("k");
            k.put(third, third);
            WriteBatch batch = store.newBatch();
            batch.put(k, first, first);
            // It gets memory of its own.
            batch.put(k, second, new byte[Arena.INLINE_BYTES_MAX + 1]);
            full.set(true);
            assertThrows(OutOfMemoryError.class, () -> store.write(batch, Durability.ASYNC));
            full.set(false);
            assertThrows(ReadOnlyException.class, () -> k.put(third, first));
            assertNull(k.get(first));
            assertNull(k.get(second));
            assertArrayEquals(third, k.get(third));
            store.close();
        }));
        assertTrue(world.run(() -> {
            try (StoreHandle store = sim.open(world)) {
                Keyspace k = Objects.requireNonNull(store.keyspace("k"));
                assertArrayEquals(third, k.get(third));
                assertEquals(k.contains(first), k.contains(second));
            }
        }));
    }
}
