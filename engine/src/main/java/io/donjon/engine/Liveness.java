package io.donjon.engine;

import io.donjon.versioning.VersionForest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How much of an array can still be read, and by whom, estimated from its key sample: a breakpoint can, if a readable
 * version stands between it and the next one of its key, or where the band or the tree ends. Keys with so many
 * breakpoints that the sample has none of them count as if they were like the others.
 */
final class Liveness {
    /** What an entry takes besides key and value, and a value that is there already. */
    private static final int ENTRY_BYTES = 4;

    /** No index of a reader. */
    private static final int NOBODY = -2;

    private final KeySample sample;
    private final long arrayBytes;
    private final double keyBytes;
    private final double blockBytes;

    /** By rank: the index among readers at or behind its place, and of the last behind its tree. */
    private final int[] begins;

    private final int[] treeEnds;

    /** The index among readers at which the band ends. */
    private final int bandEnd;

    /**
     * How an array looks to readers.
     *
     * @param array held by the caller
     */
    Liveness(ArrayRun array, Readers readers, VersionForest forest) {
        this.sample = array.sample();
        this.arrayBytes = array.info().bytes();
        ArrayCounts counts = array.footer().counts();
        this.keyBytes = (double) counts.keyBytes() / Math.max(1, counts.keys());
        this.blockBytes = array.footer().blockBytes();
        int[] places = new int[array.footer().places()];
        forest.places(array.versions(), places);
        this.begins = new int[places.length];
        this.treeEnds = new int[places.length];
        Arrays.fill(begins, -1);
        for (KeySample.Key key : sample.keys()) {
            for (KeySample.Point point : key.points()) {
                int rank = Math.toIntExact(point.rank());
                if (begins[rank] < 0) {
                    begins[rank] = readers.at(places[rank]);
                    treeEnds[rank] = readers.treeEnd(places[rank], forest);
                }
            }
        }
        this.bandEnd = readers.at(array.to());
    }

    /** The share of the array's bytes that nobody can read, 0 to 1. */
    double deadShare() {
        double all = allBytes();
        double live = 0;
        for (KeySample.Key key : sample.keys()) {
            live += bytes(live(key.points()), NOBODY);
        }
        return all == 0 ? 0 : 1 - live / all;
    }

    /** Tells who reads what. */
    void reportTo(SpaceReport report) {
        double all = allBytes();
        double scale = all == 0 ? 0 : arrayBytes / all;
        for (KeySample.Key key : sample.keys()) {
            List<Segment> segments = live(key.points());
            double bytes = bytes(segments, NOBODY);
            for (Segment segment : segments) {
                double own = ENTRY_BYTES + segment.point.length();
                if (segment.to - segment.from > 1) {
                    report.shared(segment.from, segment.to, scale * (own + keyBytes));
                } else {
                    double freed = bytes - bytes(segments, segment.from);
                    report.exclusive(
                            segment.from, scale * (own + (segments.size() == 1 ? keyBytes : 0)), scale * freed);
                }
            }
        }
    }

    /**
     * What holds for some readers of a key.
     *
     * @param from index of the first of them
     * @param to index behind the last
     */
    private record Segment(KeySample.Point point, int from, int to) {}

    /** Whether or not anybody can read them: what the sample's breakpoints take. */
    private double allBytes() {
        double bytes = 0;
        for (KeySample.Key key : sample.keys()) {
            List<Segment> segments = new ArrayList<>();
            key.points().forEach(point -> segments.add(new Segment(point, 0, 0)));
            bytes += bytes(segments, NOBODY);
        }
        return bytes;
    }

    /** What of a key's breakpoints somebody can read, equal neighbours as one. */
    private List<Segment> live(List<KeySample.Point> points) {
        List<Segment> live = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            KeySample.Point point = points.get(i);
            int rank = (int) point.rank();
            int end = i + 1 < points.size() ? begins[(int) points.get(i + 1).rank()] : bandEnd;
            int from = begins[rank];
            int to = Math.min(end, treeEnds[rank]);
            if (from < to) {
                Segment last = live.isEmpty() ? null : live.get(live.size() - 1);
                if (last != null && saysTheSame(last.point, point)) {
                    live.set(live.size() - 1, new Segment(last.point, last.from, to));
                } else if (last != null || point.kind() != StepKind.PASS) {
                    live.add(new Segment(point, from, to));
                }
            }
        }
        return live;
    }

    /** About what a key's segments take once a merge has written them, without what one reader alone has. */
    private double bytes(List<Segment> segments, int without) {
        Map<Long, Double> values = new HashMap<>();
        double bytes = 0;
        KeySample.Point last = null;
        for (Segment segment : segments) {
            KeySample.Point point = segment.point;
            boolean says = last == null ? point.kind() != StepKind.PASS : !saysTheSame(point, last);
            boolean goes = segment.from == without && segment.to == without + 1;
            if (says && !goes) {
                bytes += ENTRY_BYTES + (last == null ? keyBytes : 0);
                if (StepKind.isValue(point.kind())) {
                    Double before = values.put(point.value(), bytes);
                    // It is there already if that is in the same block.
                    bytes += point.length() * (before == null ? 1 : Math.min(1, (bytes - before) / blockBytes));
                }
                last = point;
            }
        }
        return bytes;
    }

    private static boolean saysTheSame(KeySample.Point a, KeySample.Point b) {
        return a.kind() == b.kind() && a.length() == b.length() && a.hash() == b.hash();
    }
}
