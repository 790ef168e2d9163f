package io.donjon.cli.kill;

import io.donjon.Store;
import io.donjon.StoreStats;
import io.donjon.cli.Failure;
import io.donjon.cli.Terminal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Looks at a store under load whose disk somebody else fills and frees, or takes away. He says so on standard input, and is
 * answered on standard output:
 *
 * <ul>
 *   <li>{@code fill}: waits until no writer finds room any more, and says {@code full}. Then nothing is written but a
 *       drop, which must be acknowledged; all that the store holds is compared with the journal; and merges that are due
 *       get some time to end, those at least that find the room they need. That was {@code held}.
 *   <li>{@code freed}: lets the writers go on, and says {@code resumed} as soon as each of them has been acknowledged,
 *       and {@code merged} when a merge has ended or none is due.
 *   <li>{@code readonly}: waits until writes fail for good, says {@code failed} and why, and compares all that the store
 *       holds with the journal, which was {@code held}.
 * </ul>
 */
final class FullDisk {
    /** Nothing may hang for longer than this. */
    private static final long MILLIS_MOST = 30_000;

    private static final long POLL_MILLIS = 10;

    /** How long a due merge may take that the reserve suffices for. */
    private static final long MERGE_MILLIS = 2_000;

    private final Store store;
    private final Script script;
    private final Journal journal;
    private final Gate gate;
    private final Load load;
    private final Terminal terminal;

    FullDisk(Store store, Script script, Journal journal, Gate gate, Load load, Terminal terminal) {
        this.store = store;
        this.script = script;
        this.journal = journal;
        this.gate = gate;
        this.load = load;
        this.terminal = terminal;
    }

    /** Does what standard input says until its end. */
    void run() throws IOException, InterruptedException {
        BufferedReader in = new BufferedReader(new InputStreamReader(terminal.in(), StandardCharsets.UTF_8));
        for (String word = in.readLine(); word != null; word = in.readLine()) {
            switch (word) {
                case "fill" -> fill();
                case "freed" -> freed();
                case "readonly" -> readOnly();
                default -> throw new Failure("'" + word + "' on standard input: must be 'fill', 'freed' or 'readonly'");
            }
        }
        if (load.failure() == null) {
            require(gate.close(MILLIS_MOST), "a write does not come back");
        }
    }

    private void fill() throws IOException, InterruptedException {
        long began = System.nanoTime();
        while (!gate.awaitRefused(POLL_MILLIS)) {
            require(millisSince(began) < MILLIS_MOST, "the disk is not full, or writers wait instead of being told so");
        }
        say("full after %d ms", millisSince(began));
        require(gate.close(MILLIS_MOST), "a write does not come back");
        StoreStats.Merging before = store.stats().merging();
        began = System.nanoTime();
        boolean dropped = load.drop();
        long dropMillis = millisSince(began);
        String held = compare();
        StoreStats.Merging merging = awaitMerge(before, MERGE_MILLIS);
        say(
                "held: %s, %d dropped in %d ms, %d merges, debt %d, %d flushes",
                held,
                dropped ? 1 : 0,
                dropMillis,
                merging.merges() - before.merges(),
                merging.debt(),
                merging.flushes() - before.flushes());
    }

    private void freed() throws IOException, InterruptedException {
        long began = System.nanoTime();
        require(gate.open(MILLIS_MOST), "writes do not go on although there is room");
        say("resumed after %d ms", millisSince(began));
        StoreStats.Merging before = store.stats().merging();
        StoreStats.Merging merging = awaitMerge(before, MILLIS_MOST);
        require(
                merging.debt() == 0 || merging.merges() > before.merges(),
                "merges are due and none ends although there is room: " + merging);
        say("merged: %d merges, debt %d", merging.merges() - before.merges(), merging.debt());
    }

    /** The figures once a merge has ended or none is due, or when it takes too long. */
    private StoreStats.Merging awaitMerge(StoreStats.Merging before, long millisMost) throws InterruptedException {
        long began = System.nanoTime();
        StoreStats.Merging merging = store.stats().merging();
        while (merging.debt() > 0 && merging.merges() == before.merges() && millisSince(began) < millisMost) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            merging = store.stats().merging();
        }
        return merging;
    }

    private void readOnly() throws IOException, InterruptedException {
        long began = System.nanoTime();
        while (load.failure() == null) {
            if (millisSince(began) > MILLIS_MOST) {
                throw new LossException("writes do not fail");
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        say("failed: %s", load.failure());
        load.awaitEnd();
        say("held: %s", compare());
    }

    private String compare() throws IOException {
        History history = new History(script, journal.lines());
        Image image = Image.read(store, script);
        Map<Integer, Boolean> outcome = new Check(script, history, image).run();
        return image.contents().size() + " versions compared, " + outcome.size() + " operations refused";
    }

    private static long millisSince(long began) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
    }

    private void require(boolean good, String otherwise) {
        Throwable failure = load.failure();
        if (failure != null) {
            throw new LossException("the load has failed: " + failure);
        }
        if (!good) {
            throw new LossException(otherwise);
        }
    }

    private void say(String format, Object... values) throws IOException {
        terminal.println(String.format(Locale.ROOT, format, values));
        terminal.out().flush();
    }
}
