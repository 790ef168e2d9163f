package io.donjon.engine;

import io.donjon.extents.Encoder;
import io.donjon.extents.Environment;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.ManifestEdit;
import io.donjon.extents.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;

/** Makes arrays of sealed buffers, the oldest first, as long as there is room for them. One thread at a time flushes. */
final class Flushes {
    private final Environment environment;
    private final ExtentStore store;
    private final Catalog catalog;
    private final ManifestImage image;
    private final ReadStates states;
    private final Reads reads;
    private final Commits commits;
    private final Tuning tuning;
    private final Throttle throttle;
    private final WorkMemory memory;
    private final Installer installer;
    private final Lingering lingering;
    private final StableNotices notices;
    private final LongConsumer flushed;
    private final RoomWatch room;

    /** What of the memory is there for a flush whatever else goes on. */
    private final long kept;

    private final LongAdder count = new LongAdder();
    private final LongAdder written = new LongAdder();

    /**
     * Flushes of a store.
     *
     * @param flushed tells whoever merges that there are new arrays of so many bytes
     */
    Flushes(
            Environment environment,
            ExtentStore store,
            Catalog catalog,
            ManifestImage image,
            ReadStates states,
            Reads reads,
            Commits commits,
            Tuning tuning,
            Throttle throttle,
            WorkMemory memory,
            Installer installer,
            Lingering lingering,
            StableNotices notices,
            LongConsumer flushed) {
        this.environment = environment;
        this.store = store;
        this.catalog = catalog;
        this.image = image;
        this.states = states;
        this.reads = reads;
        this.commits = commits;
        this.tuning = tuning;
        this.throttle = throttle;
        this.memory = memory;
        this.installer = installer;
        this.lingering = lingering;
        this.notices = notices;
        this.flushed = flushed;
        this.room = new RoomWatch(environment, store);
        this.kept = tuning.writersBytes(1);
        memory.keep(kept);
    }

    /** Flushes the oldest of sealed buffers, newest first, if there are any and room; false if not. */
    boolean flushOldest(List<Generation> sealed) {
        if (sealed.isEmpty() || !room.allows()) {
            return false;
        }
        try {
            if (!flush(sealed.get(sealed.size() - 1))) {
                return false;
            }
            room.room();
            commits.flushed(null);
        } catch (StorageException e) {
            boolean full = e.kind() == StorageException.Kind.NO_SPACE;
            if (full) {
                room.noRoom();
            }
            commits.flushed(full ? e : null);
            throw e;
        }
        return true;
    }

    /** Writes the oldest sealed buffer as an array and installs it, in the order of seals; false if it is not to be seen. */
    boolean flush(Generation generation) {
        long began = environment.nanoTime();
        List<Flush.Result> results = write(generation);
        if (commits.readOnlyReason() != null) {
            // The log has failed meanwhile: there may be commits in it that were refused.
            return false;
        }
        ManifestEdit edit = new ManifestEdit();
        Encoder part = image.position(generation.sealedPosition(), generation.sealedSequence());
        ManifestImage.operations(part, catalog.pendingUpTo(generation.sealedPosition()));
        List<ArrayInfo> added = new ArrayList<>();
        for (Flush.Result result : results) {
            ArrayInfo info = installer.add(
                    edit, result.written(), generation.age(), result.from(), result.to(), new byte[0], null);
            ManifestImage.array(part, info);
            added.add(info);
        }
        edit.state(part);
        edit.effect(() -> {
            image.moved(generation.sealedPosition(), generation.sealedSequence());
            added.forEach(image::added);
        });
        store.commit(edit, generation.sealedPosition());
        // The edit makes all of it stable, acknowledged or not.
        reads.publish(generation.sealedSequence());
        installer.show(() -> {
            List<ArrayRun> made = new ArrayList<>();
            for (int i = 0; i < added.size(); i++) {
                made.add(installer.open(
                        added.get(i), results.get(i).from(), results.get(i).to()));
            }
            installer.replace(generation, arrays -> arrays.addAll(made));
        });
        generation.release();
        lingering.add(generation);
        notices.madeStable(generation.sealedSequence());
        if (!results.isEmpty()) {
            count.increment();
            results.forEach(result -> written.add(result.written().bytesWritten()));
            throttle.flushed(generation.buffer.bytes(), environment.nanoTime() - began);
        }
        flushed.accept(added.stream().mapToLong(ArrayInfo::bytes).sum());
        return true;
    }

    private List<Flush.Result> write(Generation generation) {
        lingering.expire();
        boolean many = memory.tryTake(tuning.writersBytes(Flush.PARTS_MAX), kept);
        int partsMax = many ? Flush.PARTS_MAX : 1;
        if (!many) {
            lingering.take(kept);
        }
        memory.keep(-kept);
        try {
            List<ArrayRun> arrays = states.current().arrays;
            return new Flush(store, catalog.forest(), tuning, partsMax).write(generation.buffer, arrays);
        } finally {
            memory.keep(kept);
            memory.giveBack(tuning.writersBytes(partsMax));
        }
    }

    /** Whether the last one found no room. */
    boolean isFull() {
        return room.isFull();
    }

    long count() {
        return count.sum();
    }

    /** Bytes written by all, in every copy. */
    long bytesWritten() {
        return written.sum();
    }
}
