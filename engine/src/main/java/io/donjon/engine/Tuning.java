package io.donjon.engine;

import io.donjon.StoreOptions;
import io.donjon.extents.Codec;
import java.util.function.IntFunction;

/**
 * What follows from the options of a store, and what tests set otherwise. A store opened with one tuning can be opened
 * with any other.
 *
 * @param bufferBytes M: a write buffer of this size is sealed and flushed
 * @param sealedMax buffers that may wait for their flush before writers do
 * @param cacheBytes the block cache
 * @param workBytes what comes and goes may take of its own, beyond which the cache lends: see {@link WorkMemory}
 * @param blockBytes plain size at which data and index blocks are closed
 * @param filterKeysMax keys of one filter partition
 * @param bitsPerKey of the Bloom filters; 0 for none
 * @param ratio a merge absorbs the next older arrays as long as they have at most this times what it has gathered
 * @param strata how arrays are cut along the line
 * @param pieceBytes a merge commits what it has written whenever it is so much, if there is room for it
 * @param mergeThreads merges that run at a time
 * @param ioBytes what writers of arrays hand to the disks at once
 * @param readAheadBytes what merges and long scans read at once
 * @param segmentBytes size of a log segment
 * @param openFilesMax superchunk files kept open for reading
 * @param codec for new blocks
 * @param slabs makes the memory of write buffers
 */
