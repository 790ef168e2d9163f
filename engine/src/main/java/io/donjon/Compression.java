package io.donjon;

/** How the blocks of arrays are compressed. A block that would save less than an eighth is stored as it is. */
public enum Compression {
    /** Not at all. */
    NONE,

    /** LZ4, the default: about as fast as the disk; by native code where that loads, else in Java. */
    LZ4,

    /** Zstandard, level 1: smaller than LZ4 and two to three times as slow to unpack. Needs zstd-jni on the class path. */
    ZSTD
}
