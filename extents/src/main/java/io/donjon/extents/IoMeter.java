package io.donjon.extents;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts what is asked of one or more directories: how much, how often, and how much of it in sequence.
 *
 * <p>An operation is one call of {@link OpenFile}, with the bytes its caller got or gave, however many system calls it
 * took. It is sequential if it begins where the previous one of its kind on the same open file ended, otherwise random;
 * so the first one on an open file is random: a disk must seek for it. Calls that fail are not counted.
 *
 * <p>Thread-safe. Counting never waits; a snapshot taken under load may be torn by the calls that were under way.
 */
public final class IoMeter {
    private final Counter reads = new Counter();
    private final Counter writes = new Counter();
    private final LongAdder forces = new LongAdder();
    private final LongAdder directorySyncs = new LongAdder();

    /** Begins to follow one open file. */
    public FileMeter newFile() {
        return new FileMeter(this);
    }

    /** Counts one {@link Directory#sync()}. */
    public void synced() {
        directorySyncs.increment();
    }

    /** All figures up to now. */
    public Snapshot snapshot() {
        return new Snapshot(reads.transfers(), writes.transfers(), forces.sum(), directorySyncs.sum());
    }

    /** What knows where the last operations on one open file ended. */
    public static final class FileMeter {
        private static final long NOWHERE = -1;

        private final IoMeter meter;
        private final AtomicLong readEnd = new AtomicLong(NOWHERE);
        private final AtomicLong writeEnd = new AtomicLong(NOWHERE);

        private FileMeter(IoMeter meter) {
            this.meter = meter;
        }

        /** Counts a read of so many bytes from this position. */
        public void read(long at, long bytes) {
            meter.reads.add(readEnd.getAndSet(at + bytes) == at, bytes);
        }

        /** Counts a write of so many bytes to this position. */
        public void wrote(long at, long bytes) {
            meter.writes.add(writeEnd.getAndSet(at + bytes) == at, bytes);
        }

        /** Counts a force of this file. */
        public void forced() {
            meter.forces.increment();
        }
    }

    /** Operations of one kind and their bytes. */
    public record Transfers(long sequentialOps, long sequentialBytes, long randomOps, long randomBytes) {
        /** All operations. */
        public long ops() {
            return sequentialOps + randomOps;
        }

        /** Bytes of all operations. */
        public long bytes() {
            return sequentialBytes + randomBytes;
        }

        Transfers minus(Transfers earlier) {
            return new Transfers(
                    sequentialOps - earlier.sequentialOps,
                    sequentialBytes - earlier.sequentialBytes,
                    randomOps - earlier.randomOps,
                    randomBytes - earlier.randomBytes);
        }
    }

    /** The figures at one moment, or between two. */
    public record Snapshot(Transfers reads, Transfers writes, long forces, long directorySyncs) {
        /** What was done since an earlier snapshot of the same meter. */
        public Snapshot minus(Snapshot earlier) {
            return new Snapshot(
                    reads.minus(earlier.reads),
                    writes.minus(earlier.writes),
                    forces - earlier.forces,
                    directorySyncs - earlier.directorySyncs);
        }
    }

    private static final class Counter {
        private final LongAdder sequentialOps = new LongAdder();
        private final LongAdder sequentialBytes = new LongAdder();
        private final LongAdder randomOps = new LongAdder();
        private final LongAdder randomBytes = new LongAdder();

        void add(boolean sequential, long bytes) {
            (sequential ? sequentialOps : randomOps).increment();
            (sequential ? sequentialBytes : randomBytes).add(bytes);
        }

        Transfers transfers() {
            return new Transfers(sequentialOps.sum(), sequentialBytes.sum(), randomOps.sum(), randomBytes.sum());
        }
    }
}
