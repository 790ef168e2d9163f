package io.donjon.cli.kill;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Where the actors of a load stand while there is no room for what they write, or while they are held up. Thread-safe. */
final class Gate {
    private static final long RETRY_MILLIS = 5;

    /** Who was refused for want of room and has not written since. */
    private final Set<Integer> refused = new HashSet<>();
    /** Who has written since the gate was last opened. */
    private final Set<Integer> served = new HashSet<>();
    /** Who stands at the gate. */
    private final Set<Integer> waiting = new HashSet<>();

    private boolean closed;

    /** An actor has nothing under way: it waits here while the gate is closed. */
    synchronized void pass(int actor) throws InterruptedException {
        waiting.add(actor);
        notifyAll();
        while (closed) {
            wait();
        }
        waiting.remove(actor);
    }

    /** There was no room for what an actor wrote: it is to try again when this returns. */
    void refused(int actor) throws InterruptedException {
        synchronized (this) {
            refused.add(actor);
            notifyAll();
        }
        TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
        pass(actor);
    }

    /** An actor has written something. */
    synchronized void served(int actor) {
        refused.remove(actor);
        served.add(actor);
        notifyAll();
    }

    /** Waits until there is room for no writer; false if that takes too long. */
    synchronized boolean awaitRefused(long millisMost) throws InterruptedException {
        return await(() -> writersIn(refused) == Script.WRITERS, millisMost);
    }

    /** Holds all actors up; false if one of them does not come back from what it has under way. */
    synchronized boolean close(long millisMost) throws InterruptedException {
        closed = true;
        return await(() -> waiting.size() == Script.ACTORS, millisMost);
    }

    /** Lets all actors go on, and waits until each writer has written something; false if that takes too long. */
    synchronized boolean open(long millisMost) throws InterruptedException {
        closed = false;
        served.clear();
        notifyAll();
        return await(() -> writersIn(served) == Script.WRITERS, millisMost);
    }

    private static long writersIn(Set<Integer> actors) {
        return actors.stream().filter(actor -> actor < Script.WRITERS).count();
    }

    private boolean await(BooleanSupplier until, long millisMost) throws InterruptedException {
        long began = System.nanoTime();
        while (!until.getAsBoolean()) {
            long left = millisMost - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }
}
