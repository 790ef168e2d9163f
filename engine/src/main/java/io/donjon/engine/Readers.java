package io.donjon.engine;

import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * The readable versions of one moment, in line order: says how many of them stand between two places. What is counted
 * as unreadable here stays so, since nothing is born behind what cannot be read; so for later moments its answers are at
 * most too large, but for versions born since. One thread; it pins a state while it asks, so that places stay what they are.
 */
final class Readers {
    private final Line line;
    private int[] places = new int[64];
    private int count;

    /** By tree, as the place where it begins. */
    private final Map<Integer, Integer> treeEnds = new HashMap<>();

    private Readers(Line line) {
        this.line = line;
    }

    /** The readable versions of now. */
    static Readers of(Catalog catalog) {
        Readers readers = new Readers(catalog.forest().line());
        walk(catalog, VersionForest.ROOT, Line.END, readers::add, () -> readers.count = 0);
        return readers;
    }

    /**
     * Whether nothing from one place up to another can be read any more. Exact: versions are born only directly behind
     * readable ones.
     *
     * @param from a place that something names, so that it stays
     * @param to likewise, or {@link Line#END}
     */
    static boolean isDead(Catalog catalog, int from, int to) {
        boolean[] found = {false};
        walk(
                catalog,
                from,
                to,
                place -> {
                    found[0] = true;
                    return false;
                },
                () -> found[0] = false);
        return !found[0];
    }

    /**
     * Passes readable versions on.
     *
     * @param restart what was passed on so far comes again: the version at which the walk stood has left the line
     */
    private static void walk(Catalog catalog, int from, int to, IntPredicate found, Runnable restart) {
        long begin = catalog.forest().id(from);
        long at = begin;
        do {
            at = catalog.walk(at, to, found);
            if (at < 0) {
                restart.run();
                at = begin;
            }
        } while (at != 0);
    }

    private boolean add(int place) {
        if (place != VersionForest.ROOT) {
            if (count == places.length) {
                places = Arrays.copyOf(places, 2 * count);
            }
            places[count++] = place;
        }
        return true;
    }

    /** Whether there are any from one place up to another. */
    boolean any(int from, int to) {
        return at(from) < at(to);
    }

    /** The index of the first one at or behind a place; {@link #count} if there is none. */
    int at(int place) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (line.compare(places[middle], place) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** How many there are. */
    int count() {
        return count;
    }

    /** The place of one of them. */
    int place(int index) {
        return places[index];
    }

    /** The index of the first one behind the tree that a place is in. */
    int treeEnd(int place, VersionForest forest) {
        int tree = forest.tree(place);
        Integer known = treeEnds.get(tree);
        if (known != null) {
            return known;
        }
        int low = at(place);
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (forest.tree(places[middle]) == tree) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        treeEnds.put(tree, low);
        return low;
    }
}
