package io.donjon.extents.sim;

import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * A reentrant lock whose waiters are woken in an order drawn from the seed. An interrupt is noticed before and after a
 * wait, not during it.
 */
final class SimLock implements Lock {
    private static final int SPURIOUS_ONE_IN = 16;

    private final Scheduler scheduler;
    private final String name;

    /** Blocked until the lock is free. One is woken whenever it becomes so; it may find that another was faster. */
    private final List<SimThread> waiters = new ArrayList<>();

    private @Nullable SimThread owner;
    private int holds;

    SimLock(Scheduler scheduler, String name) {
        this.scheduler = scheduler;
        this.name = name;
    }

    @Override
    public void lock() {
        acquire(Scheduler.NEVER);
    }

    @Override
    public void lockInterruptibly() throws InterruptedException {
        throwIfInterrupted();
        lock();
    }

    @Override
    public boolean tryLock() {
        return acquire(Long.MIN_VALUE);
    }

    @Override
    public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
        throwIfInterrupted();
        return acquire(due(unit.toNanos(time)));
    }

    private boolean acquire(long due) {
        SimThread me = scheduler.me();
        if (owner == me) {
            holds++;
            return true;
        }
        scheduler.step("lock", name);
        return contend(me, 1, due);
    }

    private boolean contend(SimThread me, int wantedHolds, long due) {
        while (owner != null) {
            if (due <= scheduler.nanos()) {
                return false;
            }
            blockAmong(waiters, this, me, due);
        }
        owner = me;
        holds = wantedHolds;
        return true;
    }

    private void blockAmong(List<SimThread> blocked, Object on, SimThread me, long due) {
        blocked.add(me);
        try {
            scheduler.block(on, due);
        } finally {
            // Who woke it took it out already; a timer or the end of the run did not.
            blocked.remove(me);
        }
    }

    /**
     * When the run is ending this throws nothing, so as not to hide the error by which its caller is unwound: a wait
     * that ended in an error may not even have got the lock back.
     */
    @Override
    public void unlock() {
        boolean ending = scheduler.isEnding();
        if (ending && owner != scheduler.me()) {
            return;
        }
        requireOwner();
        if (--holds == 0 && release() && !ending) {
            scheduler.step("unlock", name);
        }
    }

    /** Frees the lock and wakes one of those who wait for it, if any. */
    private boolean release() {
        owner = null;
        holds = 0;
        if (waiters.isEmpty()) {
            return false;
        }
        scheduler.wake(waiters.remove(scheduler.draw(waiters.size())));
        return true;
    }

    private SimThread requireOwner() {
        SimThread me = scheduler.me();
        if (owner != me) {
            throw new IllegalMonitorStateException(me + " does not hold " + this);
        }
        return me;
    }

    private long due(long nanos) {
        return nanos <= 0 ? Long.MIN_VALUE : scheduler.nanos() + Math.min(nanos, Scheduler.NEVER / 2);
    }

    private static void throwIfInterrupted() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    @Override
    public Condition newCondition() {
        return new SimCondition();
    }

    @Override
    public String toString() {
        return owner == null ? name : name + ", which " + owner + " holds";
    }

    private final class SimCondition implements Condition {
        private final List<SimThread> sleepers = new ArrayList<>();

        @Override
        public void await() throws InterruptedException {
            throwIfInterrupted();
            sleep(Scheduler.NEVER);
            throwIfInterrupted();
        }

        @Override
        public void awaitUninterruptibly() {
            sleep(Scheduler.NEVER);
        }

        @Override
        public long awaitNanos(long nanos) throws InterruptedException {
            return sleepInterruptibly(nanos);
        }

        @Override
        public boolean await(long time, TimeUnit unit) throws InterruptedException {
            return sleepInterruptibly(unit.toNanos(time)) > 0;
        }

        @Override
        public boolean awaitUntil(Date deadline) {
            throw new UnsupportedOperationException("awaitUntil: use awaitNanos");
        }

        private long sleepInterruptibly(long nanos) throws InterruptedException {
            throwIfInterrupted();
            long due = due(nanos);
            sleep(due);
            throwIfInterrupted();
            return nanos <= 0 ? nanos : due - scheduler.nanos();
        }

        private void sleep(long due) {
            SimThread me = requireOwner();
            int before = holds;
            release();
            if (due <= scheduler.nanos() || scheduler.draw(SPURIOUS_ONE_IN) == 0) {
                scheduler.step("wake", name);
            } else {
                blockAmong(sleepers, this, me, due);
            }
            contend(me, before, Scheduler.NEVER);
        }

        @Override
        public void signal() {
            wake(1);
        }

        @Override
        public void signalAll() {
            wake(Integer.MAX_VALUE);
        }

        private void wake(int most) {
            if (scheduler.isEnding()) {
                return;
            }
            requireOwner();
            for (int i = 0; i < most && !sleepers.isEmpty(); i++) {
                scheduler.wake(sleepers.remove(scheduler.draw(sleepers.size())));
            }
            scheduler.step("signal", name);
        }

        @Override
        public String toString() {
            return "a signal on " + SimLock.this;
        }
    }
}
