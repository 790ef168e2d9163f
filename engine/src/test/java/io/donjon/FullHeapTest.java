package io.donjon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A program that has used up its heap goes on using its store: no call hangs or answers wrongly, and once there is memory
 * again the store goes on, or says that it has to be reopened, and what was acknowledged is there.
 */
final class FullHeapTest {
    /** How often the heap is used up; {@code -Dheap.rounds=20} does it more often. */
    private static final String ROUNDS = String.valueOf(Integer.getInteger("heap.rounds", 3));

    @TempDir
    Path folder;

    @Test
    void aFullHeapCostsOnlyTheCallsThatFail() throws Exception {
        Subprocess process = Subprocess.java(
                folder,
                "-Xmx40m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName(),
                folder.resolve("store").toString(),
                ROUNDS);
        assertEquals(0, process.exit(), process.out() + process.err());
        String last = process.out().strip().lines().reduce("", (before, line) -> line);
        assertTrue(
                last.matches("full-heap: rounds=" + ROUNDS + " calls=[0-9]+ failed=[1-9][0-9]* reopened=[0-9]+"), last);
        System.out.println(last);
    }

    /** The program: one thread uses the store, the other one uses up the heap and lets go of it. */
    static final class Program {
        private static final int KEYS = 500;
        private static final long NANOS_MOST = 30_000_000_000L;

        private final StoreOptions options;
        private final int rounds;

        /** By key: the number of the last value that was acknowledged, and of the last one that was tried. */
        private final long[] acknowledged = new long[KEYS];

        private final long[] tried = new long[KEYS];
        private final SplittableRandom random = new SplittableRandom(1);
        private final ByteBuffer key = ByteBuffer.allocate(Integer.BYTES);
        private final ByteBuffer value = ByteBuffer.allocate(3000);
        private final ByteBuffer into = ByteBuffer.allocate(3000);
        private @Nullable Store store;
        private @Nullable Keyspace keyspace;
        private long calls;
        private long failed;
        private long reopened;
        private volatile long callBegan = System.nanoTime();
        private volatile boolean filled;
        private volatile int roundsDone;

        private Program(Path folder, int rounds) {
            this.options = StoreOptions.at(folder).createIfMissing(true).memoryBytes(StoreOptions.MEMORY_BYTES_MIN);
            this.rounds = rounds;
        }

        public static void main(String[] args) {
            Program program = new Program(Path.of(args[0]), Integer.parseInt(args[1]));
            // What opening takes of the JDK is initialized now: without memory that fails, and is never tried again.
            for (int times = 0; times < 2; times++) {
                program.open();
                for (int number = 0; number < 4 * KEYS; number++) {
                    program.put(number % KEYS);
                    program.check(number % KEYS);
                }
                Objects.requireNonNull(program.store).verify().result();
                Objects.requireNonNull(program.store).close();
            }
            program.open();
            program.start("watch", program::watch);
            program.start("fill", program::fill);
            int code = program.run();
            System.exit(code);
        }

        private void start(String name, Runnable body) {
            Thread thread = new Thread(body, name);
            thread.setDaemon(true);
            thread.start();
        }

        private static void sleep(long millis) {
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        /** Ends everything if a call takes too long. */
        private void watch() {
            while (System.nanoTime() - callBegan < NANOS_MOST) {
                sleep(100);
            }
            Thread.getAllStackTraces()
                    .forEach((thread, stack) -> System.err.println(thread + " " + Arrays.toString(stack)));
            Runtime.getRuntime().halt(7);
        }

        private void fill() {
            byte[][] held = new byte[1 << 16][];
            for (int round = 0; round < rounds; round++) {
                int count = 0;
                for (int bytes = 1 << 20; bytes >= 1 << 10; bytes /= 4) {
                    try {
                        while (count < held.length) {
                            held[count] = new byte[bytes];
                            count++;
                        }
                    } catch (OutOfMemoryError full) {
                        // There may be room for smaller ones.
                    }
                }
                filled = true;
                sleep(200);
                filled = false;
                Arrays.fill(held, null);
                sleep(100);
                roundsDone = round + 1;
            }
        }

        private void open() {
            Store opened = Store.open(options);
            Keyspace there = opened.keyspace("k");
            keyspace = there == null ? opened.createKeyspace("k") : there;
            store = opened;
        }

        private int run() {
            boolean toBeReopened = false;
            while (roundsDone < rounds) {
                callBegan = System.nanoTime();
                int number = random.nextInt(KEYS);
                try {
                    calls++;
                    if (random.nextBoolean()) {
                        put(number);
                    } else {
                        check(number);
                    }
                } catch (OutOfMemoryError e) {
                    failed++;
                } catch (ReadOnlyException e) {
                    failed++;
                    toBeReopened = true;
                } catch (StoreClosedException e) {
                    // Closed to be opened again, for which there was no memory yet.
                    if (!toBeReopened) {
                        throw e;
                    }
                }
                if (toBeReopened && !filled) {
                    toBeReopened = !reopen();
                }
            }
            // There is memory now: nothing may fail any more.
            callBegan = System.nanoTime();
            if (toBeReopened || Objects.requireNonNull(store).stats().readOnlyReason() != null) {
                closeReadOnly();
                open();
                reopened++;
            }
            for (int number = 0; number < KEYS; number++) {
                check(number);
                put(number);
            }
            VerifyReport report = Objects.requireNonNull(store).verify().result();
            Objects.requireNonNull(store).close();
            open();
            for (int number = 0; number < KEYS; number++) {
                check(number);
            }
            Objects.requireNonNull(store).close();
            System.out.println(
                    "full-heap: rounds=" + rounds + " calls=" + calls + " failed=" + failed + " reopened=" + reopened);
            return report.clean() ? 0 : 1;
        }

        /** Closes the store and opens it again; false if there was no memory for that either. */
        private boolean reopen() {
            try {
                closeReadOnly();
                open();
                reopened++;
                return true;
            } catch (OutOfMemoryError | StoreClosedException again) {
                return false;
            }
        }

        /** It may say once more why it is read-only. */
        private void closeReadOnly() {
            try {
                Objects.requireNonNull(store).close();
            } catch (ReadOnlyException said) {
                failed++;
            }
        }

        private void put(int number) {
            key.clear();
            key.putInt(0, number);
            value.clear();
            long next = ++tried[number];
            while (value.remaining() >= Long.BYTES) {
                value.putLong(next);
            }
            value.flip();
            Objects.requireNonNull(keyspace).put(key, value);
            acknowledged[number] = next;
        }

        private void check(int number) {
            key.clear();
            key.putInt(0, number);
            into.clear();
            int length = Objects.requireNonNull(keyspace).get(key, into);
            into.flip();
            long found = length < 0 ? 0 : into.getLong();
            boolean good = length < 0 || length == value.capacity() / Long.BYTES * Long.BYTES;
            while (into.remaining() >= Long.BYTES) {
                good &= into.getLong() == found;
            }
            if (!good || found < acknowledged[number] || found > tried[number]) {
                List<Long> numbers = new ArrayList<>(List.of(found, acknowledged[number], tried[number]));
                throw new AssertionError("key " + number + ": found, acknowledged, tried: " + numbers);
            }
        }
    }
}
