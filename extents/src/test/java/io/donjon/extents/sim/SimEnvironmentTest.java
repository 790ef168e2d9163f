package io.donjon.extents.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Environment.Worker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SimEnvironmentTest {
    private static final long HOUR_NANOS = 3_600_000_000_000L;

    static LongStream seeds() {
        return Seeds.first(50);
    }

    /** Producers and consumers over a bounded queue: locks, two conditions, timed waits, pauses, workers, dice. */
    private static List<Integer> passThroughQueue(SimEnvironment environment) {
        Lock lock = environment.newLock();
        Condition notEmpty = lock.newCondition();
        Condition notFull = lock.newCondition();
        ArrayDeque<Integer> queue = new ArrayDeque<>();
        List<Integer> received = new ArrayList<>();
        int items = 20;
        for (int p = 0; p < 2; p++) {
            int producer = p;
            environment.spawn("producer-" + p, () -> {
                for (int i = 0; i < items; i++) {
                    lock.lock();
                    try {
                        while (queue.size() == 3) {
                            notFull.awaitUninterruptibly();
                        }
                        queue.add(producer * 1000 + i);
                        notEmpty.signal();
                    } finally {
                        lock.unlock();
                    }
                    environment.pause(environment.random().nextInt(5_000));
                }
            });
        }
        environment.spawn("boss", () -> {
            List<Worker> workers = new ArrayList<>();
            for (int c = 0; c < 2; c++) {
                workers.add(environment.start("consumer-" + c, () -> {
                    for (int i = 0; i < items; i++) {
                        lock.lock();
                        try {
                            while (queue.isEmpty()) {
                                notEmpty.awaitUninterruptibly();
                            }
                            received.add(queue.remove());
                            notFull.signal();
                        } finally {
                            lock.unlock();
                        }
                    }
                }));
            }
            workers.forEach(Worker::join);
        });
        assertNull(environment.run());
        return received;
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void theSameSeedGivesTheSameStepsInTheSameOrder(long seed) {
        SimEnvironment one = new SimEnvironment(seed);
        SimEnvironment two = new SimEnvironment(seed);
        one.recordTrace();
        two.recordTrace();
        List<Integer> received = passThroughQueue(one);
        assertEquals(received, passThroughQueue(two));
        assertEquals(one.trace(), two.trace());
        assertEquals(one.fingerprint(), two.fingerprint());
        assertEquals(one.nanoTime(), two.nanoTime());
        assertEquals(40, new HashSet<>(received).size());
    }

    @Test
    void otherSeedsGiveOtherInterleavings() {
        Set<Long> fingerprints = new HashSet<>();
        Set<List<Integer>> orders = new HashSet<>();
        for (long seed = 0; seed < 50; seed++) {
            SimEnvironment environment = new SimEnvironment(seed);
            orders.add(passThroughQueue(environment));
            fingerprints.add(environment.fingerprint());
        }
        assertEquals(50, fingerprints.size());
        assertEquals(50, orders.size());
    }

    /** Adds one a hundred times in each of three threads; a step lies between reading and writing the sum. */
    private static int sumOfThreeAdders(SimEnvironment environment, boolean locking) {
        Lock lock = environment.newLock();
        int[] sum = new int[1];
        for (int t = 0; t < 3; t++) {
            environment.spawn("adder-" + t, () -> {
                for (int i = 0; i < 100; i++) {
                    if (locking) {
                        lock.lock();
                    }
                    try {
                        int read = sum[0];
                        environment.pause(0);
                        sum[0] = read + 1;
                    } finally {
                        if (locking) {
                            lock.unlock();
                        }
                    }
                }
            });
        }
        assertNull(environment.run());
        return sum[0];
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void aLockExcludesAndItsAbsenceShows(long seed) {
        assertEquals(300, sumOfThreeAdders(new SimEnvironment(seed), true));
        assertTrue(sumOfThreeAdders(new SimEnvironment(seed), false) < 300);
    }

    @Test
    void exactlyOneThreadRunsAtATime() {
        SimEnvironment environment = new SimEnvironment(1);
        int[] inside = new int[1];
        int[] most = new int[1];
        for (int t = 0; t < 4; t++) {
            environment.spawn("thread-" + t, () -> {
                for (int i = 0; i < 1000; i++) {
                    inside[0]++;
                    most[0] = Math.max(most[0], inside[0]);
                    Thread.onSpinWait();
                    inside[0]--;
                    environment.pause(0);
                }
            });
        }
        environment.run();
        assertEquals(1, most[0]);
    }

    @Test
    void anHourPassesAtOnceAndThePauseThatEndsFirstGoesFirst() {
        SimEnvironment environment = new SimEnvironment(3);
        long before = environment.nanoTime();
        List<String> order = new ArrayList<>();
        environment.run(
                () -> {
                    environment.pause(HOUR_NANOS);
                    order.add("hour");
                },
                () -> {
                    environment.pause(HOUR_NANOS / 2);
                    order.add("half");
                });
        assertEquals(List.of("half", "hour"), order);
        long passed = environment.nanoTime() - before;
        assertTrue(passed >= HOUR_NANOS && passed < HOUR_NANOS + 1_000_000, () -> "passed: " + passed);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void aPauseEndsInItsTimeThoughAnotherThreadCouldRunOn(long seed) {
        SimEnvironment environment = new SimEnvironment(seed);
        boolean[] ended = new boolean[1];
        environment.run(
                () -> {
                    environment.pause(50_000);
                    ended[0] = true;
                },
                () -> {
                    for (int i = 0; i < 5_000; i++) {
                        environment.pause(0);
                    }
                    assertTrue(ended[0]);
                });
    }

    @Test
    void theWallClockJumpsAndTheOtherDoesNot() {
        SimEnvironment environment = new SimEnvironment(1);
        long wall = environment.currentTimeMillis();
        long nanos = environment.nanoTime();
        environment.shiftWallClock(-86_400_000);
        assertTrue(environment.currentTimeMillis() < wall - 86_000_000);
        assertTrue(environment.nanoTime() > nanos);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    @SuppressWarnings("WaitNotInLoop") // a wait without time is over at once
    void timedWaitsEndByTimeOrBySignalAndSayWhich(long seed) {
        SimEnvironment environment = new SimEnvironment(seed);
        Lock lock = environment.newLock();
        Condition condition = lock.newCondition();
        boolean[] signalled = new boolean[1];
        environment.run(
                () -> {
                    lock.lock();
                    try {
                        long rest = HOUR_NANOS;
                        while (rest > 0) {
                            rest = condition.awaitNanos(rest);
                        }
                        assertFalse(signalled[0]);
                        rest = HOUR_NANOS;
                        while (!signalled[0]) {
                            rest = condition.awaitNanos(rest);
                            assertTrue(rest > 0);
                        }
                        assertTrue(condition.awaitNanos(-5) <= 0);
                    } finally {
                        lock.unlock();
                    }
                },
                () -> {
                    environment.pause(HOUR_NANOS + HOUR_NANOS / 2);
                    lock.lock();
                    try {
                        signalled[0] = true;
                        condition.signalAll();
                    } finally {
                        lock.unlock();
                    }
                });
    }

    @Test
    void aHeldLockIsNotTakenByTryingAndIsTakenInTimeIfItIsFreed() {
        SimEnvironment environment = new SimEnvironment(5);
        Lock lock = environment.newLock();
        environment.run(
                () -> {
                    lock.lock();
                    try {
                        assertTrue(lock.tryLock());
                        lock.unlock();
                        environment.pause(HOUR_NANOS);
                    } finally {
                        lock.unlock();
                    }
                },
                () -> {
                    environment.pause(HOUR_NANOS / 4);
                    assertFalse(lock.tryLock());
                    assertFalse(lock.tryLock(15, TimeUnit.MINUTES));
                    assertThrows(IllegalMonitorStateException.class, lock::unlock);
                    assertTrue(lock.tryLock(2, TimeUnit.HOURS));
                    lock.unlock();
                });
    }

    @Test
    void aWaitReturnsAllHoldsOfAReentrantLock() {
        SimEnvironment environment = new SimEnvironment(6);
        Lock lock = environment.newLock();
        Condition condition = lock.newCondition();
        boolean[] go = new boolean[1];
        environment.run(
                () -> {
                    lock.lock();
                    try {
                        lock.lock();
                        try {
                            while (!go[0]) {
                                condition.await();
                            }
                        } finally {
                            lock.unlock();
                        }
                        condition.signal();
                    } finally {
                        lock.unlock();
                    }
                    assertThrows(IllegalMonitorStateException.class, condition::signal);
                },
                () -> {
                    lock.lock();
                    try {
                        go[0] = true;
                        condition.signal();
                    } finally {
                        lock.unlock();
                    }
                });
    }

    @Test
    void aWaitOutsideALoopIsCaught() {
        int wrong = 0;
        for (long seed = 0; seed < 500; seed++) {
            SimEnvironment environment = new SimEnvironment(seed);
            Lock lock = environment.newLock();
            Condition condition = lock.newCondition();
            boolean[] done = new boolean[1];
            boolean[] woken = new boolean[1];
            environment.run(
                    () -> {
                        lock.lock();
                        try {
                            if (!done[0]) {
                                condition.awaitUninterruptibly();
                            }
                            woken[0] = done[0];
                        } finally {
                            lock.unlock();
                        }
                    },
                    () -> {
                        lock.lock();
                        try {
                            done[0] = true;
                            condition.signal();
                        } finally {
                            lock.unlock();
                        }
                    });
            wrong += woken[0] ? 0 : 1;
        }
        assertTrue(wrong > 0 && wrong < 50, "wrong: " + wrong);
    }

    @Test
    void aSignalMayWakeAnyOfThoseWhoWait() {
        Set<Integer> first = new HashSet<>();
        for (long seed = 0; seed < 100; seed++) {
            SimEnvironment environment = new SimEnvironment(seed);
            Lock lock = environment.newLock();
            Condition condition = lock.newCondition();
            List<Integer> woken = new ArrayList<>();
            int[] permits = new int[1];
            for (int w = 0; w < 3; w++) {
                int id = w;
                environment.spawn("waiter-" + w, () -> {
                    // They come in this order.
                    environment.pause(id * 1_000_000_000L);
                    lock.lock();
                    try {
                        while (permits[0] == 0) {
                            condition.awaitUninterruptibly();
                        }
                        permits[0]--;
                        woken.add(id);
                    } finally {
                        lock.unlock();
                    }
                });
            }
            environment.run(() -> {
                environment.pause(HOUR_NANOS);
                for (int i = 0; i < 3; i++) {
                    lock.lock();
                    try {
                        permits[0]++;
                        condition.signal();
                    } finally {
                        lock.unlock();
                    }
                    environment.pause(HOUR_NANOS);
                }
            });
            first.add(woken.get(0));
        }
        assertEquals(Set.of(0, 1, 2), first);
    }

    /** Three threads that wait for a signal; each adds its number when it has been woken for the first time. */
    private static List<Integer> wokenBy(long seed, Consumer<Condition> signal) {
        SimEnvironment environment = new SimEnvironment(seed);
        Lock lock = environment.newLock();
        Condition condition = lock.newCondition();
        List<Integer> woken = new ArrayList<>();
        boolean[] over = new boolean[1];
        for (int w = 0; w < 3; w++) {
            int id = w;
            environment.spawn("waiter-" + w, () -> {
                lock.lock();
                try {
                    condition.awaitUninterruptibly();
                    woken.add(id);
                    while (!over[0]) {
                        condition.awaitUninterruptibly();
                    }
                } finally {
                    lock.unlock();
                }
            });
        }
        List<Integer> afterTheSignal = new ArrayList<>();
        environment.run(() -> {
            environment.pause(HOUR_NANOS);
            lock.lock();
            try {
                signal.accept(condition);
            } finally {
                lock.unlock();
            }
            environment.pause(HOUR_NANOS);
            lock.lock();
            try {
                afterTheSignal.addAll(woken);
                over[0] = true;
                condition.signalAll();
            } finally {
                lock.unlock();
            }
        });
        return afterTheSignal;
    }

    @Test
    void aSignalWakesOneAndASignalToAllWakesAll() {
        int one = 0;
        for (long seed = 0; seed < 50; seed++) {
            assertEquals(3, wokenBy(seed, Condition::signalAll).size());
            // More only where a wait ended by itself.
            one += wokenBy(seed, Condition::signal).size() == 1 ? 1 : 0;
        }
        assertTrue(one > 25, "one woken in " + one);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void whoGaveUpWaitingForALockIsNotWokenInAnothersPlace(long seed) {
        SimEnvironment environment = new SimEnvironment(seed);
        Lock lock = environment.newLock();
        environment.run(
                () -> {
                    lock.lock();
                    try {
                        environment.pause(HOUR_NANOS);
                    } finally {
                        lock.unlock();
                    }
                },
                () -> {
                    environment.pause(1_000_000);
                    assertFalse(lock.tryLock(1, TimeUnit.SECONDS));
                },
                () -> {
                    environment.pause(1_000_000);
                    lock.lock();
                    try {
                        assertTrue(environment.nanoTime() >= HOUR_NANOS);
                    } finally {
                        lock.unlock();
                    }
                });
    }

    @Test
    void anInterruptByAnotherThreadIsFoundWhenTheWaitIsOver() {
        SimEnvironment environment = new SimEnvironment(19);
        Thread[] sleeper = new Thread[1];
        environment.run(
                () -> {
                    sleeper[0] = Thread.currentThread();
                    environment.pause(HOUR_NANOS);
                    assertTrue(Thread.interrupted());
                },
                () -> {
                    environment.pause(1_000_000);
                    sleeper[0].interrupt();
                    environment.pause(HOUR_NANOS / 2);
                });
    }

    @Test
    void aDeadlockIsReportedWithEveryThreadAndItsStack() {
        SimEnvironment environment = new SimEnvironment(7);
        Lock a = environment.newLock();
        Lock b = environment.newLock();
        environment.spawn("first-a", () -> takeBoth(environment, a, b));
        environment.spawn("first-b", () -> takeBoth(environment, b, a));
        SimFailure failure = assertThrows(
                SimFailure.class,
                () -> environment.run(() -> {
                    Worker idle = environment.start("idle", () -> {
                        Lock lock = environment.newLock();
                        lock.lock();
                        try {
                            Condition never = lock.newCondition();
                            while (true) {
                                never.awaitUninterruptibly();
                            }
                        } finally {
                            lock.unlock();
                        }
                    });
                    idle.join();
                }));
        String report = failure.toString();
        assertTrue(report.contains("seed=7 "), report);
        assertTrue(report.contains("deadlock"), report);
        assertTrue(report.contains("first-a waits for lock-1, which first-b holds"), report);
        assertTrue(report.contains("first-b waits for lock-0, which first-a holds"), report);
        assertTrue(report.contains("idle waits for a signal on lock-2"), report);
        assertTrue(report.contains("client-2 waits for the end of idle"), report);
        assertEquals(2, report.split("SimEnvironmentTest.takeBoth", -1).length - 1, report);
    }

    private static void takeBoth(SimEnvironment environment, Lock one, Lock other) {
        one.lock();
        try {
            environment.pause(1_000_000);
            other.lock();
            try {
                environment.pause(0);
            } finally {
                other.unlock();
            }
        } finally {
            one.unlock();
        }
    }

    @Test
    void aFailingThreadEndsTheRunAndTheMessageNamesItAndTheSeed() {
        SimEnvironment environment = new SimEnvironment(11);
        IllegalStateException planted = new IllegalStateException("planted");
        boolean[] unwound = new boolean[1];
        SimFailure failure = assertThrows(
                SimFailure.class,
                () -> environment.run(
                        () -> {
                            try {
                                environment.pause(HOUR_NANOS);
                            } finally {
                                unwound[0] = true;
                            }
                        },
                        () -> environment
                                .start("merge", () -> {
                                    throw planted;
                                })
                                .join()));
        assertSame(planted, failure.getCause());
        assertTrue(failure.toString().contains("seed=11 "), failure.toString());
        assertTrue(failure.toString().contains("merge threw java.lang.IllegalStateException: planted"));
        assertTrue(unwound[0]);
    }

    @Test
    void workersThatOutliveTheClientsAreUnwoundAndNamed() {
        SimEnvironment environment = new SimEnvironment(12);
        List<String> unwound = new ArrayList<>();
        environment.run(() -> {
            for (String name : List.of("flush", "merge")) {
                environment.start(name, () -> {
                    Lock lock = environment.newLock();
                    lock.lock();
                    try {
                        Condition work = lock.newCondition();
                        while (true) {
                            work.awaitUninterruptibly();
                        }
                    } finally {
                        lock.unlock();
                        unwound.add(name);
                    }
                });
            }
            environment.start("short", () -> {}).join();
            environment.pause(1_000_000);
        });
        assertEquals(List.of("flush", "merge"), environment.leftRunning());
        assertEquals(Set.of("flush", "merge"), new HashSet<>(unwound));
    }

    @Test
    void anEnvironmentCanBeRunAgainAndTimeGoesOn() {
        SimEnvironment environment = new SimEnvironment(13);
        Lock lock = environment.newLock();
        environment.run(() -> {
            environment.start("holder", () -> {
                lock.lock();
                try {
                    environment.pause(HOUR_NANOS);
                } finally {
                    lock.unlock();
                }
            });
            environment.pause(1_000_000);
        });
        long between = environment.nanoTime();
        environment.run(() -> {
            assertTrue(lock.tryLock());
            lock.unlock();
        });
        assertTrue(environment.nanoTime() > between);
        assertEquals(List.of(), environment.leftRunning());
    }

    @Test
    void aRunWithoutEndFails() {
        SimEnvironment environment = new SimEnvironment(14);
        environment.limitSteps(10_000);
        SimFailure failure = assertThrows(
                SimFailure.class,
                () -> environment.run(() -> {
                    while (true) {
                        environment.pause(1);
                    }
                }));
        assertTrue(failure.toString().contains("no end after 10000 steps"), failure.toString());
    }

    @Test
    void aWorkerThatSwallowsEveryErrorFailsTheRun() {
        SimEnvironment environment = new SimEnvironment(15);
        SimFailure failure = assertThrows(
                SimFailure.class,
                () -> environment.run(() -> {
                    environment.start("stubborn", () -> {
                        while (true) {
                            try {
                                environment.pause(1_000);
                            } catch (Throwable swallowed) {
                                Thread.onSpinWait();
                            }
                        }
                    });
                    environment.pause(10_000);
                }));
        assertTrue(failure.toString().contains("stubborn goes on after the end of the run"), failure.toString());
    }

    @Test
    @SuppressWarnings("WaitNotInLoop") // it throws
    void anInterruptOfOneselfEndsAPauseAndStaysSet() {
        SimEnvironment environment = new SimEnvironment(16);
        environment.run(() -> {
            Thread.currentThread().interrupt();
            environment.pause(HOUR_NANOS);
            assertTrue(environment.nanoTime() < HOUR_NANOS);
            environment.start("other", () -> {}).join();
            Lock lock = environment.newLock();
            lock.lock();
            try {
                Condition condition = lock.newCondition();
                assertTrue(Thread.currentThread().isInterrupted());
                assertThrows(InterruptedException.class, () -> condition.awaitNanos(HOUR_NANOS));
                assertTrue(environment.nanoTime() < HOUR_NANOS);
                assertFalse(Thread.interrupted());
            } finally {
                lock.unlock();
            }
        });
    }

    @Test
    void strangersAreTurnedAway() {
        SimEnvironment environment = new SimEnvironment(17);
        assertThrows(IllegalStateException.class, () -> environment.pause(1));
        assertThrows(IllegalStateException.class, () -> environment.newLock().lock());
        assertThrows(IllegalStateException.class, () -> environment.start("worker", () -> {}));
        assertThrows(IllegalStateException.class, environment::run);
    }

    @Test
    void strangersAreTurnedAwayWhileARunIsUnderWayToo() {
        SimEnvironment environment = new SimEnvironment(18);
        environment.run(() -> {
            CompletableFuture<Void> stranger = CompletableFuture.runAsync(() -> environment.pause(0));
            ExecutionException e = assertThrows(ExecutionException.class, stranger::get);
            assertInstanceOf(IllegalStateException.class, e.getCause());
            assertThrows(IllegalStateException.class, () -> environment.run(() -> {}));
        });
    }

    @Test
    void manyRunsLeaveNoThreadsBehind() {
        int before = Thread.activeCount();
        for (long seed = 0; seed < 2_000; seed++) {
            SimEnvironment environment = new SimEnvironment(seed);
            assertNull(environment.run(() -> {
                List<Worker> workers = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    workers.add(environment.start("worker", () -> environment.pause(1_000)));
                }
                workers.get(0).join();
            }));
            assertNotNull(environment.leftRunning());
        }
        assertTrue(Thread.activeCount() - before <= 10, () -> Thread.activeCount() + " threads");
    }

    @Test
    void theDiceFollowFromTheSeed() {
        assertEquals(
                new SimEnvironment(1).random().nextLong(),
                new SimEnvironment(1).random().nextLong());
        assertNotEquals(
                new SimEnvironment(1).random().nextLong(),
                new SimEnvironment(2).random().nextLong());
    }
}
