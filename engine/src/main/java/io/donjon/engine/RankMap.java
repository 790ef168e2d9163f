package io.donjon.engine;

import io.donjon.extents.StorageException;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The version table of what comes of a merge, and for each input where its ranks go (design.md section 2). It is made once
 * for all pieces of a merge: a plan may be older than the piece, what was dropped meanwhile is kept once more.
 *
 * <p>A breakpoint moves to the first readable version at or behind its place, in its tree; the output names only such
 * versions. So breakpoints between which no readable version stands come to lie on one rank, where the last of a source
 * holds: what nobody can read disappears by itself. A breakpoint behind which nobody stands goes nowhere.
 *
 * <p>That is sound because no version can be born between a place and the first readable one behind it: it would stand
 * directly behind a parent that can be cloned, and there is none in between.
 *
 * <p>An input may say more than its band: its {@linkplain ArrayFooter.Outlook outlook}. Where inputs say of all keys what
 * the version shows at which the output ends, so does the output: that version is as good as readable and has the rank
 * behind the last. Elsewhere what inputs say of the version behind their band goes nowhere.
 */
final class RankMap {
    /** In {@link #ranks}: nobody can read what begins there. */
    static final int NOWHERE = -1;

    /** The output's versions in line order. */
    final int[] places;

    /** The band of the output, as places. */
    final int from;

    final int to;

    /** What becomes of an input's ranks, and the output rank at which its band ends. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Input(int[] ranks, int end) {}

    private final Map<Long, Input> inputs = new HashMap<>();

    /** By tree: the first output rank behind it. */
    private final Map<Long, Integer> treeEnds = new HashMap<>();

    /** Output ranks at which an array is to end that says what is there. */
    private final BitSet outlooks = new BitSet();

    private final VersionForest forest;

    private RankMap(int[] places, int from, int to, VersionForest forest) {
        this.places = places;
        this.from = from;
        this.to = to;
        this.forest = forest;
        int tree = VersionForest.NONE;
        for (int rank = places.length - 1; rank >= 0; rank--) {
            int here = forest.tree(places[rank]);
            if (here != tree) {
                treeEnds.put(forest.id(here), rank + 1);
                tree = here;
            }
        }
    }

    /** By rank of an input: the rank in the output. Ascending but for {@link #NOWHERE}. */
    int[] ranks(ArrayRun input) {
        return input(input).ranks;
    }

    /** The output rank at which an input says nothing any more, or MAX_VALUE where that is the end of the whole. */
    int end(ArrayRun input) {
        return input(input).end;
    }

    private Input input(ArrayRun array) {
        Input found = inputs.get(array.id());
        if (found == null) {
            throw new IllegalArgumentException(array + " was not there when the merge was planned");
        }
        return found;
    }

    /** The first output rank behind a tree, by its id; 0 if none of its versions is there. */
    int treeEnd(long tree) {
        return treeEnds.getOrDefault(tree, 0);
    }

    /**
     * Whether what ends at an output rank has an outlook on it.
     *
     * @param rank of a cut, or behind the last
     */
    boolean hasOutlook(int rank) {
        return outlooks.get(rank);
    }

    /**
     * Gives the arrays that end at these cuts an outlook where it is worth it and true for ever: where a version descends
     * from the one before the cut and has a descendant behind it. So nothing can be written to it any more; all that was
     * is older than what the inputs say of the descendant, and so among them, unless another array has its place.
     *
     * @param others the arrays beside the inputs that share keys with the output
     */
    void look(int[] cuts, List<ArrayRun> others) {
        Line line = forest.line();
        for (int cut : cuts) {
            int place = places[cut];
            if (cut + 1 < places.length
                    && descends(place, places[cut - 1])
                    && descends(places[cut + 1], place)
                    && others.stream()
                            .noneMatch(other ->
                                    line.compare(other.from(), place) <= 0 && line.compare(place, other.to()) < 0)) {
                outlooks.set(cut);
            }
        }
    }

    private boolean descends(int place, int from) {
        int at = place;
        // Parents stand before their children.
        while (at != VersionForest.ROOT && forest.line().compare(from, at) < 0) {
            at = forest.parent(at);
        }
        return at == from;
    }

