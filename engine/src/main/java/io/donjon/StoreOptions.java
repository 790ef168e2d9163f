package io.donjon;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * How a store is opened. Immutable: each method returns options of its own.
 *
 * <p>Example: {@code Store.open(StoreOptions.at(Path.of("data")).createIfMissing(true))}.
 */
public final class StoreOptions {
    /**
     * The smallest memory limit: {@value} bytes, which is 8 MiB. Everything works with it, but little is cached while
     * merges go on, and a scan of a keyspace expires soon after the next flush. A value longer than a quarter of the limit
     * takes more than the limit for a while.
     */
    public static final long MEMORY_BYTES_MIN = 8L << 20;

    /** What has been chosen. Changed only before anybody else sees it. */
    private static final class Choices {
        private final List<Path> directories;
        private boolean createIfMissing;
        private int copies;
        private long memoryBytes = 256L << 20;
        private Durability durability = Durability.SYNC;
        private Compression compression = Compression.LZ4;
        private boolean directIo;
        private boolean degraded;
        private boolean strata = true;
        private double deadShareMax = 0.3;

        Choices(List<Path> directories) {
            this.directories = directories;
        }

        Choices copy() {
            Choices copy = new Choices(directories);
            copy.createIfMissing = createIfMissing;
            copy.copies = copies;
            copy.memoryBytes = memoryBytes;
            copy.durability = durability;
            copy.compression = compression;
            copy.directIo = directIo;
            copy.degraded = degraded;
            copy.strata = strata;
            copy.deadShareMax = deadShareMax;
            return copy;
        }
    }

    private final Choices choices;

    private StoreOptions(Choices choices) {
        this.choices = choices;
    }

    private StoreOptions with(Consumer<Choices> change) {
        Choices changed = choices.copy();
        change.accept(changed);
        return new StoreOptions(changed);
    }

    /**
     * The store in these directories, each of which counts as a disk: one, or several that hold a store together, in
     * any order.
     */
    public static StoreOptions at(Path directory, Path... more) {
        List<Path> all = Stream.concat(Stream.of(directory), Stream.of(more)).toList();
        return new StoreOptions(new Choices(all));
    }

    /** Whether a store is created where there is none; off at first, when {@link FormatException} says so instead. */
    public StoreOptions createIfMissing(boolean create) {
        return with(changed -> changed.createIfMissing = create);
    }

    /**
     * How many disks hold each chunk of a store that is created, 1 or 2, by default 1. With 2 the store survives the
     * loss of a disk and writes twice as much. An existing store keeps what it was created with.
     *
     * @throws IllegalArgumentException if there are fewer directories than copies
     */
    public StoreOptions copies(int count) {
        if (count < 1 || count > 2 || count > choices.directories.size()) {
            throw new IllegalArgumentException("copies " + count + ": must be 1 or 2, and at most the "
                    + choices.directories.size() + " directories");
        }
        return with(changed -> changed.copies = count);
    }

    /**
     * The one limit for write buffers, the block cache and whatever merges and filters hold, in bytes; by default 256
     * MiB. With more, writes are merged less often and more reads stay off the disks. About half of it lies outside of
     * the Java heap.
     *
     * @throws IllegalArgumentException if it is less than {@link #MEMORY_BYTES_MIN}
     */
    public StoreOptions memoryBytes(long bytes) {
        if (bytes < MEMORY_BYTES_MIN) {
            throw new IllegalArgumentException("memoryBytes " + bytes + ": must be at least " + MEMORY_BYTES_MIN);
        }
        return with(changed -> changed.memoryBytes = bytes);
    }

    /** The durability of writes that do not name their own; by default {@link Durability#SYNC}. */
    public StoreOptions durability(Durability standard) {
        Objects.requireNonNull(standard, "standard");
        return with(changed -> changed.durability = standard);
    }

    /** How new blocks are compressed; by default {@link Compression#LZ4}. Old blocks stay readable as they are. */
    public StoreOptions compression(Compression method) {
        Objects.requireNonNull(method, "method");
        return with(changed -> changed.compression = method);
    }

    /**
     * Whether files are read and written past the operating system's page cache (O_DIRECT); off at first. On, the
     * memory limit is all the memory the store gets, which is right where many share a machine, and for measurements.
     */
    public StoreOptions directIo(boolean direct) {
        return with(changed -> changed.directIo = direct);
    }

    /**
     * Whether a store opens with exactly half of its disks, such as one of two; off at first. Only the caller can know
     * that the other half is not being written to by somebody else (design.md section 6, membership).
     */
    public StoreOptions degraded(boolean allowed) {
        return with(changed -> changed.degraded = allowed);
    }

    /**
     * Whether arrays are cut along the line of versions, so that a version is read nearly as fast as if it stood alone,
     * however many others there are (design.md section 4, "strata"); on at first. Off, a store takes less space, up to
     * half, and scans of one version among many read what the others wrote as well. Arrays that have been cut stay so.
     */
    public StoreOptions strata(boolean cut) {
        return with(changed -> changed.strata = cut);
    }

    /**
     * How much of the arrays on disk may be what no version can read any more, since versions were dropped: from 0.05 to
     * 1, by default 0.3. With more of it, arrays are written anew in the background, with regard to reads and writes that
     * go on; the less is allowed, the more often. With 1 only arrays of which nothing can be read are dropped.
     *
     * @throws IllegalArgumentException if it is out of that range
     */
    public StoreOptions deadShareMax(double share) {
        if (!(share >= 0.05 && share <= 1)) {
            throw new IllegalArgumentException("deadShareMax " + share + ": must be from 0.05 to 1");
        }
        return with(changed -> changed.deadShareMax = share);
    }

    /** The directories, as given. */
    public List<Path> directories() {
        return choices.directories;
    }

    /** See {@link #createIfMissing(boolean)}. */
    public boolean createIfMissing() {
        return choices.createIfMissing;
    }

    /** See {@link #copies(int)}; 0 if it was not set. */
    public int copies() {
        return choices.copies;
    }

    /** See {@link #memoryBytes(long)}. */
    public long memoryBytes() {
        return choices.memoryBytes;
    }

    /** See {@link #durability(Durability)}. */
    public Durability durability() {
        return choices.durability;
    }

    /** See {@link #compression(Compression)}. */
    public Compression compression() {
        return choices.compression;
    }

    /** See {@link #directIo(boolean)}. */
    public boolean directIo() {
        return choices.directIo;
    }

    /** See {@link #degraded(boolean)}. */
    public boolean degraded() {
        return choices.degraded;
    }

    /** See {@link #strata(boolean)}. */
    public boolean strata() {
        return choices.strata;
    }

    /** See {@link #deadShareMax(double)}. */
    public double deadShareMax() {
        return choices.deadShareMax;
    }
}
