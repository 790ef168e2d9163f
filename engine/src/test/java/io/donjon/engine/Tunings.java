package io.donjon.engine;

import io.donjon.extents.Codec;
import java.util.random.RandomGenerator;

/** Tunings that make small histories go through everything: buffers of a few entries, blocks of a few dozen bytes. */
final class Tunings {
    private Tunings() {}

    /** The tuning that a test of small data takes. */
    static Tuning small() {
        return new Tuning(
                16 << 10, 1, 64 << 10, 512, 64, 10, 1.0, 1, 4096, 4096, 16 << 10, 16, Codec.LZ4, HeapSlab::new);
    }

    /** Any tuning: what it says must not change an answer. */
    static Tuning random(RandomGenerator random) {
        return new Tuning(
                pick(random, 1 << 10, 8 << 10, 64 << 10),
                1 + random.nextInt(2),
                pick(random, 0, 16 << 10, 1 << 20),
                pick(random, 128, 512, 4096),
                pick(random, 4, 64, 16384),
                pick(random, 0, 6, 10),
                random.nextBoolean() ? 1.0 : random.nextBoolean() ? 0.5 : 3.0,
                1 + random.nextInt(2),
                pick(random, 4096, 65536),
                pick(random, 4096, 65536),
                pick(random, 8192, 65536),
                pick(random, 1, 4, 64),
                random.nextBoolean() ? Codec.LZ4 : Codec.RAW,
                random.nextBoolean() ? HeapSlab::new : ChronicleSlab::new);
    }

    private static int pick(RandomGenerator random, int... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
