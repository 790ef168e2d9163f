package io.donjon.engine;

import io.donjon.Store;
import io.donjon.StoreOptions;

/** The door from the public API to what implements it. */
public final class Stores {
    private Stores() {}

    /** Opens a store; see {@link Store#open}. */
    public static Store open(StoreOptions options) {
        return new StoreHandle(Engine.open(options));
    }
}
