package io.donjon.engine;

import io.donjon.extents.Encoder;
import io.donjon.extents.ManifestEdit;
import io.donjon.versioning.Line;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What flushes and merges have in common: arrays come into the manifest by an edit, then before readers' eyes. Thread-safe. */
final class Installer {
    private final OpenArrays arrays;
    private final Catalog catalog;
    private final ManifestImage image;
    private final ReadStates states;
    private final Commits commits;

    Installer(OpenArrays arrays, Catalog catalog, ManifestImage image, ReadStates states, Commits commits) {
        this.arrays = arrays;
        this.catalog = catalog;
        this.image = image;
        this.states = states;
        this.commits = commits;
    }

    /** Gives what was written for keys from one on and below another a number, and the edit its extents. */
    ArrayInfo add(
            ManifestEdit edit,
            ArrayWriter.Written written,
            long age,
            int from,
            int to,
            byte[] keysFrom,
            byte @Nullable [] keysTo) {
        written.addTo(edit);
        long end = to == Line.END ? ArrayInfo.END_OF_LINE : catalog.forest().id(to);
        return written.info(image.newArray(), age, catalog.forest().id(from), end, keysFrom, keysTo);
    }

    /** Takes an array away by an edit. */
    static void remove(ManifestEdit edit, Encoder part, ArrayInfo info) {
        ManifestImage.arrayGone(part, info.id());
        edit.drop(info.data()).drop(info.meta());
        if (info.values() != 0) {
            edit.drop(info.values());
        }
    }

    ArrayRun open(ArrayInfo info, int from, int to) {
        return arrays.open(info, from, to);
    }

    /**
     * Lets readers see what an edit has made durable. If that cannot be, no other edit may follow: it would not go with
     * this.
     */
    void show(Runnable change) {
        boolean done = false;
        try {
            change.run();
            done = true;
        } finally {
            if (!done) {
                commits.turnReadOnly("an array could not be read right after it was written");
            }
        }
    }

    /** Changes the arrays that are read; with that goes a sealed buffer, if one is given. */
    void replace(@Nullable Generation flushed, Consumer<List<ArrayRun>> change) {
        states.replace(old -> {
            List<Generation> sealed = new ArrayList<>(old.sealed);
            sealed.remove(flushed);
            List<ArrayRun> read = new ArrayList<>(old.arrays);
            change.accept(read);
            read.sort(ArrayRun.NEWEST_FIRST);
            return states.make(old.active, sealed, read);
        });
    }

    /** Frees what nobody reads any more. */
    void bury() {
        arrays.bury();
    }
}
