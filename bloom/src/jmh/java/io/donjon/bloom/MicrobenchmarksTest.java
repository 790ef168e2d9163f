package io.donjon.bloom;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Each microbenchmark runs, once and not for its time. */
final class MicrobenchmarksTest {
    @Test
    void eachRuns() throws RunnerException {
        Set<String> ran = new TreeSet<>();
        for (RunResult result : new Runner(new OptionsBuilder()
                        .include("^io\\.donjon\\.bloom\\.")
                        .param("keys", "10000")
                        .mode(Mode.SingleShotTime)
                        .forks(0)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run()) {
            ran.add(result.getParams().getBenchmark().replace("io.donjon.bloom.", ""));
        }
        assertEquals(Set.of("FilterBenchmark.absent", "FilterBenchmark.present"), ran);
    }
}
