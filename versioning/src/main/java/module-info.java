/** The version forest, the line on which versions stand, and step functions over it. */
@SuppressWarnings("module") // the module it is exported to is built later
module io.donjon.versioning {
    requires static org.jspecify;

    exports io.donjon.versioning to
            io.donjon.engine;
}
