package io.donjon.engine;

import io.donjon.StoreClosedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Real threads at one store. What any of them throws fails the test; one that does not come to its end within
 * {@value #PATIENCE_SECONDS} seconds after it should fails it as well, with what all threads of the process are doing.
 */
final class Crew {
    private static final long PATIENCE_SECONDS = 30;

    /** Something that a thread does again and again. */
    interface Work {
        void once(SplittableRandom random) throws Exception;
    }

    private final SplittableRandom random;
    private final String seed;
    private final List<Thread> threads = new ArrayList<>();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean over;

    Crew(long seed) {
        this.random = new SplittableRandom(seed);
        this.seed = "seed=" + seed;
    }

    /** Starts a thread that works until {@link #end}. */
    Thread again(String name, Work work) {
        SplittableRandom own = random.split();
        return start(name, () -> {
            while (!over) {
                work.once(own);
            }
        });
    }

    /** Starts a thread that works until it hears that the store is closed. */
    Thread untilClosed(String name, Work work) {
        SplittableRandom own = random.split();
        return start(name, () -> {
            try {
                while (failures.isEmpty()) {
                    work.once(own);
                }
            } catch (StoreClosedException closed) {
                // As it should be.
            }
        });
    }

    private interface Body {
        void run() throws Exception;
    }

    /** Starts a thread that does something once. */
    private Thread start(String name, Body body) {
        Thread thread = new Thread(
                () -> {
                    try {
                        body.run();
                    } catch (Throwable e) {
                        failures.add(e);
                    }
                },
                name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
        return thread;
    }

    /** Starts a thread that does something once. */
    Thread once(String name, Runnable body) {
        return start(name, body::run);
    }

    /** Lets the threads go on for a while, and longer on a busy machine until that is enough. */
    void runFor(double seconds, BooleanSupplier enough) throws InterruptedException {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        long last = end + TimeUnit.SECONDS.toNanos(2 * PATIENCE_SECONDS);
        while (failures.isEmpty()
                && (System.nanoTime() < end || (!enough.getAsBoolean() && System.nanoTime() < last))) {
            Thread.sleep(5);
        }
    }

    /** Ends all threads and throws what has gone wrong. */
    void end() throws InterruptedException {
        over = true;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        for (Thread thread : threads) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            if (thread.isAlive() && failures.isEmpty()) {
                failures.add(new AssertionError(thread.getName() + " hangs\n" + dump()));
            }
        }
        threads.clear();
        Throwable first = failures.poll();
        if (first != null) {
            AssertionError failed = new AssertionError(seed + ": " + first, first);
            failures.forEach(failed::addSuppressed);
            throw failed;
        }
    }

    private static String dump() {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<Thread, StackTraceElement[]> thread :
                Thread.getAllStackTraces().entrySet()) {
            text.append(thread.getKey()).append('\n');
            for (StackTraceElement frame : thread.getValue()) {
                text.append("    ").append(frame).append('\n');
            }
        }
        return text.toString();
    }
}
