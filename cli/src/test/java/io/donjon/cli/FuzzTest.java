package io.donjon.cli;

import io.donjon.cli.git.GitParser;
import io.donjon.extents.sim.Fuzzing;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is no parser's doing comes out of none, whatever goes in. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class FuzzTest {
    @ParameterizedTest
    @EnumSource
    void nothingUndeclaredComesOut(CliParser parser) throws Exception {
        Fuzzing.replay(parser);
    }

    @ParameterizedTest
    @EnumSource
    void nothingUndeclaredComesOutOfGits(GitParser parser) throws Exception {
        Fuzzing.replay(parser);
    }
}
