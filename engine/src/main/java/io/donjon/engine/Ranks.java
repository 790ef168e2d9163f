package io.donjon.engine;

import io.donjon.extents.StorageException;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The arrays whose bands contain a version, newest first, and the local rank at which each is to be asked: the rank of
 * the last place in its version table that stands at or before the version. It is valid as long as the arrays are.
 */
final class Ranks {
    private final List<ArrayRun> listed;
    private final ArrayRun[] arrays;
    private final int[] ranks;
    private final int count;

    private Ranks(List<ArrayRun> listed, ArrayRun[] arrays, int[] ranks, int count) {
        this.listed = listed;
        this.arrays = arrays;
        this.ranks = ranks;
        this.count = count;
    }

    int count() {
        return count;
    }

    ArrayRun array(int i) {
        return arrays[i];
    }

    int rank(int i) {
        return ranks[i];
    }

    /** Whether it was made for this list of arrays. */
    boolean isFor(List<ArrayRun> list) {
        return listed == list;
    }

    /**
     * Works the ranks out for a place.
     *
     * @param before what was worked out for the same place and another list, whose answers are used again; or null
     */
    static Ranks of(List<ArrayRun> list, int place, VersionForest forest, @Nullable Ranks before) {
        ArrayRun[] arrays = new ArrayRun[list.size()];
        int[] ranks = new int[list.size()];
        int count = 0;
        Line line = forest.line();
        for (ArrayRun array : list) {
            if (line.compare(array.from(), place) <= 0 && line.compare(place, array.to()) < 0) {
                int known = before == null ? NOT_KNOWN : before.known(array);
                int rank = known == NOT_KNOWN ? floor(array, place, forest) : known;
                if (rank >= 0) {
                    arrays[count] = array;
                    ranks[count++] = rank;
                }
            }
        }
        return new Ranks(list, arrays, ranks, count);
    }

    private static final int NOT_KNOWN = -2;

    private int known(ArrayRun array) {
        for (int i = 0; i < count; i++) {
            if (arrays[i] == array) {
                return ranks[i];
            }
        }
        return NOT_KNOWN;
    }

    /** The rank of the last place of an array's version table at or before a place; -1 if there is none. */
    static int floor(ArrayRun array, int place, VersionForest forest) {
        return array.lastRank(version -> {
            int there = forest.place(version);
            if (there == VersionForest.NONE) {
                throw StorageException.damaged(
                        array, "its version table has version " + version + ", which does not exist");
            }
            return forest.line().compare(there, place) <= 0;
        });
    }
}
