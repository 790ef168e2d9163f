/** Disks as directories of superchunk files: chunks, extents, the manifest, the log and the block cache. */
@SuppressWarnings("module") // the module it is exported to is built later
module io.donjon.extents {
    requires static org.jspecify;
    requires io.donjon.rda;
    requires jdk.unsupported;
    requires org.slf4j;

    exports io.donjon.extents to
            io.donjon.engine;
}
