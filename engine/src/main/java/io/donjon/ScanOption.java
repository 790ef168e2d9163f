package io.donjon;

/** How a scan goes. */
public enum ScanOption {
    /** From the range's end to its start. */
    REVERSE,

    /** Values are not read; {@link Cursor#value()} is empty. */
    KEYS_ONLY,

    /** Blocks that were read for this scan are not kept in the cache: for full scans beside other work. */
    NO_CACHE_FILL
}
