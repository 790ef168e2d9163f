package io.donjon.perf.micro;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The hot path makes no garbage, by JMH's own count (design.md section 7.3). */
final class GarbageBenchmarkTest {
    @Test
    void theHotPathMakesNone() throws RunnerException {
        Set<String> seen = new HashSet<>();
        for (RunResult result : new Runner(new OptionsBuilder()
                        .include("\\." + GarbageBenchmark.class.getSimpleName() + "\\.")
                        .addProfiler(GCProfiler.class)
                        .forks(0)
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run()) {
            String name = result.getPrimaryResult().getLabel();
            double bytes = Objects.requireNonNull(result.getSecondaryResults().get("gc.alloc.rate.norm"), name)
                    .getScore();
            // What JMH makes for itself is spread over many operations.
            assertTrue(bytes < 8, name + ": " + bytes + " bytes per operation");
            seen.add(name);
        }
        assertEquals(Set.of("get", "cursorNext", "putBuffers", "putArrays"), seen);
    }
}
