package io.donjon.engine;

import io.donjon.extents.Codec;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;
import java.util.random.RandomGenerator;

/** Tunings that make small histories go through everything: buffers of a few entries, blocks of a few dozen bytes. */
final class Tunings {
    static final List<Codec> CODECS = List.of(Codec.values());

    /** With buffers so small there is no memory for anything else: one merge at a time, and no read-ahead. */
    private static final int TIGHT_BUFFER_BYTES = 1 << 10;

    /** More than anything takes. */
    private static final long WORK_BYTES = 64 << 20;

    private Tunings() {}

    /** The tuning that a test of small data takes. */
    static Tuning small() {
        return new Tuning(
                16 << 10,
                1,
                64 << 10,
                WORK_BYTES,
                512,
                64,
                10,
                1.0,
                new Tuning.Strata(1.0, 2 << 10),
                8 << 10,
                1,
                4096,
                4096,
                16 << 10,
                16,
                Codec.LZ4,
                HeapSlab::new);
    }

    /** A tuning that differs from others in what a test of one's structure may want to choose; merges write all at once. */
    static Tuning of(
            long bufferBytes,
            int sealedMax,
            long cacheBytes,
            int blockBytes,
            int filterKeysMax,
            double ratio,
            int segmentBytes,
            Codec codec) {
        return new Tuning(
                bufferBytes,
                sealedMax,
                cacheBytes,
                WORK_BYTES,
                blockBytes,
                filterKeysMax,
                10,
                ratio,
                Tuning.Strata.OFF,
                64 << 20,
                1,
                4096,
                4096,
                segmentBytes,
                16,
                codec,
                HeapSlab::new);
    }

    /** The same tuning with the memory of write buffers made otherwise. */
    static Tuning withSlabs(Tuning tuning, IntFunction<Slab> slabs) {
        return new Tuning(
                tuning.bufferBytes(),
                tuning.sealedMax(),
                tuning.cacheBytes(),
                tuning.workBytes(),
                tuning.blockBytes(),
                tuning.filterKeysMax(),
                tuning.bitsPerKey(),
                tuning.ratio(),
                tuning.strata(),
                tuning.pieceBytes(),
                tuning.mergeThreads(),
                tuning.ioBytes(),
                tuning.readAheadBytes(),
                tuning.segmentBytes(),
                tuning.openFilesMax(),
                tuning.codec(),
                slabs);
    }

    /** Nothing is flushed or merged unless the test does it; merges commit whenever they have written so much. */
    static Tuning byHand(Tuning.Strata strata, long pieceBytes) {
        return new Tuning(
                1 << 22,
                4,
                1 << 20,
                WORK_BYTES,
                512,
                64,
                10,
                0.0,
                strata,
                pieceBytes,
                1,
                4096,
                4096,
                1 << 20,
                16,
                Codec.RAW,
                HeapSlab::new);
    }

    /** Any tuning: what it says must not change an answer. */
    static Tuning random(RandomGenerator random) {
        return any(random::nextInt, CODECS.get(random.nextInt(CODECS.size())));
    }

    /** Any tuning; {@code choose} gives the number of each choice, less than that of the choices that there are. */
    static Tuning any(IntUnaryOperator choose, Codec codec) {
        return any(
                choose,
                pick(choose, TIGHT_BUFFER_BYTES, 8 << 10, 64 << 10),
                pick(choose, 2, 1, 6) / 2.0,
                pick(choose, 8192, 65536),
                codec);
    }

    /** Any tuning of this size of buffer and log segment, with merges as eager as this ratio says. */
    static Tuning any(IntUnaryOperator choose, int bufferBytes, double ratio, int segmentBytes, Codec codec) {
        return new Tuning(
                bufferBytes,
                pick(choose, 1, 2),
                pick(choose, 0, 16 << 10, 1 << 20),
                bufferBytes == TIGHT_BUFFER_BYTES ? 0 : WORK_BYTES,
                pick(choose, 128, 512, 4096),
                pick(choose, 4, 64, 16384),
                pick(choose, 0, 6, 10),
                ratio,
                new Tuning.Strata(pick(choose, 2, 0, 1, 4) / 2.0, pick(choose, 256, 4 << 10)),
                pick(choose, 1 << 10, 16 << 10, 1 << 20),
                pick(choose, 1, 2),
                pick(choose, 4096, 65536),
                pick(choose, 4096, 65536),
                segmentBytes,
                pick(choose, 1, 4, 64),
                codec,
                choose.applyAsInt(2) == 0 ? HeapSlab::new : ChronicleSlab::new);
    }

    private static int pick(IntUnaryOperator choose, int... choices) {
        return choices[choose.applyAsInt(choices.length)];
    }
}
