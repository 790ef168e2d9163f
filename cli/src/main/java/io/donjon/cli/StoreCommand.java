package io.donjon.cli;

import io.donjon.Job;
import io.donjon.Store;
import io.donjon.StoreOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command that works on an existing store. */
public abstract class StoreCommand extends BaseCommand {
    private static final long PAUSE_MILLIS = 100;
    /** What the engine's estimate of a job is shown as parts of. */
    private static final int PARTS = 1000;

    @Parameters(index = "0", paramLabel = "STORE", description = "The folder of the store's first disk.")
    private @Nullable Path folder;

    @Option(
            names = "--disk",
            paramLabel = "DIR",
            description = "A further disk's folder, instead of those listed in STORE/" + StoreFolder.DISKS
                    + "; may be repeated. For disks that have moved.")
    private List<Path> disks = List.of();

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            defaultValue = ByteSize.MEMORY_STANDARD,
            description = "Memory for buffers and cache, such as 64m or 1g; about half of it outside of the Java heap"
                    + " (default: ${DEFAULT-VALUE}).")
    private long memory;

    @Option(
            names = "--degraded",
            description =
                    "Open the store with exactly half of its disks, such as one of two. Only if nobody else can be"
                            + " writing to the other half.")
    private boolean degraded;

    @Override
    public final Integer call() throws IOException {
        Path first = Objects.requireNonNull(folder, "picocli requires it");
        check();
        StoreFolder place = new StoreFolder(first);
        boolean create = createsStore() && !place.holdsStore();
        StoreOptions options =
                place.options(disks).memoryBytes(memory).degraded(degraded).createIfMissing(create);
        try (Store store = Store.open(options)) {
            if (create) {
                place.list(disks);
            }
            return run(store);
        }
    }

    /** Whether a store is made where there is none. */
    protected boolean createsStore() {
        return false;
    }

    /** Waits for a job and shows how far it is; an interrupt cancels it. */
    protected final <T> T await(String name, Job<T> job) {
        while (!job.isDone()) {
            terminal().progress().at(name, Math.min(PARTS - 1L, (long) (job.progress() * PARTS)), PARTS);
            try {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                job.cancel();
                Thread.currentThread().interrupt();
                break;
            }
        }
        terminal().progress().at(name, PARTS, PARTS);
        return job.result();
    }

    /** Throws {@link #usage} if the options contradict each other; called before the store is opened. */
    protected void check() {}

    /**
     * Does the work on the open store.
     *
     * @return one of {@link ExitCode}
     */
    protected abstract int run(Store store) throws IOException;
}
