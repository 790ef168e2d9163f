/** The embeddable store. {@link io.donjon.Store} is where to start. */
@SuppressWarnings("requires-automatic") // chronicle-bytes has no descriptor
module io.donjon.engine {
    requires static transitive org.jspecify;
    requires io.donjon.bloom;
    requires io.donjon.versioning;
    requires io.donjon.extents;
    requires com.google.common;
    requires chronicle.bytes;
    requires java.logging;
    requires org.slf4j;

    exports io.donjon;
}
