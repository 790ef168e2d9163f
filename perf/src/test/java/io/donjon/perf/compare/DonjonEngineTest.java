package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.perf.IoCounts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class DonjonEngineTest extends EngineContract {
    @Override
    Engine open(Path at) {
        return new DonjonEngine(at, SETUP);
    }

    @Test
    void aSyncWritesWhatWasPut() {
        try (Engine engine = open(folder)) {
            IoCounts before = engine.counts();
            engine.put(ByteBuffer.allocate(16), ByteBuffer.allocate(100));
            engine.sync();
            IoCounts sync = engine.counts().since(before);
            assertTrue(sync.writtenBytes() >= 116 && sync.forces() > 0, "" + sync);
        }
    }

    @Test
    void tellsTheSizeOfItsBuffer() {
        try (Engine engine = open(folder)) {
            Map<String, Double> figures = engine.figures();
            double buffer = figures.getOrDefault(DonjonMeter.BUFFER_BYTES, 0.0);
            assertTrue(buffer > 0 && buffer < SETUP.memoryBytes(), "" + figures);
        }
    }
}
