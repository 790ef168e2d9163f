package io.donjon.extents;

import java.util.function.Consumer;

/**
 * Who keeps state of his own in the manifest: the engine. The manifest does not look into it.
 */
public interface ManifestClient {
    /**
     * Takes a part of the state, in the order in which the parts were written: those of the checkpoint, then those of
     * the edits behind it. Called while a store opens.
     */
    void restore(Decoder part);

    /**
     * Writes the whole state, as of the last edit, in parts of at most about a mebibyte. Called with edits held back. What it
     * takes is reserved on the disks by what the last one and the parts of edits since took.
     */
    void checkpoint(Consumer<Encoder> parts);

    /** Hears that a disk has been left out. Must not wait, nor use the manifest. */
    void diskLeft();
}
