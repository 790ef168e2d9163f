package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.perf.IoCounts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class BTreeEngineTest extends EngineContract {
    @Override
    Engine open(Path at) {
        return new BTreeEngine(at, SETUP);
    }

    @Test
    void aSyncWritesWhatWasPut() {
        try (Engine engine = open(folder)) {
            IoCounts before = engine.counts();
            engine.put(ByteBuffer.allocate(16), ByteBuffer.allocate(100));
            assertEquals(before, engine.counts());
            engine.sync();
            IoCounts sync = engine.counts().since(before);
            assertTrue(sync.writtenBytes() >= 116 && sync.forces() > 0, "" + sync);
        }
    }
}
