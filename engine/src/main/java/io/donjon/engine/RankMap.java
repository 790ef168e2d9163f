package io.donjon.engine;

import io.donjon.extents.StorageException;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The version table of a merge's output, and for each input where its ranks go (design.md section 2).
 *
 * <p>A breakpoint moves to the first readable version at or behind its place, in its tree; the output names only such
 * versions. So breakpoints between which no readable version stands come to lie on one rank, where the last of a source
 * holds: what nobody can read disappears by itself. A breakpoint behind which nobody stands goes nowhere.
 *
 * <p>That is sound because no version can be born between a place and the first readable one behind it: it would stand
 * directly behind a parent that can be cloned, and there is none in between.
 */
final class RankMap {
    /** In {@link #ranks}: nobody can read what begins there. */
    static final int NOWHERE = -1;

    /** The output's versions in line order. */
    final int[] places;

    /** By input and local rank: the rank in the output. Ascending but for {@link #NOWHERE}. */
    final int[][] ranks;

    /** By input: the output rank at which its band ends, or MAX_VALUE where that is the end of the whole. */
    final int[] ends;

    /**
     * The bands of the output: the places at which one ends and the next begins; first and last are where the whole
     * begins and ends.
     */
    final int[] bounds;

    /** By number of the band: the output rank at which it begins, and behind the last the number of ranks. */
    final int[] begins;

    private RankMap(int[] places, int[][] ranks, int[] ends, int[] bounds, int[] begins, VersionForest forest) {
        this.places = places;
        this.ranks = ranks;
        this.ends = ends;
        this.bounds = bounds;
        this.begins = begins;
        for (int rank = 0; rank < places.length; rank++) {
            treeEnds.put(forest.id(forest.tree(places[rank])), rank + 1);
        }
    }

    /** By tree: the first output rank behind it. */
    private final Map<Long, Integer> treeEnds = new HashMap<>();

    /** The first output rank behind a tree, by its id; 0 if none of its versions is there. */
    int treeEnd(long tree) {
        return treeEnds.getOrDefault(tree, 0);
    }

    /** The place at which the whole output begins. */
    int from() {
        return bounds[0];
    }

    /** The place at which the whole output ends. */
    int to() {
        return bounds[bounds.length - 1];
    }

    /**
     * Plans the merge of arrays, newest first.
     *
     * @param cuts places at which the output is cut, in line order; those outside of its band are passed over
     */
    static RankMap of(List<ArrayRun> inputs, int[] cuts, Catalog catalog) {
        VersionForest forest = catalog.forest();
        Line line = forest.line();
        int[][] tables = new int[inputs.size()][];
        int from = inputs.get(0).from();
        int to = inputs.get(0).to();
        for (int i = 0; i < tables.length; i++) {
            ArrayRun input = inputs.get(i);
            long[] ids = input.versions();
            tables[i] = new int[ids.length];
            forest.places(ids, tables[i]);
            for (int rank = 0; rank < ids.length; rank++) {
                if (tables[i][rank] == VersionForest.NONE) {
                    throw StorageException.damaged(
                            input, "its version table has version " + ids[rank] + ", which does not exist");
                }
            }
            from = line.compare(input.from(), from) < 0 ? input.from() : from;
            to = line.compare(input.to(), to) > 0 ? input.to() : to;
        }
        PlaceMap shown = new PlaceMap();
        for (int i = 0; i < tables.length; i++) {
            for (int place : tables[i]) {
                shown.put(place, VersionForest.NONE);
            }
            if (line.compare(inputs.get(i).to(), to) < 0) {
                shown.put(inputs.get(i).to(), VersionForest.NONE);
            }
        }
        int[] bounds = bounds(from, cuts, to, line);
        for (int i = 1; i < bounds.length - 1; i++) {
            shown.put(bounds[i], VersionForest.NONE);
        }
        PlaceMap rankOf = new PlaceMap();
        findReadable(shown, to, catalog, rankOf);
        int[] places = rankOf.inOrder(line);
        rankOf.rank(places);
        int[][] ranks = new int[tables.length][];
        int[] ends = new int[tables.length];
        for (int i = 0; i < tables.length; i++) {
            int end = inputs.get(i).to();
            int endShows = shown.has(end) ? shown.get(end) : VersionForest.NONE;
            ends[i] = endShows == VersionForest.NONE ? Integer.MAX_VALUE : rankOf.get(endShows);
            ranks[i] = new int[tables[i].length];
            for (int rank = 0; rank < ranks[i].length; rank++) {
                int place = tables[i][rank];
                int shows = shown.get(place);
                boolean readable = shows != VersionForest.NONE
                        && forest.tree(shows) == forest.tree(place)
                        && rankOf.get(shows) < ends[i];
                ranks[i][rank] = readable ? rankOf.get(shows) : NOWHERE;
            }
        }
        int[] begins = new int[bounds.length];
        for (int i = bounds.length - 1; i >= 0; i--) {
            int shows = i == bounds.length - 1 || i == 0 ? VersionForest.NONE : shown.get(bounds[i]);
            begins[i] = i == 0 ? 0 : shows == VersionForest.NONE ? places.length : rankOf.get(shows);
        }
        return new RankMap(places, ranks, ends, bounds, begins, forest);
    }

    private static int[] bounds(int from, int[] cuts, int to, Line line) {
        int[] within = Arrays.stream(cuts)
                .filter(cut -> line.compare(from, cut) < 0 && line.compare(cut, to) < 0)
                .toArray();
        int[] bounds = new int[within.length + 2];
        bounds[0] = from;
        System.arraycopy(within, 0, bounds, 1, within.length);
        bounds[bounds.length - 1] = to;
        return bounds;
    }

    /**
     * Finds for each place the first readable one at or behind it, before the end of the band; NONE if there is none.
     *
     * @param found gets each that was found
     */
    private static void findReadable(PlaceMap shown, int to, Catalog catalog, PlaceMap found) {
        VersionForest forest = catalog.forest();
        int[] sorted = shown.inOrder(forest.line());
        int behind = to;
        int behindShows = VersionForest.NONE;
        for (int i = sorted.length - 1; i >= 0; i--) {
            int at = sorted[i];
            while (at != VersionForest.NONE && at != behind && !catalog.isReadable(at)) {
                at = forest.next(at);
            }
            int shows = at == behind ? behindShows : at;
            shown.put(sorted[i], shows);
            if (shows != VersionForest.NONE) {
                found.put(shows, 0);
            }
            behind = sorted[i];
            behindShows = shows;
        }
    }
}
