package io.donjon.cli.kill;

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

/** The load: all actors at once, for ever. */
final class Load {
    /** So that the keeper's changes do not crowd out the writers' writes. */
    private static final long KEEPER_PAUSE_MILLIS = 3;

    private final Store store;
    private final Script script;
    private final Journal journal;
    private final CompletableFuture<Void> failure = new CompletableFuture<>();

    /** Writes the steps of one operation, each to the keyspace that a function names. */
    interface Writes {
        void write(Function<Step, Keyspace> keyspace);
    }

    Load(Store store, Script script, Journal journal) {
        this.store = store;
        this.script = script;
        this.journal = journal;
    }

    /** Goes on behind what was begun in earlier lives, until something fails. */
    void run(KeeperModel model, long[] begun) {
        long number = begun[Script.KEEPER];
        for (int i = 0; store.keyspace(Script.keyspace(Script.KEYSPACES - 1)) == null && i < Script.KEYSPACES; i++) {
            keep(model, ++number);
        }
        long next = number;
        List<Keyspace> bases = new ArrayList<>();
        for (int i = 0; i < Script.KEYSPACES; i++) {
            bases.add(Objects.requireNonNull(store.keyspace(Script.keyspace(i))));
        }
        for (int i = 0; i < Script.WRITERS; i++) {
            int writer = i;
            start("writer " + writer, begun[writer], at -> {
                journal.begin(writer, at);
                write(script.steps(writer, at), step -> bases.get(step.keyspace()));
                journal.acknowledged(writer, at);
            });
        }
        start("keeper", next, at -> {
            keep(model, at);
            TimeUnit.MILLISECONDS.sleep(KEEPER_PAUSE_MILLIS);
        });
        try {
            failure.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof DonjonException cause ? cause : e;
        }
    }

    private interface Act {
        void run(long number) throws InterruptedException;
    }

    private void start(String name, long begun, Act act) {
        Thread thread = new Thread(
                () -> {
                    try {
                        for (long number = begun + 1; !failure.isDone(); number++) {
                            act.run(number);
                        }
                    } catch (InterruptedException | RuntimeException | Error e) {
                        failure.completeExceptionally(e);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    private void keep(KeeperModel model, long number) {
        KeeperOp op = model.next(number);
        journal.begin(number, op);
        op.run(store, keyspace -> write(script.steps(Script.KEEPER, number), keyspace));
        journal.acknowledged(Script.KEEPER, number);
        // When it was done is of interest to those who check only.
        model.apply(op, number, new Window(new long[Script.WRITERS], new long[Script.WRITERS]));
    }

    private void write(List<Step> steps, Function<Step, Keyspace> keyspace) {
        if (steps.size() == 1) {
            Step step = steps.get(0);
            byte[] key = Script.keyBytes(step.key());
            if (step.value() == Script.ABSENT) {
                keyspace.apply(step).delete(key);
            } else {
                keyspace.apply(step).put(key, script.valueBytes(step.value()));
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
        store.write(batch, Durability.SYNC);
    }
}
