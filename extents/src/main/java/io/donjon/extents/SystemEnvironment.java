package io.donjon.extents;

import java.security.SecureRandom;
import java.util.SplittableRandom;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;

/** The real one: the JDK's clocks, locks and threads. */
final class SystemEnvironment implements Environment {
    static final SystemEnvironment INSTANCE = new SystemEnvironment();

    private final SecureRandom seeds = new SecureRandom();

    /** One generator per thread, each seeded from the system's entropy: no thread waits for another's dice. */
    private final ThreadLocal<SplittableRandom> dice =
            ThreadLocal.withInitial(() -> new SplittableRandom(seeds.nextLong()));

    private final RandomGenerator random = () -> dice.get().nextLong();

    private SystemEnvironment() {}

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public long currentTimeMillis() {
        return System.currentTimeMillis();
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    @Override
    public Lock newLock() {
        return new ReentrantLock();
    }

    @Override
    public void pause(long nanos) {
        long end = System.nanoTime() + nanos;
        // A park may return for no reason, or because of an old permit.
        for (long rest = nanos; rest > 0 && !Thread.currentThread().isInterrupted(); rest = end - System.nanoTime()) {
            LockSupport.parkNanos(this, rest);
        }
    }

    @Override
    public Worker start(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
        return () -> joinUninterruptibly(thread);
    }

    private static void joinUninterruptibly(Thread thread) {
        if (thread == Thread.currentThread()) {
            return;
        }
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
