/** Random duplicate allocation as arithmetic: which disks hold which chunk. */
@SuppressWarnings("module") // the module it is exported to is built later
module io.donjon.rda {
    requires static org.jspecify;

    exports io.donjon.rda to
            io.donjon.extents;
}