    /** Plans the merge of arrays. */
    static RankMap of(List<ArrayRun> inputs, Catalog catalog) {
        VersionForest forest = catalog.forest();
        Line line = forest.line();
        int[][] tables = new int[inputs.size()][];
        int from = inputs.get(0).from();
        int to = inputs.get(0).to();
        int count = 0;
        for (int i = 0; i < tables.length; i++) {
            ArrayRun input = inputs.get(i);
            tables[i] = table(input, forest);
            count += tables[i].length + 1;
            from = line.compare(input.from(), from) < 0 ? input.from() : from;
            to = line.compare(input.to(), to) > 0 ? input.to() : to;
        }
        int[] shown = new int[count];
        count = 0;
        for (int i = 0; i < tables.length; i++) {
            System.arraycopy(tables[i], 0, shown, count, tables[i].length);
            count += tables[i].length;
            if (line.compare(inputs.get(i).to(), to) < 0) {
                shown[count++] = inputs.get(i).to();
            }
        }
        shown = line.sorted(Arrays.copyOf(shown, count));
        int[] shows = firstReadable(shown, to, catalog);
        int[] ranks = new int[shown.length];
        int[] places = rank(shows, ranks);
        RankMap map = new RankMap(places, from, to, forest);
        map.outlooks.set(places.length, map.isTold(inputs));
        for (int i = 0; i < tables.length; i++) {
            map.inputs.put(inputs.get(i).id(), map.input(inputs.get(i), tables[i], shown, shows, ranks));
        }
        return map;
    }

    /** Whether of all keys some input says what is there where the output ends, which is one of the output's last tree. */
    private boolean isTold(List<ArrayRun> inputs) {
        List<ArrayInfo> tell =
                inputs.stream().filter(this::tells).map(ArrayRun::info).toList();
        return !tell.isEmpty()
                && places.length > 0
                && forest.tree(places[places.length - 1]) == forest.tree(to)
                && ArrayInfo.cover(tell, MergePolicy.keysFrom(inputs), MergePolicy.keysTo(inputs));
    }

    private boolean tells(ArrayRun input) {
        return input.to() == to && input.footer().outlook().whole();
    }

    private static int[] table(ArrayRun input, VersionForest forest) {
        long[] ids = input.versions();
        int[] table = new int[ids.length];
        forest.places(ids, table);
        for (int rank = 0; rank < ids.length; rank++) {
            if (table[rank] == VersionForest.NONE) {
                throw StorageException.damaged(
                        input, "its version table has version " + ids[rank] + ", which does not exist");
            }
        }
        return table;
    }

    /** By place, in line order: the first readable one at or behind it, before the end of the band; NONE if there is none. */
    private static int[] firstReadable(int[] shown, int to, Catalog catalog) {
        VersionForest forest = catalog.forest();
        int[] shows = new int[shown.length];
        int behind = to;
        int behindShows = VersionForest.NONE;
        for (int i = shown.length - 1; i >= 0; i--) {
            int at = shown[i];
            while (at != VersionForest.NONE && at != behind && !catalog.isReadable(at)) {
                at = forest.next(at);
            }
            shows[i] = at == behind ? behindShows : at;
            behind = shown[i];
            behindShows = shows[i];
        }
        return shows;
    }

    /** Numbers what is shown, which ascends but for NONE behind all else; returns each once. */
    private static int[] rank(int[] shows, int[] ranks) {
        int[] places = new int[shows.length];
        int count = 0;
        for (int i = 0; i < shows.length; i++) {
            if (shows[i] == VersionForest.NONE) {
                ranks[i] = NOWHERE;
                continue;
            }
            if (count == 0 || places[count - 1] != shows[i]) {
                places[count++] = shows[i];
            }
            ranks[i] = count - 1;
        }
        return Arrays.copyOf(places, count);
    }

    private Input input(ArrayRun input, int[] table, int[] shown, int[] shows, int[] ranks) {
        boolean told = hasOutlook(places.length);
        boolean tells = told && tells(input);
        int[] mapped = new int[table.length + (input.footer().outlook().entries() > 0 ? 1 : 0)];
        int at = 0;
        for (int rank = 0; rank < table.length; rank++) {
            while (shown[at] != table[rank]) {
                at++;
            }
            int tree = forest.tree(table[rank]);
            if (ranks[at] == NOWHERE) {
                mapped[rank] = tells && tree == forest.tree(to) ? places.length : NOWHERE;
            } else {
                mapped[rank] = forest.tree(shows[at]) == tree ? ranks[at] : NOWHERE;
            }
        }
        if (mapped.length > table.length) {
            mapped[table.length] = tells ? places.length : NOWHERE;
        }
        while (at < shown.length && shown[at] != input.to()) {
            at++;
        }
        boolean within = at < shown.length && ranks[at] != NOWHERE;
        int last = told && !tells ? places.length : Integer.MAX_VALUE;
        int end = within ? ranks[at] : last;
        for (int rank = 0; rank < mapped.length; rank++) {
            mapped[rank] = mapped[rank] < end ? mapped[rank] : NOWHERE;
        }
        return new Input(mapped, end);
    }
}
