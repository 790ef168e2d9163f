package io.donjon;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Figures of a store: of this moment where nothing else is said, or totals since it was opened. All sizes are in bytes.
 *
 * @param keyspaces keyspaces that are not dropped
 * @param versions places on the line, those of dropped versions included that something still names
 * @param sequence the newest commit that can be seen
 * @param durableSequence the newest commit known to be on stable storage
 * @param buffer the write buffers
 * @param cache the block cache
 * @param memory what is taken of the memory limit
 * @param log the log
 * @param merging flushes and merges
 * @param dead what nobody can read any more
 * @param io what was asked of the disks
 * @param disks the disks
 * @param arrays the arrays, newest first
 * @param readOnlyReason why the store takes no writes, or null if it does
 */
public record StoreStats(
        long keyspaces,
        long versions,
        long sequence,
        long durableSequence,
        Buffer buffer,
        Cache cache,
        Memory memory,
        Log log,
        Merging merging,
        Dead dead,
        Io io,
        List<Disk> disks,
        List<Array> arrays,
        @Nullable String readOnlyReason) {
    /**
     * The write buffers.
     *
     * @param bytes memory in use, sealed buffers included
     * @param capacity the size at which a buffer is sealed and flushed: M
     * @param sealed buffers that wait to be flushed, or are
     * @param pinned memory of flushed buffers that cursors still read
     */
    public record Buffer(long bytes, long capacity, int sealed, long pinned) {}

    /**
     * The block cache.
     *
     * @param bytes memory in use
     * @param capacity the most it may use
     * @param hits look-ups that found their block, in total
     * @param misses look-ups that did not, in total
     */
    public record Cache(long bytes, long capacity, long hits, long misses) {}

    /**
     * What is taken of the memory limit, at this moment. The more versions take, the less blocks are cached; but an eighth
     * of the cache remains, so that with very many versions more than the limit is taken.
     *
     * @param limit the limit
     * @param buffers write buffers, sealed ones and what is kept for the next included
     * @param cache blocks of data, indexes, filters and version tables in the cache
     * @param working what flushes, merges, scans that read ahead, the log, and buffers that cursors still hold take
     * @param versions what the versions of the store and their names take
     */
    public record Memory(long limit, long buffers, long cache, long working, long versions) {
        /** All of it. */
        public long taken() {
            return buffers + cache + working + versions;
        }
    }

    /**
     * The log.
     *
     * @param bytes length of what recovery would replay
     * @param written bytes written to it, each copy counted, in total
     * @param groups groups of records written, in total
     * @param forces fsyncs of it, in total
     */
    public record Log(long bytes, long written, long groups, long forces) {}

    /**
     * Flushes and merges, in total.
     *
     * @param flushes buffers written as arrays
     * @param flushWritten bytes written by them, each copy counted
     * @param merges merges that have ended
     * @param mergeRead bytes read by merges
     * @param mergeWritten bytes written by merges, each copy counted
     * @param running merges under way, at this moment
     * @param debt bytes that the merges which are due would read, at this moment
     * @param debtAtLeisure the same with the flush and the merges that begin only once nothing has been written for a while
     * @param delayedNanos by how much writers were slowed down, summed over all
     * @param lastFailure what made the last flush or merge fail, or null
     */
    public record Merging(
            long flushes,
            long flushWritten,
            long merges,
            long mergeRead,
            long mergeWritten,
            int running,
            long debt,
            long debtAtLeisure,
            long delayedNanos,
            @Nullable String lastFailure) {}

    /**
     * What in the arrays nobody can read any more since versions were dropped: about so much, one copy counted, as was
     * found when they were looked at last.
     *
     * @param bytes what is dead
     * @param bytesMax with more than this, arrays are written anew without it: {@link StoreOptions#deadShareMax}
     * @param current whether that counts all drops; soon after one it does
     */
    public record Dead(long bytes, long bytesMax, boolean current) {}

    /**
     * What was asked of the disks, in total. An operation is sequential if it begins where the one before it, of the
     * same kind on the same file, ended.
     *
     * @param reads reads
     * @param readBytes bytes read
     * @param readsRandom reads that were not sequential
     * @param readBytesRandom bytes of those
     * @param writes writes
     * @param writtenBytes bytes written
     * @param writesRandom writes that were not sequential
     * @param writtenBytesRandom bytes of those
     * @param forces fsyncs of files and directories
     */
    public record Io(
            long reads,
            long readBytes,
            long readsRandom,
            long readBytesRandom,
            long writes,
            long writtenBytes,
            long writesRandom,
            long writtenBytesRandom,
            long forces) {}

    /**
     * A disk.
     *
     * @param number its number in the store
     * @param path where it is, or was last
     * @param state how it is
     * @param bytes bytes of superchunk files that the store has on it
     * @param badCopies copies found damaged or unreadable and answered from elsewhere, in total
     */
    public record Disk(int number, String path, State state, long bytes, long badCopies) {
        /** How a disk is. */
        public enum State {
            /** A member: written to. */
            IN_USE,
            /** Left out after it failed or was missing; comes back only as an empty one. */
            LEFT_OUT
        }
    }

    /**
     * An array: an immutable sorted run.
     *
     * @param id its number
     * @param age the larger, the newer
     * @param from the first version of the band that it answers for
     * @param to the version at which the band ends, which does not belong to it; 0 for the end of the line
     * @param breakpoints breakpoints in it
     * @param keys distinct keys in it
     * @param keyFrame breakpoints that repeat what was visible where the array was cut from the one before it on the line
     * @param live keys with a value at the first or the last version of the band that has breakpoints, whichever are fewer
     * @param bytes its length, one copy counted
     * @param busy whether a merge is reading it
     */
    public record Array(
            long id,
            long age,
            long from,
            long to,
            long breakpoints,
            long keys,
            long keyFrame,
            long live,
            long bytes,
            boolean busy) {
        /** About how much of what a scan of a version reads of the array it shows: live keys to breakpoints. */
        public double density() {
            return breakpoints == 0 ? 1 : (double) live / breakpoints;
        }
    }
}
