package io.donjon.engine;

import io.donjon.DonjonException;
import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.StoreClosedException;
import io.donjon.StoreOptions;
import io.donjon.StoreStats;
import io.donjon.Version;
import io.donjon.extents.ChannelDirectory;
import io.donjon.extents.Directory;
import io.donjon.extents.Encoder;
import io.donjon.extents.Environment;
import io.donjon.extents.ExtentConfig;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.IoMeter;
import io.donjon.extents.StorageException;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything of an open store: puts the parts together, recovers, and takes them apart again.
 */
final class Engine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    private final StoreOptions options;
    private final Tuning tuning;
    private final Environment environment;
    private final IoMeter meter;
    private final Catalog catalog = new Catalog();
    private final ManifestImage image;
    private final ExtentStore store;
    private final SlabPool slabs;
    private final ReadStates states;
    private final Reads reads;
    private final Commits commits;
    private final Background background;
    private final Throttle throttle;
    private final WorkMemory memory;
    private final Versions versions = new Versions(this);
    private final Imports imports = new Imports(this);

    /** Held by the thread that closes the store. */
    private final Lock closing;

    /** Null until everything has been put together. */
    private volatile @Nullable Background running;

    /** Opens a store on directories of this machine. */
    static Engine open(StoreOptions options) {
        Tuning tuning = Tuning.of(options);
        if (!tuning.codec().isAvailable()) {
            throw new IllegalArgumentException(
                    "compression " + options.compression() + ": its library is not on the class path");
        }
        IoMeter meter = new IoMeter();
        List<Directory> directories = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (Path path : options.directories()) {
            try {
                directories.add(
                        options.createIfMissing()
                                ? ChannelDirectory.openOrCreate(path, meter)
                                : ChannelDirectory.open(path, meter));
            } catch (NoSuchFileException | NotDirectoryException e) {
                missing.add(path.toString());
            } catch (IOException e) {
                missing.add(path + " (" + e.getMessage() + ")");
            }
        }
        return new Engine(options, tuning, Environment.system(), directories, missing, meter);
    }

    /** Opens a store on any directories, with any tuning: for tests. */
    Engine(
            StoreOptions options,
            Tuning tuning,
            Environment environment,
            List<Directory> directories,
            List<String> missing,
            IoMeter meter) {
        this.options = options;
        this.tuning = tuning;
        this.environment = environment;
        this.meter = meter;
        this.closing = environment.newLock();
        this.image = new ManifestImage(catalog, this::wake);
        this.throttle = new Throttle(environment);
        this.slabs = new SlabPool(
                tuning.slabs(), (int) (tuning.bufferBytes() * (1 + tuning.sealedMax()) / SlabPool.SLAB_BYTES));
        try {
            this.store = ExtentStore.open(config(directories, missing), environment, image);
        } catch (StorageException e) {
            throw Errors.of(e);
        }
        boolean opened = false;
        try {
            catalog.restored();
            OpenArrays arrays = new OpenArrays(store);
            WriteBuffer buffer = new WriteBuffer(
                    slabs, catalog.forest().line(), environment.random().nextLong());
            this.states = new ReadStates(new Generation(buffer), List.of(), openArrays(arrays));
            this.memory = new WorkMemory(store.cache(), tuning.workBytes());
            memory.take(store.log().memoryBytes());
            memory.versionsTake(catalog.forest().heapBytes());
            this.reads = new Reads(states, catalog, store, tuning, environment, memory, image.lastSequence());
            this.commits = new Commits(
                    catalog,
                    image,
                    states,
                    reads,
                    store.log(),
                    tuning,
                    environment,
                    slabs,
                    throttle,
                    image.lastSequence(),
                    this::wake);
            this.background = new Background(
                    environment,
                    store,
                    catalog,
                    image,
                    states,
                    reads,
                    commits,
                    tuning,
                    throttle,
                    memory,
                    options.deadShareMax(),
                    arrays);
            recover();
            opened = true;
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            if (!opened) {
                store.abandon();
            }
        }
        background.start();
        running = background;
        dropOrphans();
    }

    private ExtentConfig config(List<Directory> directories, List<String> missing) {
        return new ExtentConfig(
                directories,
                missing,
                options.createIfMissing(),
                Math.max(1, options.copies()),
                options.directIo(),
                options.degraded(),
                tuning.cacheBytes(),
                tuning.segmentBytes(),
                tuning.reserveBytes(),
                tuning.openFilesMax());
    }

    private List<ArrayRun> openArrays(OpenArrays open) {
        List<ArrayRun> arrays = new ArrayList<>();
        for (ArrayInfo info : image.arrays()) {
            int to = info.to() == ArrayInfo.END_OF_LINE ? Line.END : place(info, info.to());
            arrays.add(open.open(info, place(info, info.from()), to));
        }
        arrays.sort(ArrayRun.NEWEST_FIRST);
        return arrays;
    }

    private int place(ArrayInfo info, long version) {
        int place = catalog.forest().place(version);
        if (place == VersionForest.NONE) {
            throw StorageException.damaged(
                    "the manifest",
                    "array " + info.id() + " has a band from or to version " + version + ", which does not exist");
        }
        return place;
    }

    /** Takes again what the log has behind the manifest's position; what fills a buffer on the way becomes an array. */
    private void recover() {
        store.replay((sequence, position, operations) -> {
            if (commits.isReplayedFull()) {
                commits.sealReplayed();
                flushReplayed();
            }
            commits.replay(sequence, position, operations);
        });
    }

    /** On a full disk what was replayed stays in memory until there is room: the store opens all the same. */
    private void flushReplayed() {
        try {
            List<Generation> sealed = states.current().sealed;
            background.flushes().flush(sealed.get(sealed.size() - 1));
        } catch (StorageException e) {
            if (e.kind() != StorageException.Kind.NO_SPACE) {
                throw e;
            }
            LOG.warn("what the log held could not be flushed yet: {}", e.getMessage());
        }
    }

    /** Views and imports end with their process: what a crash has left of them is dropped. */
    private void dropOrphans() {
        List<Long> orphans = new ArrayList<>();
        VersionForest forest = catalog.forest();
        if (forest.viewCount() == 0 && !catalog.hasHidden()) {
            return;
        }
        for (int place = forest.next(VersionForest.ROOT); place != VersionForest.NONE; place = forest.next(place)) {
            if (forest.kind(place) == VersionForest.Kind.VIEW || Hidden.isHidden(forest, place)) {
                orphans.add(forest.id(place));
            }
        }
        try {
            commits.change(Durability.ASYNC, new Commits.VersionChange<Boolean>() {
                @Override
                public void prepare(Encoder operations) {
                    orphans.forEach(version -> LogOp.drop(operations, version));
                }

                @Override
                public boolean freesSpace() {
                    return true;
                }

                @Override
                public Boolean result() {
                    return true;
                }
            });
        } catch (DonjonException e) {
            LOG.warn(
                    "views and imports that an earlier process left could not be dropped; the next open will do so", e);
        }
    }

    private void wake() {
        Background present = running;
        if (present != null) {
            present.wake();
        }
    }

    // ---- parts ----

    StoreOptions options() {
        return options;
    }

    Tuning tuning() {
        return tuning;
    }

    Environment environment() {
        return environment;
    }

    Catalog catalog() {
        return catalog;
    }

    ManifestImage image() {
        return image;
    }

    ExtentStore store() {
        return store;
    }

    ReadStates states() {
        return states;
    }

    Reads reads() {
        return reads;
    }

    Commits commits() {
        return commits;
    }

    WorkMemory memory() {
        return memory;
    }

    Background background() {
        return background;
    }

    /** What a keyspace object holds, which must be of this store. */
    KeyspaceRef refOf(Keyspace keyspace) {
        if (keyspace instanceof KeyspaceHandle handle && handle.engine() == this) {
            return handle.ref();
        }
        throw new IllegalArgumentException("the keyspace belongs to another store");
    }

    /** The most that a batch may take. */
    long batchBytesMax() {
        return Math.min(Batch.BYTES_MAX, options.memoryBytes() / 4);
    }

    Versions versions() {
        return versions;
    }

    Imports imports() {
        return imports;
    }

    void requireOpen() {
        if (commits.isClosed()) {
            throw new StoreClosedException("the store is closed", null);
        }
    }

    // ---- versions ----

    /** What is known of the version at a place. The caller keeps it from leaving, such as by the forest's monitor. */
    Version describe(int place) {
        VersionForest forest = catalog.forest();
        synchronized (forest) {
            VersionForest.Kind kind = forest.kind(place);
            return new Version(
                    forest.id(place),
                    forest.id(forest.parent(place)),
                    forest.treeName(forest.tree(place)),
                    Version.Kind.valueOf(kind.name()),
                    forest.name(place),
                    Instant.ofEpochMilli(forest.createdMillis(place)),
                    kind != VersionForest.Kind.DROPPED);
        }
    }

    // ---- figures ----

    StoreStats stats() {
        // First: a buffer that is flushed meanwhile must not count as a buffer and as one that lingers.
        WorkMemory.Use use = memory.use();
        ReadState state = states.current();
        long buffered = state.active.buffer.bytes();
        for (Generation generation : state.sealed) {
            buffered += generation.buffer.bytes();
        }
        IoMeter.Snapshot io = meter.snapshot();
        return new StoreStats(
                catalog.keyspaceCount(),
                catalog.forest().size() - 1L,
                reads.visible(),
                background.notices().durableSequence(),
                new StoreStats.Buffer(
                        buffered,
                        tuning.bufferBytes(),
                        state.sealed.size(),
                        background.lingering().bytes()),
                new StoreStats.Cache(
                        use.cached(),
                        store.cache().capacity(),
                        store.cache().hits(),
                        store.cache().misses()),
                new StoreStats.Memory(
                        options.memoryBytes(), buffered + slabs.idleBytes(), use.cached(), use.taken(), use.versions()),
                new StoreStats.Log(
                        store.log().written() - image.replayFrom(),
                        store.log().bytesWritten(),
                        store.log().groups(),
                        store.log().forces()),
                background.stats(),
                background.cleaner().dead(),
                ioStats(io),
                store.disks().stream()
                        .map(disk -> new StoreStats.Disk(
                                disk.number(),
                                disk.path(),
                                disk.inUse() ? StoreStats.Disk.State.IN_USE : StoreStats.Disk.State.LEFT_OUT,
                                disk.bytes(),
                                disk.badCopies()))
                        .toList(),
                state.arrays.stream().map(this::arrayStats).toList(),
                commits.readOnlyReason());
    }

    private static StoreStats.Io ioStats(IoMeter.Snapshot io) {
        return new StoreStats.Io(
                io.reads().ops(),
                io.reads().bytes(),
                io.reads().randomOps(),
                io.reads().randomBytes(),
                io.writes().ops(),
                io.writes().bytes(),
                io.writes().randomOps(),
                io.writes().randomBytes(),
                io.forces() + io.directorySyncs());
    }

    private StoreStats.Array arrayStats(ArrayRun array) {
        ArrayInfo info = array.info();
        ArrayCounts counts = array.footer().counts();
        return new StoreStats.Array(
                info.id(),
                info.age(),
                info.from(),
                info.to(),
                info.breakpoints(),
                info.keys(),
                counts.copies(),
                counts.live(),
                info.bytes(),
                background.merges().isBusy(array));
    }

    // ---- life ----

    /** Ends everything; whoever comes second returns when that is done. */
    @Override
    public void close() {
        if (reads.isCalling()) {
            throw new IllegalStateException(
                    "the store cannot be closed by a function that one of its reads has called: it waits for that read");
        }
        if (!background.isWorker()) {
            closing.lock();
        } else if (!closing.tryLock()) {
            // Whoever is closing the store waits for this thread.
            return;
        }
        try {
            if (commits.close()) {
                end();
            }
        } finally {
            closing.unlock();
        }
    }

    /** In the order background work, reads, disks. */
    private void end() {
        background.stop();
        ReadState last = states.current();
        reads.close();
        last.active.release();
        last.sealed.forEach(Generation::release);
        slabs.close();
        try {
            store.close();
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            background.notices().end();
        }
    }
}
