package io.donjon.extents.sim;

import io.donjon.extents.sim.SimEnvironment.Client;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Passes the baton among the threads of a {@link SimEnvironment}, and keeps their time.
 *
 * <p>Only the holder of the baton may call and touch anything here; passing it on makes all he did visible to the next
 * one. Between two runs that is the thread which calls {@link #run}.
 */
final class Scheduler {
    static final long NEVER = Long.MAX_VALUE;

    private static final long NANOS_PER_STEP = 1_000;
    private static final int THROWS_AT_END_MAX = 1_000;
    private static final long STUCK_SECONDS = 60;

    private final String origin;
    private final SplittableRandom random;

    /** At a step the baton changes hands with a probability of one in so many: 1, 4, 16 or 64. */
    private final int switchOneIn;

    private final List<SimThread> alive = new ArrayList<>();

    /** Who could run, but has not got the baton. */
    private final List<SimThread> ready = new ArrayList<>();

    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private int threadsMade;
    private int clientsAlive;
    private long timersMade;
    private long nanos;
    private long steps;
    private long stepsMax = 20_000_000;
    private long fingerprint;
    private @Nullable List<String> trace;

    /** Why the run is over; null while it is not. Whoever is alive then throws at each of his steps. */
    private @Nullable Ending ending;

    private List<String> leftRunning = List.of();
    private CountDownLatch over = new CountDownLatch(0);

    /** The holder of the baton; null between runs. */
    private volatile @Nullable SimThread running;

    private record Timer(long due, long number, SimThread thread) implements Comparable<Timer> {
        @Override
        public int compareTo(Timer other) {
            return due == other.due ? Long.compare(number, other.number) : Long.compare(due, other.due);
        }
    }

    /** {@code cause} is the power cut, or what a thread threw; null if all clients ended or nobody threw. */
    private record Ending(
            boolean failed, String reason, @Nullable Throwable cause) {}

    /** Unwinds a thread that is alive when the run is over. */
    private static final class Unwind extends Error {
        private static final long serialVersionUID = 1L;

        Unwind() {
            super("the run is over", null, false, false);
        }
    }

    Scheduler(String origin, SplittableRandom random) {
        this.origin = origin;
        this.random = random;
        this.switchOneIn = 1 << (2 * random.nextInt(4));
    }

    // Runs.

    SimThread create(String name, Client body, boolean isClient) {
        SimThread thread = new SimThread(threadsMade++, name, body, isClient);
        alive.add(thread);
        ready.add(thread);
        if (isClient) {
            clientsAlive++;
        }
        return thread;
    }

    @Nullable PowerCut run() {
        requireNoRun();
        if (clientsAlive == 0) {
            throw new IllegalStateException("no client to run");
        }
        ending = null;
        leftRunning = List.of();
        CountDownLatch thisRun = new CountDownLatch(1);
        over = thisRun;
        // The calling thread serves one of them, so that a run of a single client needs no other thread.
        SimThread own = alive.get(0);
        own.carry();
        SimThread first = takeReady();
        running = first;
        if (first != own) {
            first.resume(this);
            own.awaitBaton();
        }
        live(own);
        awaitEnd(thisRun);
        timers.clear();
        return verdict();
    }

    void requireNoRun() {
        if (running != null) {
            throw new IllegalStateException("a run is under way");
        }
    }

    private @Nullable PowerCut verdict() {
        Ending end = Objects.requireNonNull(ending);
        if (end.failed) {
            throw new SimFailure(end.reason, end.cause);
        }
        return end.cause instanceof PowerCut cut ? cut : null;
    }

    /** A run that makes no step for a long time blocks on something that is not simulated: say where. */
    private void awaitEnd(CountDownLatch end) {
        long seen = -1;
        boolean interrupted = false;
        while (true) {
            try {
                if (end.await(STUCK_SECONDS, TimeUnit.SECONDS)) {
                    break;
                }
                if (steps == seen) {
                    throw new SimFailure(report("no step for " + STUCK_SECONDS + " seconds"), null);
                }
                seen = steps;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The life of a thread, from its first baton to its last. */
    void live(SimThread me) {
        try {
            if (ending == null) {
                me.body.run();
            }
        } catch (PowerCut e) {
            cutPower(e);
        } catch (Throwable e) {
            if (ending == null) {
                end(new Ending(true, describe(me.name + " threw " + e), e));
            }
        }
        // The carrier serves others afterwards.
        Thread.interrupted();
        leave(me);
    }

    private void leave(SimThread me) {
        note(me, "end", "");
        me.ended = true;
        alive.remove(me);
        me.joiners.forEach(this::wake);
        if (me.isClient) {
            clientsAlive--;
        }
        if (clientsAlive == 0 && ending == null) {
            leftRunning = alive.stream().map(thread -> thread.name).toList();
            end(new Ending(false, "all clients ended", null));
        }
        if (alive.isEmpty()) {
            running = null;
            over.countDown();
        } else {
            SimThread next = takeReady();
            running = next;
            next.resume(this);
        }
    }

    /** From now on all threads unwind. The first ending of a run is the one that counts. */
    private void end(Ending reason) {
        if (ending == null) {
            ending = reason;
            alive.forEach(this::wake);
        }
    }

    void cutPower(PowerCut cut) {
        end(new Ending(false, "power cut", cut));
    }

    boolean isEnding() {
        return ending != null;
    }

    // Steps.

    /** The calling thread, which must have the baton. */
    SimThread me() {
        SimThread me = running;
        if (me == null || !me.isCurrent()) {
            throw new IllegalStateException(
                    Thread.currentThread().getName() + " is no simulated thread: only run() and start() make one");
        }
        return me;
    }

    /** A place where another thread may run first. */
    void step(String call, String object) {
        SimThread me = begin(call, object);
        wakeDue();
        if (!ready.isEmpty() && random.nextInt(switchOneIn) == 0) {
            handOver(me, ready.set(random.nextInt(ready.size()), me));
        }
        throwIfEnding(me);
    }

    /** Lets others run until somebody wakes this thread or the clock says {@code due}. */
    void block(Object on, long due) {
        SimThread me = begin("wait", "");
        me.waitingFor = on;
        if (due != NEVER) {
            me.timer = ++timersMade;
            timers.add(new Timer(due, me.timer, me));
        }
        SimThread next = takeReady();
        if (next != me) {
            handOver(me, next);
        }
        throwIfEnding(me);
    }

    private SimThread begin(String call, String object) {
        SimThread me = me();
        throwIfEnding(me);
        note(me, call, object);
        nanos += NANOS_PER_STEP;
        if (++steps == stepsMax) {
            end(new Ending(true, report("no end after " + stepsMax + " steps"), null));
            throwIfEnding(me);
        }
        return me;
    }

    /** Lets a blocked thread run again; one that is not blocked, or no more, is left alone. */
    void wake(SimThread thread) {
        if (thread.waitingFor != null) {
            thread.waitingFor = null;
            thread.timer = 0;
            ready.add(thread);
        }
    }

    private void handOver(SimThread me, SimThread next) {
        running = next;
        next.resume(this);
        me.awaitBaton();
    }

    private SimThread takeReady() {
        while (ready.isEmpty()) {
            Timer timer = timers.poll();
            if (timer == null) {
                end(new Ending(true, report("deadlock"), null));
            } else if (timer.thread.timer == timer.number) {
                nanos = Math.max(nanos, timer.due);
                wake(timer.thread);
            }
        }
        SimThread last = ready.remove(ready.size() - 1);
        int drawn = random.nextInt(ready.size() + 1);
        return drawn == ready.size() ? last : ready.set(drawn, last);
    }

    private void wakeDue() {
        for (Timer timer = timers.peek(); timer != null && timer.due <= nanos; timer = timers.peek()) {
            timers.remove();
            if (timer.thread.timer == timer.number) {
                wake(timer.thread);
            }
        }
    }

    private void throwIfEnding(SimThread me) {
        if (ending == null) {
            return;
        }
        if (++me.throwsAtEnd > THROWS_AT_END_MAX) {
            abandon(me);
        }
        throw ending.cause instanceof PowerCut ? PowerCut.after() : new Unwind();
    }

    /** A thread that swallows every error would never end: it is left behind, and the run fails. */
    private void abandon(SimThread me) {
        String message = report(me.name + " goes on after the end of the run");
        System.err.println(message);
        ending = new Ending(true, message, null);
        leave(me);
        while (true) {
            LockSupport.park();
        }
    }

    // Chance, time, and what is written down.

    int draw(int bound) {
        return random.nextInt(bound);
    }

    long nanos() {
        return nanos;
    }

    void advance(long byNanos) {
        nanos += byNanos;
    }

    long steps() {
        return steps;
    }

    void limitSteps(long max) {
        stepsMax = max;
    }

    long fingerprint() {
        return fingerprint;
    }

    void recordTrace() {
        trace = new ArrayList<>();
    }

    List<String> trace() {
        return trace == null ? List.of() : List.copyOf(trace);
    }

    List<String> leftRunning() {
        return leftRunning;
    }

    private void note(SimThread me, String call, String object) {
        fingerprint = ((fingerprint * 31 + me.id) * 31 + call.hashCode()) * 31 + object.hashCode();
        if (trace != null) {
            trace.add(me.name + ": " + call + " " + object);
        }
    }

    private String describe(String what) {
        return origin + " step=" + steps + ": " + what;
    }

    private String report(String what) {
        StringBuilder report = new StringBuilder(describe(what));
        for (SimThread thread : alive) {
            report.append("\n  ").append(thread.name);
            if (thread.waitingFor != null) {
                report.append(" waits for ").append(thread.waitingFor);
            }
            for (StackTraceElement frame : thread.stack()) {
                report.append("\n      at ").append(frame);
            }
        }
        return report.toString();
    }
}
