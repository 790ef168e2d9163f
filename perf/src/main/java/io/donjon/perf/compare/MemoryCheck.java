package io.donjon.perf.compare;

import io.donjon.StoreOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Whether a process that loads and reads many records stays within its memory limit, seen from outside: the kernel says
 * how much of another process has been in memory at most. Linux only.
 */
public final class MemoryCheck {
    /** What a process may take beside the store's limit: the JVM, its code and threads, and garbage not yet collected. */
    private static final long BESIDE_BYTES = 300L << 20;

    /** What the heap has beside the half of the limit that the store keeps there. */
    private static final long HEAP_BESIDE_BYTES = 64L << 20;

    private static final long SAMPLE_MILLIS = 20;

    /**
     * What is to be done.
     *
     * @param records records of 16 + 100 bytes, loaded in random order
     * @param memoryBytes the limit that the store is opened with
     * @param seed decides the data and all orders
     * @param folder where the store goes, or null for the folder of temporary files
     */
    public record Options(
            long records,
            long memoryBytes,
            long seed,
            @Nullable Path folder) {
        /** @throws IllegalArgumentException if there is nothing to load, or the limit is less than a store takes */
        public Options {
            if (records < 1) {
                throw new IllegalArgumentException("records " + records + ": must be at least 1");
            }
            if (memoryBytes < StoreOptions.MEMORY_BYTES_MIN) {
                throw new IllegalArgumentException(
                        "memory of " + memoryBytes + " bytes: must be at least " + StoreOptions.MEMORY_BYTES_MIN);
            }
        }
    }

    /**
     * What came of it.
     *
     * @param peakBytes the most of the process that was in memory at a time
     * @param heapBytes the most that its heap was allowed
     */
    public record Result(long records, long limitBytes, long peakBytes, long heapBytes) {
        /** Whether the peak is within the limit and what comes beside it. */
        public boolean holds() {
            return peakBytes <= limitBytes + BESIDE_BYTES;
        }

        /** One line for people and programs. */
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "memory: limit=%d peak=%d heap=%d records=%d %s",
                    limitBytes,
                    peakBytes,
                    heapBytes,
                    records,
                    holds() ? "holds" : "exceeds limit + " + BESIDE_BYTES);
        }
    }

    /** Hears what the process says, line by line. */
    @FunctionalInterface
    public interface Listener {
        /** A line. */
        void line(String text) throws IOException;
    }

    private MemoryCheck() {}

    /**
     * Runs a process with a store in a folder that is gone afterwards.
     *
     * @throws IllegalStateException if the process fails: its heap is too small, or an answer was wrong
     */
    public static Result run(Options options, Listener listener) throws IOException {
        long heap = options.memoryBytes / 2 + HEAP_BESIDE_BYTES;
        try (Workspace workspace = new Workspace(options.folder)) {
            List<String> command = List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx" + heap,
                    "-cp",
                    System.getProperty("java.class.path"),
                    MemoryLoad.class.getName(),
                    workspace.newFolder("memory").toString(),
                    Long.toString(options.memoryBytes),
                    Long.toString(options.records),
                    Long.toString(options.seed));
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try {
                Peak peak = new Peak(process);
                peak.start();
                try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
                    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                        listener.line(line);
                    }
                }
                int code = process.waitFor();
                peak.join();
                if (code != 0) {
                    throw new IllegalStateException("the process that was watched ended with " + code);
                }
                return new Result(options.records, options.memoryBytes, peak.bytes, heap);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while a process was watched", e);
            } finally {
                process.destroyForcibly();
            }
        }
    }

    /** Asks again and again, since nothing can be asked of a process that has ended. */
    private static final class Peak extends Thread {
        private static final String PEAK = "VmHWM:";

        private final Process process;
        private long bytes;

        Peak(Process process) {
            super("donjon-bench-memory");
            setDaemon(true);
            this.process = process;
        }

        @Override
        public void run() {
            Path status = Path.of("/proc", Long.toString(process.pid()), "status");
            try {
                do {
                    for (String line : Files.readAllLines(status)) {
                        if (line.startsWith(PEAK)) {
                            bytes = 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
                        }
                    }
                } while (!process.waitFor(SAMPLE_MILLIS, TimeUnit.MILLISECONDS));
            } catch (IOException ended) {
                // What was seen last counts.
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
