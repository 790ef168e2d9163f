package io.donjon.perf;

/**
 * What was asked of the disks. An operation is random if it does not begin where the one before it, of the same kind on
 * the same file, ended; all others are sequential.
 *
 * @param reads reads
 * @param readsRandom reads that were random
 * @param readBytes bytes read
 * @param readBytesRandom bytes read at random
 * @param writes writes
 * @param writesRandom writes that were random
 * @param writtenBytes bytes written, logs included
 * @param writtenBytesRandom bytes written at random
 * @param forces fsyncs
 */
public record IoCounts(
        long reads,
        long readsRandom,
        long readBytes,
        long readBytesRandom,
        long writes,
        long writesRandom,
        long writtenBytes,
        long writtenBytesRandom,
        long forces) {
    /** Nothing at all. */
    public static final IoCounts NONE = new IoCounts(0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** What was asked since {@code earlier}. */
    public IoCounts since(IoCounts earlier) {
        return new IoCounts(
                reads - earlier.reads,
                readsRandom - earlier.readsRandom,
                readBytes - earlier.readBytes,
                readBytesRandom - earlier.readBytesRandom,
                writes - earlier.writes,
                writesRandom - earlier.writesRandom,
                writtenBytes - earlier.writtenBytes,
                writtenBytesRandom - earlier.writtenBytesRandom,
                forces - earlier.forces);
    }

    /** Both together. */
    public IoCounts plus(IoCounts other) {
        return new IoCounts(
                reads + other.reads,
                readsRandom + other.readsRandom,
                readBytes + other.readBytes,
                readBytesRandom + other.readBytesRandom,
                writes + other.writes,
                writesRandom + other.writesRandom,
                writtenBytes + other.writtenBytes,
                writtenBytesRandom + other.writtenBytesRandom,
                forces + other.forces);
    }

    /** Random reads and writes together: what costs a seek each on a disk that turns. */
    public long random() {
        return readsRandom + writesRandom;
    }

    /** Bytes read and written together. */
    public long bytes() {
        return readBytes + writtenBytes;
    }
}
