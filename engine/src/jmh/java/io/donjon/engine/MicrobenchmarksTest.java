package io.donjon.engine;

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
                        .include("^io\\.donjon\\.engine\\.")
                        .param("records", "1000")
                        .param("blocks", "1")
                        .param("arrays", "2")
                        .mode(Mode.SingleShotTime)
                        .forks(0)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run()) {
            ran.add(result.getParams().getBenchmark().replace("io.donjon.engine.", ""));
        }
        assertEquals(
                Set.of(
                        "BlockSearchBenchmark.next",
                        "BlockSearchBenchmark.seekAbsent",
                        "BlockSearchBenchmark.seekPresent",
                        "MergeBenchmark.merge",
                        "WriteBufferBenchmark.find",
                        "WriteBufferBenchmark.findAbsent",
                        "WriteBufferBenchmark.findJdk",
                        "WriteBufferBenchmark.insert",
                        "WriteBufferBenchmark.insertJdk"),
                ran);
    }
}