record Tuning(
        long bufferBytes,
        int sealedMax,
        long cacheBytes,
        long workBytes,
        int blockBytes,
        int filterKeysMax,
        int bitsPerKey,
        double ratio,
        Strata strata,
        long pieceBytes,
        int mergeThreads,
        int ioBytes,
        int readAheadBytes,
        int segmentBytes,
        int openFilesMax,
        Codec codec,
        IntFunction<Slab> slabs) {
    /**
     * How arrays are cut along the line (design.md section 4).
     *
     * @param alpha a band gathers so many times what it was given before the next one begins; 0 for no cuts
     * @param bandBytes no band gathers less than that
     */
    record Strata(double alpha, long bandBytes) {
        static final Strata OFF = new Strata(0, 0);
    }

    private static final int KIB = 1 << 10;
    private static final int MIB = 1 << 20;
    private static final long RESERVE_BYTES_MAX = 256L * MIB;
    private static final int OUTPUTS_LEAST = 2;

    /** More arrays that are written side by side than this take more memory: disks do not like small pieces. */
    private static final int SHARES_MOST = 8;

    /** What scans pay and what space is paid, weighed in docs/decisions/0006. */
    static final double ALPHA = 1.7;

    /** So many times as many arrays, at most, are flushed at leisure as would be if all were written in one go. */
    private static final int LEISURE_BUFFER_SHARE = 8;

    /** Buffers for the disks are of so many bytes or a multiple. */
    private static final int IO_STEP = 4 * KIB;

    private static final int OUTPUTS_MOST = 32;

    /** Where there is not the time to merge everything, arrays of so many times the size as usual are taken in. */
    private static final int LEISURE_TIMES = 4;

    /** The smallest piece that a merge commits, unless it has been told to commit smaller ones. */
    static final long PIECE_BYTES_LEAST = 256 * KIB;

    /** A merge writes at most about so many pieces, unless it lacks room. */
    private static final int PIECES_USUAL = 64;

    /** Memory is kept for a merge of so many inputs. */
    static final int MERGE_INPUTS_USUAL = 8;

    /** Merges of more inputs than this read less of each at a time. */
    private static final int READ_AHEADS_MOST = 16;

    /**
     * The tuning that follows from the options. Merges run in several threads so that a long one of old arrays does not
     * hold up the short ones of new arrays. Of the memory limit a quarter is the write buffer, another one that which
     * is being flushed; three eighths are the block cache, and the last eighth is for what comes and goes.
     */
    static Tuning of(StoreOptions options) {
        long memory = options.memoryBytes();
        // A buffer may end up a slab larger: what is lost at the end of slabs is not known before.
        long buffer = (memory / 4 / SlabPool.SLAB_BYTES - 1) * SlabPool.SLAB_BYTES;
        return new Tuning(
                buffer,
                1,
                memory / 8 * 3,
                memory / 8,
                16 * KIB,
                16 * KIB,
                10,
                1.0,
                options.strata() ? new Strata(ALPHA, MIB) : Strata.OFF,
                64 * MIB,
                memory < 64L * MIB ? 2 : 3,
                (int) clamp(memory / 128, 64 * KIB, MIB),
                (int) clamp(memory / 256, 64 * KIB, MIB),
                (int) clamp(buffer / 2 / MIB * MIB, MIB, 64L * MIB),
                256,
                codec(options),
                SlabPool.standardSource());
    }

    private static Codec codec(StoreOptions options) {
        return switch (options.compression()) {
            case NONE -> Codec.RAW;
            case LZ4 -> Codec.LZ4;
            case ZSTD -> Codec.ZSTD;
        };
    }

    private static long clamp(long value, long least, long most) {
        return Math.max(least, Math.min(most, value));
    }

    /**
     * With how much written a merge commits: what a crash costs at most. Large arrays consist of a few pieces only; where
     * there is too little room to write everything first, pieces are small, so that the inputs' room comes back.
     */
    long pieceBytes(long groupBytes, long room) {
        if (groupBytes > room) {
            return clamp(room / 4, Math.min(pieceBytes, PIECE_BYTES_LEAST), pieceBytes);
        }
        return Math.max(pieceBytes, groupBytes / PIECES_USUAL);
    }

    /** What each disk keeps at most for the time when it is full: a buffer can be flushed, and arrays be merged step by step. */
    long reserveBytes() {
        return Math.min(4 * bufferBytes, RESERVE_BYTES_MAX);
    }

    /** Those of merges once nothing has been written for a while, to be tried in this order; none if there are to be no merges. */
    double[] ratiosAtLeisure() {
        return ratio == 0 ? new double[0] : new double[] {Double.MAX_VALUE, LEISURE_TIMES * ratio};
    }

    /** A buffer of no less is flushed once nothing has been written for long; none if there are to be no merges then. */
    long flushBytesAtLeisure() {
        return ratio == 0 ? Long.MAX_VALUE : bufferBytes / LEISURE_BUFFER_SHARE;
    }

    /** About what writing an array takes: buffers of its extents, change directory, filter, key sample, open blocks. */
    long writerBytes() {
        long extents = 3L * (ioBytes + 2L * blockBytes);
        long gathered = ioBytes + (long) Long.BYTES * filterKeysMax + KeySample.Builder.BYTES_USUAL;
        return extents + gathered + 4L * blockBytes;
    }

    /** The same for so many arrays that are written side by side. */
    Tuning sharedBy(int writers) {
        int share = Math.max(ioBytes / Math.min(writers, SHARES_MOST) / IO_STEP * IO_STEP, Math.min(64 * KIB, ioBytes));
        return writers == 1
                ? this
                : new Tuning(
                        bufferBytes,
                        sealedMax,
                        cacheBytes,
                        workBytes,
                        blockBytes,
                        filterKeysMax,
                        bitsPerKey,
                        ratio,
                        strata,
                        pieceBytes,
                        mergeThreads,
                        share,
                        readAheadBytes,
                        segmentBytes,
                        openFilesMax,
                        codec,
                        slabs);
    }

    /** About what writing so many arrays side by side takes. */
    long writersBytes(int writers) {
        return writers * sharedBy(writers).writerBytes();
    }

    /** About what a merge takes: the arrays that it writes, and of each input the piece read ahead and a block of each level. */
    long mergeBytes(int inputs, int outputs) {
        return writersBytes(outputs) + inputs * (mergeAheadBytes(inputs) + 3L * blockBytes);
    }

    /** So many arrays at most are written by one merge: with what of the memory comes and goes, and half of the cache. */
    int outputsMax() {
        long bytes = workBytes + cacheBytes / 2;
        return (int) clamp(bytes / sharedBy(OUTPUTS_MOST).writerBytes(), OUTPUTS_LEAST, OUTPUTS_MOST);
    }

    /** What each input of a merge reads at once: less where there are many, so that all together take no more. */
    int mergeAheadBytes(int inputs) {
        int usual = (int) Math.min(readAheadBytes, (long) READ_AHEADS_MOST * readAheadBytes / inputs);
        return Math.max(Math.min(blockBytes, readAheadBytes), usual);
    }

    /** Values that are longer lie apart from their keys. */
    int largeBytes() {
        return blockBytes / 4;
    }
}
