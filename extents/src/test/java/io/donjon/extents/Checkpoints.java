package io.donjon.extents;

/** Lets tests of other modules rewrite the manifest, which by itself takes a mebibyte of edits. */
public final class Checkpoints {
    private Checkpoints() {}

    /** Moves the manifest to its other slot on every disk. To be called by one thread. */
    public static void write(ExtentStore store) {
        store.manifest().checkpoint();
    }
}
