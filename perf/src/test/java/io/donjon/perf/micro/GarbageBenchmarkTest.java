package io.donjon.perf.micro;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
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
            // An operation's garbage is in every iteration. JMH's own is spread over many operations, and that of
            // other threads, or of code that is compiled late on a busy machine, is in few iterations.
            List<Double> bytes = result.getBenchmarkResults().stream()
                    .flatMap(runs -> runs.getIterationResults().stream())
                    .map(iteration -> Objects.requireNonNull(
                                    iteration.getSecondaryResults().get("gc.alloc.rate.norm"), name)
                            .getScore())
                    .sorted()
                    .toList();
            assertTrue(bytes.get(bytes.size() / 2) < 8, name + ": " + bytes + " bytes per operation");
            seen.add(name);
        }
        assertEquals(Set.of("get", "cursorNext", "putBuffers", "putArrays"), seen);
    }
}
