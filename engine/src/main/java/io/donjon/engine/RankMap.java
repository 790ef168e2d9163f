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

    /** The band of the output, as places. */
    final int from;

    final int to;

    private RankMap(int[] places, int[][] ranks, int[] ends, int from, int to) {
        this.places = places;
        this.ranks = ranks;
        this.ends = ends;
        this.from = from;
        this.to = to;
    }

    /** Plans the merge of arrays, newest first. */
    static RankMap of(List<ArrayRun> inputs, Catalog catalog) {
        VersionForest forest = catalog.forest();
        Line line = forest.line();
        int[][] tables = new int[inputs.size()][];
        int count = 0;
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
            count += ids.length + 1;
            from = line.compare(input.from(), from) < 0 ? input.from() : from;
            to = line.compare(input.to(), to) > 0 ? input.to() : to;
        }
        Integer[] named = new Integer[count];
        int n = 0;
        for (int i = 0; i < tables.length; i++) {
            for (int place : tables[i]) {
                named[n++] = place;
            }
            named[n++] = inputs.get(i).to();
        }
        Arrays.sort(named, line::compare);
        Map<Integer, Integer> shown = firstReadable(named, to, catalog);
        int[] places = shown.values().stream()
                .filter(place -> place != VersionForest.NONE)
                .sorted(line::compare)
                .mapToInt(Integer::intValue)
                .distinct()
                .toArray();
        Map<Integer, Integer> rankOf = new HashMap<>();
        for (int rank = 0; rank < places.length; rank++) {
            rankOf.put(places[rank], rank);
        }
        int[][] ranks = new int[tables.length][];
        int[] ends = new int[tables.length];
        for (int i = 0; i < tables.length; i++) {
            int end = inputs.get(i).to();
            int endShows = end == to ? VersionForest.NONE : shown.get(end);
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
        return new RankMap(places, ranks, ends, from, to);
    }

    /** For each place the first readable one at or behind it, before the end of the band; NONE if there is none. */
    private static Map<Integer, Integer> firstReadable(Integer[] sorted, int to, Catalog catalog) {
        VersionForest forest = catalog.forest();
        Line line = forest.line();
        Map<Integer, Integer> found = new HashMap<>();
        int behind = VersionForest.NONE;
        int behindShows = VersionForest.NONE;
        for (int i = sorted.length - 1; i >= 0; i--) {
            int place = sorted[i];
            if (found.containsKey(place)) {
                continue;
            }
            int shows = VersionForest.NONE;
            if (line.compare(place, to) < 0) {
                int at = place;
                while (at != VersionForest.NONE && at != behind && at != to && !catalog.isReadable(at)) {
                    at = forest.next(at);
                }
                boolean stopped = at == VersionForest.NONE || at == to;
                shows = stopped ? VersionForest.NONE : at == behind ? behindShows : at;
            }
            found.put(place, shows);
            behind = place;
            behindShows = shows;
        }
        return found;
    }
}
