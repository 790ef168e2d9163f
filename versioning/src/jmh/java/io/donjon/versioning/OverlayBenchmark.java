package io.donjon.versioning;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does a merge spend on each breakpoint only to find out what holds there? Steps of keys with {@value #STEPS} steps
 * each, spread over the sources, a quarter of them passes, and every second source's band ends early.
 */
@NullUnmarked // JMH fills the fields before it calls anything else
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class OverlayBenchmark {
    private static final int KEYS = 1024;
    private static final int STEPS = 16;
    private static final int RANKS = 64;

    /** Two are what a merge mostly has; 16 are many. */
    @Param({"2", "16"})
    public int sources;

    private final int[] ranks = new int[KEYS * STEPS];
    private final int[] steppers = new int[KEYS * STEPS];
    private final boolean[] passes = new boolean[KEYS * STEPS];
    private Overlay overlay;
    private int at;
    private int told;

    /** Rolls the steps. */
    @Setup
    public void roll() {
        SplittableRandom random = new SplittableRandom(1);
        int[] ends = new int[sources];
        for (int source = 0; source < sources; source++) {
            ends[source] = source % 2 == 0 ? Integer.MAX_VALUE : RANKS / 2 + random.nextInt(RANKS / 2);
        }
        for (int key = 0; key < KEYS; key++) {
            int[] ascending = random.ints(STEPS, 0, RANKS).sorted().toArray();
            for (int step = 0; step < STEPS; step++) {
                int source = random.nextInt(sources);
                int i = key * STEPS + step;
                ranks[i] = ascending[step];
                steppers[i] = ascending[step] < ends[source] ? source : 0;
                passes[i] = random.nextInt(4) == 0;
            }
        }
        overlay = new Overlay(ends, (rank, source) -> told += source);
        overlay.begin();
    }

    /** The next step; every {@value #STEPS}th also ends a key and begins another. */
    @Benchmark
    public int step() {
        if (at % STEPS == 0) {
            overlay.end();
            overlay.begin();
            at = at == ranks.length ? 0 : at;
        }
        overlay.advance(ranks[at]);
        overlay.step(steppers[at], passes[at]);
        at++;
        return told;
    }
}
