/** Blocked Bloom filters over key hashes. */
@SuppressWarnings("module") // the module it is exported to is built later
module io.donjon.bloom {
    requires static org.jspecify;

    exports io.donjon.bloom to
            io.donjon.engine;
}
