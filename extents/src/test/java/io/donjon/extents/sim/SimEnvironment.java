package io.donjon.extents.sim;

import io.donjon.extents.Environment;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.Lock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * An environment in which everything follows from a seed: which thread runs next, what the clocks say, how the dice
 * fall.
 *
 * <p>Its threads are real ones, but exactly one of them runs at a time: the holder of the baton. He may pass it on at
 * his <em>steps</em>: before and after every call of a {@link SimDisk}, at locks, waits, signals and pauses, and when
 * he starts a worker or ends. What lies between two steps is atomic, so a data race within memory is not found here.
 * How often the baton changes hands differs from seed to seed. Of all that the contract of {@link Lock} leaves open,
 * use is made: a freed lock may go to anybody, a signal wakes any of those who wait, and now and then a wait ends
 * without one.
 *
 * <p>Time passes a little with every step; when nobody can run, it jumps to the next timer. When there is none either,
 * that is a deadlock, and is reported with the stack of every thread.
 *
 * <p>A run is over when all clients have come to their ends, a thread has failed, or the power was cut. Whoever is
 * alive then is unwound: each of his steps throws an {@link Error}, except that locks can still be released. No thread
 * outlives the run.
 *
 * <p>Except for the clocks and the dice, all is for simulated threads only. A worker may not wait for anything but what
 * comes from here: he would wait with the baton in his hand.
 */
public final class SimEnvironment implements Environment {
    private static final long NANOS_PER_LOOK_AT_THE_CLOCK = 10;
    private static final long BIRTH_MILLIS = 1_700_000_000_000L;

    private final long seed;
    private final Scheduler scheduler;
    private final SplittableRandom dice;
    private int clientsMade;
    private int locksMade;
    private long wallClockShiftMillis;

    /** What a simulated thread runs. Whatever it throws fails the run, except a power cut. */
    @FunctionalInterface
    public interface Client {
        /** The life of the thread. */
        void run() throws Exception;
    }

    /** An environment in which everything follows from this seed. */
    public SimEnvironment(long seed) {
        this(seed, "seed=" + seed);
    }

    /** {@code origin} is what failures say about where this environment came from. */
    SimEnvironment(long seed, String origin) {
        this.seed = seed;
        SplittableRandom root = new SplittableRandom(seed);
        this.scheduler = new Scheduler(origin, root.split());
        this.dice = root.split();
    }

    /** The seed it was made from. */
    public long seed() {
        return seed;
    }

    /** Makes a client of this name, which begins with the next {@link #run}. */
    public void spawn(String name, Client body) {
        scheduler.requireNoRun();
        clientsMade++;
        scheduler.create(name, body, true);
    }

    /**
     * Runs these clients, and those that were spawned, to their ends.
     *
     * @return the power cut that ended the run, or null if all clients came to their ends
     * @throws SimFailure if a thread threw, all were blocked, or there was no end to it
     */
    public @Nullable PowerCut run(Client... clients) {
        for (Client client : clients) {
            spawn("client-" + clientsMade, client);
        }
        return scheduler.run();
    }

    /** Workers that had not ended when the last client of the last run did, and were unwound. */
    public List<String> leftRunning() {
        return scheduler.leftRunning();
    }

    /** A run of more steps than this is taken for one without an end, and fails. Default: 20 million. */
    public void limitSteps(long max) {
        scheduler.limitSteps(max);
    }

    /** Steps taken so far. */
    public long steps() {
        return scheduler.steps();
    }

    /** A hash of all steps so far, who did what in which order: equal runs have equal ones. */
    public long fingerprint() {
        return scheduler.fingerprint();
    }

    /** From now on every step is written down, to be read by {@link #trace()}. */
    public void recordTrace() {
        scheduler.recordTrace();
    }

    /** The steps since {@link #recordTrace()}: who did what, in order. */
    public List<String> trace() {
        return scheduler.trace();
    }

    /** Moves the wall clock forward or back, as an administrator would. */
    public void shiftWallClock(long millis) {
        wallClockShiftMillis += millis;
    }

    @Override
    public long nanoTime() {
        // Otherwise who waits for a moment by looking at the clock only would wait for ever.
        scheduler.advance(NANOS_PER_LOOK_AT_THE_CLOCK);
        return scheduler.nanos();
    }

    @Override
    public long currentTimeMillis() {
        return BIRTH_MILLIS + wallClockShiftMillis + nanoTime() / 1_000_000;
    }

    @Override
    public RandomGenerator random() {
        return dice;
    }

    @Override
    public Lock newLock() {
        return new SimLock(scheduler, "lock-" + locksMade++);
    }

    @Override
    public void pause(long nanos) {
        if (nanos <= 0 || Thread.currentThread().isInterrupted()) {
            step("pause", "");
        } else {
            scheduler.block("the end of a pause", scheduler.nanos() + Math.min(nanos, Scheduler.NEVER / 2));
        }
    }

    @Override
    public Worker start(String name, Runnable body) {
        scheduler.me();
        SimThread worker = scheduler.create(name, body::run, false);
        step("start", name);
        return () -> join(worker);
    }

    private void join(SimThread worker) {
        if (worker == scheduler.me()) {
            return;
        }
        step("join", worker.name);
        if (!worker.ended) {
            worker.joiners.add(scheduler.me());
            scheduler.block("the end of " + worker, Scheduler.NEVER);
        }
    }

    /** A place where another thread may run first. */
    void step(String call, String object) {
        scheduler.step(call, object);
    }

    /** Everybody unwinds from now on. */
    void cutPower(PowerCut cut) {
        scheduler.cutPower(cut);
    }
}
