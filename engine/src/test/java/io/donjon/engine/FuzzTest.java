package io.donjon.engine;

import io.donjon.extents.sim.Fuzzing;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is no parser's doing comes out of none, whatever goes in. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class FuzzTest {
    @ParameterizedTest
    @EnumSource
    void nothingUndeclaredComesOut(EngineParser parser) throws Exception {
        Fuzzing.replay(parser);
    }
}
