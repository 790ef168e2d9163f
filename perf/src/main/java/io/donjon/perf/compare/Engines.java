package io.donjon.perf.compare;

import java.util.Map;
import java.util.TreeMap;

/** The engines that can be compared, by name. */
final class Engines {
    static final String DONJON = "donjon";
    static final String BTREE = "btree";
    static final String MVSTORE = "mvstore";

    private static final Map<String, Engine.Factory> FACTORIES =
            new TreeMap<>(Map.of(DONJON, DonjonEngine::new, BTREE, BTreeEngine::new));

    private Engines() {}

    static Engine.Factory named(String name) {
        Engine.Factory factory = FACTORIES.get(name);
        if (factory == null) {
            throw new IllegalArgumentException("engine " + name + ": must be one of " + FACTORIES.keySet());
        }
        return factory;
    }
}
