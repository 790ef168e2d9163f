package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Environment.Worker;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class SystemEnvironmentTest {
    private final Environment environment = Environment.system();

    @Test
    void workersAreNamedDaemonsAndJoinWaitsForTheirEnd() {
        AtomicBoolean asPromised = new AtomicBoolean();
        Worker worker = environment.start("merge-1", () -> {
            Thread current = Thread.currentThread();
            asPromised.set(current.isDaemon() && current.getName().equals("merge-1"));
        });
        worker.join();
        assertTrue(asPromised.get());
    }

    @Test
    void anInterruptNeitherCutsAJoinShortNorIsLost() {
        CountDownLatch go = new CountDownLatch(1);
        AtomicBoolean ended = new AtomicBoolean();
        Worker worker = environment.start("slow", () -> {
            awaitUninterruptibly(go);
            ended.set(true);
        });
        Thread.currentThread().interrupt();
        Worker helper = environment.start("helper", go::countDown);
        worker.join();
        assertTrue(ended.get());
        assertTrue(Thread.interrupted());
        helper.join();
    }

    @Test
    void aPauseLastsThoughAParkPermitIsLeftOver() {
        LockSupport.unpark(Thread.currentThread());
        long before = environment.nanoTime();
        environment.pause(2_000_000);
        assertTrue(environment.nanoTime() - before >= 2_000_000);
    }

    @Test
    void aPendingInterruptEndsAPauseAndStaysSet() {
        Thread.currentThread().interrupt();
        environment.pause(Long.MAX_VALUE / 2);
        assertTrue(Thread.interrupted());
    }

    @Test
    void threadsDrawDifferentNumbers() {
        Set<Long> drawn = ConcurrentHashMap.newKeySet();
        Runnable draw = () -> {
            for (int i = 0; i < 1000; i++) {
                drawn.add(environment.random().nextLong());
            }
        };
        Worker one = environment.start("one", draw);
        Worker two = environment.start("two", draw);
        one.join();
        two.join();
        assertEquals(2000, drawn.size());
    }

    @Test
    void locksAreReentrant() {
        Lock lock = environment.newLock();
        lock.lock();
        try {
            assertTrue(lock.tryLock());
            lock.unlock();
        } finally {
            lock.unlock();
        }
        assertThrows(IllegalMonitorStateException.class, lock::unlock);
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        while (true) {
            try {
                latch.await();
                return;
            } catch (InterruptedException e) {
                // The test's own threads are not interrupted; wait on.
            }
        }
    }
}
