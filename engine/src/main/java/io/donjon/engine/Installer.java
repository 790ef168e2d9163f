package io.donjon.engine;

import io.donjon.extents.Encoder;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.ManifestEdit;
import io.donjon.versioning.Line;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What flushes and merges have in common: arrays come into the manifest by an edit, then before readers' eyes. Thread-safe. */
final class Installer {
    private final ExtentStore store;
    private final Catalog catalog;
    private final ManifestImage image;
    private final ReadStates states;
    private final Commits commits;

    /** Arrays that nothing names or holds any more. */
    private final Queue<ArrayRun> graveyard;

    Installer(
            ExtentStore store,
            Catalog catalog,
            ManifestImage image,
            ReadStates states,
            Commits commits,
            Queue<ArrayRun> graveyard) {
        this.store = store;
        this.catalog = catalog;
        this.image = image;
        this.states = states;
        this.commits = commits;
        this.graveyard = graveyard;
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
        return ArrayRun.open(info, store, from, to, graveyard::add);
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
            List<ArrayRun> arrays = new ArrayList<>(old.arrays);
            change.accept(arrays);
            arrays.sort(ArrayRun.NEWEST_FIRST);
            return states.make(old.active, sealed, arrays);
        });
    }

    /** Frees what nobody reads any more. */
    void bury() {
        for (ArrayRun array = graveyard.poll(); array != null; array = graveyard.poll()) {
            array.free();
        }
    }
}
