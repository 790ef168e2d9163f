package io.donjon.cli.kill;

import io.donjon.DiskFullException;
import io.donjon.DonjonException;
import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Store;
import io.donjon.WriteBatch;
import io.donjon.cli.kill.Script.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The load: all actors at once, for ever. A writer that finds no room tries the same again; the keeper goes on with
 * something else, since what is refused must have had no effect.
 */
final class Load {
    /** So that the keeper's changes do not crowd out the writers' writes. */
    private static final long KEEPER_PAUSE_MILLIS = 3;

    /** One operation in so many is acknowledged before it is on stable storage, which no kill can take back either. */
    private static final int ASYNC_ONE_IN = 4;

    private final Store store;
    private final Script script;
    private final Journal journal;
    private final Gate gate;
    private final CompletableFuture<Void> failure = new CompletableFuture<>();
    private final List<Thread> threads = new ArrayList<>();

    private final KeeperModel model;
    private final long[] begun;

    /** Writes the steps of one operation, each to the keyspace that a function names. */
    interface Writes {
        void write(Function<Step, Keyspace> keyspace);
    }

    /** A load that goes on behind what earlier lives have begun and made; both become its own. */
    Load(Store store, Script script, Journal journal, Gate gate, KeeperModel model, long[] begun) {
        this.store = store;
        this.script = script;
        this.journal = journal;
        this.gate = gate;
        this.model = model;
        this.begun = begun;
    }

    /** Begins. */
    void start() {
        while (!model.hasBases()) {
            keep(model.next(begun[Script.KEEPER] + 1));
        }
        List<Keyspace> bases = new ArrayList<>();
        for (int i = 0; i < Script.KEYSPACES; i++) {
            bases.add(Objects.requireNonNull(store.keyspace(Script.keyspace(i))));
        }
        for (int i = 0; i < Script.WRITERS; i++) {
            int writer = i;
            start("writer " + writer, () -> write(writer, bases));
        }
        start("keeper", this::keep);
    }

    /** Waits until something fails, and throws it. */
    void join() {
        try {
            failure.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof DonjonException cause ? cause : e;
        }
    }

    /** What has failed, or null. */
    @Nullable Throwable failure() {
        return failure.isDone() ? failure.handle((done, thrown) -> thrown).join() : null;
    }

    /** Waits, when something has failed, until nobody writes any more. */
    void awaitEnd() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private interface Act {
        void run() throws InterruptedException;
    }

    private void start(String name, Act act) {
        Thread thread = new Thread(
                () -> {
                    try {
                        while (!failure.isDone()) {
                            act.run();
                        }
                    } catch (InterruptedException | RuntimeException | Error e) {
                        failure.completeExceptionally(e);
                    }
                },
                name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    private void write(int writer, List<Keyspace> bases) throws InterruptedException {
        gate.pass(writer);
        long number = ++begun[writer];
        List<Step> steps = script.steps(writer, number);
        Durability durability = number % ASYNC_ONE_IN == 0 ? Durability.ASYNC : Durability.SYNC;
        journal.begin(writer, number);
        for (boolean done = false; !done; ) {
            try {
                write(steps, step -> bases.get(step.keyspace()), durability);
                done = true;
            } catch (DiskFullException e) {
                gate.refused(writer);
            }
        }
        journal.acknowledged(writer, number);
        gate.served(writer);
    }

    private void keep() throws InterruptedException {
        gate.pass(Script.KEEPER);
        try {
            keep(model.next(begun[Script.KEEPER] + 1));
        } catch (DiskFullException e) {
            journal.resolved(Script.KEEPER, begun[Script.KEEPER], false);
            gate.refused(Script.KEEPER);
        }
        TimeUnit.MILLISECONDS.sleep(KEEPER_PAUSE_MILLIS);
    }

    /** Drops something in the keeper's place, who must be held up; false if there is nothing. */
    boolean drop() {
        KeeperOp drop = model.nextDrop();
        if (drop != null) {
            keep(drop);
        }
        return drop != null;
    }

    private void keep(KeeperOp op) {
        long number = ++begun[Script.KEEPER];
        journal.begin(number, op);
        op.run(store, keyspace -> write(script.steps(Script.KEEPER, number), keyspace, Durability.SYNC));
        journal.acknowledged(Script.KEEPER, number);
        // When it was done is of interest to those who check only.
        model.apply(op, number, new Window(new long[Script.WRITERS], new long[Script.WRITERS]));
    }

    private void write(List<Step> steps, Function<Step, Keyspace> keyspace, Durability durability) {
        if (steps.size() == 1) {
            Step step = steps.get(0);
            Keyspace to = keyspace.apply(step).with(durability);
            byte[] key = Script.keyBytes(step.key());
            if (step.value() == Script.ABSENT) {
                to.delete(key);
            } else {
                to.put(key, script.valueBytes(step.value()));
            }
            return;
        }
        WriteBatch batch = store.newBatch();
        for (Step step : steps) {
            byte[] key = Script.keyBytes(step.key());
            if (step.value() == Script.ABSENT) {
                batch.delete(keyspace.apply(step), key);
            } else {
                batch.put(keyspace.apply(step), key, script.valueBytes(step.value()));
            }
        }
        store.write(batch, durability);
    }
}
