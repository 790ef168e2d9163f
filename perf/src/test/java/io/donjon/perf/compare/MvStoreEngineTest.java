package io.donjon.perf.compare;

import java.nio.file.Path;

final class MvStoreEngineTest extends EngineContract {
    @Override
    Engine open(Path at) {
        return new MvStoreEngine(at, SETUP);
    }
}
