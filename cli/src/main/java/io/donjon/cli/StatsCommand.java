package io.donjon.cli;

import io.donjon.Store;
import io.donjon.StoreStats;
import io.donjon.perf.compare.Json;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code donjon stats}. */
@Command(
        name = "stats",
        header = "Print figures of a store.",
        description = {"", "Totals count from this command's opening of the store on.", ""},
        footer = {"", "Example: donjon stats /tmp/store --json"})
final class StatsCommand extends StoreCommand {
    private static final int ARRAYS_MAX = 40;
    private static final int LOOKS_MAX = 100;
    private static final long LOOK_MILLIS = 10;

    @Option(names = "--json", description = "Print one object with every figure.")
    private boolean json;

    @Override
    protected int run(Store store) throws IOException {
        StoreStats stats = stats(store);
        if (json) {
            terminal().println(Json.of(Records.fields(stats)));
        } else {
            print(stats);
        }
        return ExitCode.OK;
    }

    /** Waits a moment for what was dropped before to be counted as dead. */
    private static StoreStats stats(Store store) {
        StoreStats stats = store.stats();
        for (int looks = 0; looks < LOOKS_MAX && !stats.dead().current(); looks++) {
            try {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
            stats = store.stats();
        }
        return stats;
    }

    private void print(StoreStats stats) throws IOException {
        line("keyspaces", "%,d", stats.keyspaces());
        line("versions", "%,d", stats.versions());
        line("commits", "%,d", stats.sequence());
        line(
                "buffer",
                "%,d of %,d bytes",
                stats.buffer().bytes(),
                stats.buffer().capacity());
        line("cache", "%,d of %,d bytes", stats.cache().bytes(), stats.cache().capacity());
        line("log", "%,d bytes to replay after a crash", stats.log().bytes());
        line(
                "merges",
                "%d running, %,d bytes due",
                stats.merging().running(),
                stats.merging().debt());
        line(
                "dead",
                "about %,d bytes of arrays%s; above %,d they are written anew",
                stats.dead().bytes(),
                stats.dead().current() ? "" : ", not counting the last drops",
                stats.dead().bytesMax());
        if (stats.readOnlyReason() != null) {
            line("read-only", "%s", stats.readOnlyReason());
        }
        if (stats.merging().lastFailure() != null) {
            line("last failure", "%s", stats.merging().lastFailure());
        }
        for (StoreStats.Disk disk : stats.disks()) {
            line(
                    "disk " + disk.number(),
                    "%s, %s, %,d bytes, %,d bad copies",
                    disk.path(),
                    disk.state() == StoreStats.Disk.State.IN_USE ? "in use" : "left out",
                    disk.bytes(),
                    disk.badCopies());
        }
        long bytes = stats.arrays().stream().mapToLong(StoreStats.Array::bytes).sum();
        line(
                "arrays",
                "%,d of %,d bytes together, the newest first:",
                stats.arrays().size(),
                bytes);
        for (StoreStats.Array array : stats.arrays().stream().limit(ARRAYS_MAX).toList()) {
            line(
                    "  " + array.id(),
                    "versions %d to %s, %,d keys, %,d breakpoints (key frame %.0f %%, density %.2f), %,d bytes%s",
                    array.from(),
                    array.to() == 0 ? "the end" : String.valueOf(array.to()),
                    array.keys(),
                    array.breakpoints(),
                    100.0 * array.keyFrame() / Math.max(1, array.breakpoints()),
                    array.density(),
                    array.bytes(),
                    array.busy() ? ", being merged" : "");
        }
        if (stats.arrays().size() > ARRAYS_MAX) {
            line("  ...", "%,d more", stats.arrays().size() - ARRAYS_MAX);
        }
    }

    private void line(String what, String format, Object... figures) throws IOException {
        terminal().println(String.format(Locale.ROOT, "%-14s", what) + String.format(Locale.ROOT, format, figures));
    }
}
