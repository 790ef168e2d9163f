/** Disks as directories of superchunk files: chunks, extents, the manifest, the log and the block cache. */
@SuppressWarnings({"module", "requires-automatic"}) // the engine is built later; lz4-java has no descriptor
module io.donjon.extents {
    requires static org.jspecify;
    requires io.donjon.rda;
    requires jdk.unsupported;
    requires org.slf4j;
    requires org.lz4.java;
    requires static com.github.luben.zstd_jni;

    exports io.donjon.extents to
            io.donjon.engine;
}
