package io.donjon.engine;

import io.donjon.extents.ExtentStore;
import java.util.Collection;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The arrays whose files are there: those that are read, and those that somebody still holds. Thread-safe. */
final class OpenArrays {
    private final ExtentStore store;

    /** By id, the first view of each. */
    private final Map<Long, ArrayRun> open = new ConcurrentHashMap<>();

    /** What nothing names or holds any more. */
    private final Queue<ArrayRun> graveyard = new ConcurrentLinkedQueue<>();

    OpenArrays(ExtentStore store) {
        this.store = store;
    }

    /** Opens an array that the manifest names, with its band as places. */
    ArrayRun open(ArrayInfo info, int from, int to) {
        ArrayRun array = ArrayRun.open(info, store, from, to, graveyard::add);
        open.put(array.id(), array);
        return array;
    }

    /** All of them, for whoever looks at their version tables and bands; not for reading their keys. */
    Collection<ArrayRun> all() {
        return open.values();
    }

    /** Frees what nobody reads any more. */
    void bury() {
        for (ArrayRun array = graveyard.poll(); array != null; array = graveyard.poll()) {
            if (array.free()) {
                open.remove(array.id());
            }
        }
    }
}
