package io.donjon.extents.sim;

import io.donjon.extents.sim.SimEnvironment.Client;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A thread of a {@link SimEnvironment}: it runs while it has the baton and waits for it otherwise. */
final class SimThread {
    /**
     * A waiting thread looks so often before it parks, for about a microsecond. With 0 a change of hands took 2.5 to 5 us
     * in most runs (2 to 8 threads, 2 cores), but 11 to 22 us in one of five, where the system moved the threads between
     * idle cores; with 20 it took 3 to 5 us in all; with 200, 12 us as soon as there were four threads.
     */
    private static final int LOOKS = 20;

    /** Threads are made once and serve one simulated thread after another; an idle one ends after some seconds. */
    private static final ExecutorService POOL =
            new ThreadPoolExecutor(0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                Thread thread = new Thread(task);
                thread.setDaemon(true);
                return thread;
            });

    /** Counts from 0 in the order of creation, so it is the same in every run from the same seed. */
    final int id;

    final String name;
    final Client body;
    final boolean isClient;

    /** Whoever waits for the end of this thread. Touched by the holder of the baton only, as all fields below. */
    final List<SimThread> joiners = new ArrayList<>();

    boolean ended;

    /** How often it was told that the run is over. */
    int throwsAtEnd;

    /** What this thread is blocked on; null if it could run. */
    @Nullable Object waitingFor;

    /** The timer that would wake this thread; 0 if none. A timer with another number is out of date. */
    long timer;

    /** The real thread; null before the first time this one has the baton. */
    private volatile @Nullable Thread carrier;

    private volatile boolean baton;

    SimThread(int id, String name, Client body, boolean isClient) {
        this.id = id;
        this.name = name;
        this.body = body;
        this.isClient = isClient;
    }

    boolean isCurrent() {
        return carrier == Thread.currentThread();
    }

    StackTraceElement[] stack() {
        Thread thread = carrier;
        return thread == null || ended ? new StackTraceElement[0] : thread.getStackTrace();
    }

    /** Makes the calling thread the one that runs this. */
    void carry() {
        carrier = Thread.currentThread();
    }

    /** Passes the baton to this thread. The caller must do nothing afterwards but wait for its own, or end. */
    void resume(Scheduler scheduler) {
        Thread thread = carrier;
        if (thread == null) {
            POOL.execute(() -> {
                carry();
                Thread.currentThread().setName(name);
                scheduler.live(this);
            });
        } else {
            baton = true;
            LockSupport.unpark(thread);
        }
    }

    /** Waits for the baton. An interrupt is kept for the thread's body to see. */
    void awaitBaton() {
        for (int i = 0; i < LOOKS && !baton; i++) {
            Thread.onSpinWait();
        }
        boolean interrupted = false;
        while (!baton) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        baton = false;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
