package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * All breakpoints of the keys whose hash lies under a threshold (design.md section 4): a sample of an array that can be
 * overlaid with the samples of others exactly as the arrays themselves would be.
 *
 * @param threshold as an unsigned number; 0 if all keys are in
 * @param keys in order of their hashes
 */
record KeySample(long threshold, List<Key> keys) {
    /**
     * A key with more breakpoints than this counts as heavy: the sample knows that it is there, and no breakpoints. So a
     * few such keys leave room for others.
     */
    static final int POINTS_OF_KEY_MAX = 256;

    /** A sampled key with its breakpoints in order of rank; none if it is heavy. */
    record Key(long hash, List<Point> points) {
        boolean isHeavy() {
            return points.isEmpty();
        }
    }

    /** A breakpoint: its rank, kind (VALUE for resumed ones), and the value's length and the low half of its hash. */
    record Point(long rank, int kind, long length, int hash) {
        /** Tells values of a key apart, as far as a sample can: equal hashes of equal lengths count as equal values. */
        long value() {
            return length << Integer.SIZE ^ Integer.toUnsignedLong(hash);
        }
    }

    /** The share of all keys that is sampled. */
    double share() {
        return threshold == 0 ? 1.0 : (threshold >>> 1) / (double) Long.MAX_VALUE;
    }

    Encoder encode() {
        Encoder out = new Encoder(4096);
        out.u64(threshold).varint(keys.size());
        for (Key key : keys) {
            out.u64(key.hash).varint(key.points.size());
            for (Point point : key.points) {
                out.varint(point.rank).u8(point.kind);
                if (StepKind.isValue(point.kind)) {
                    out.varint(point.length).u32(point.hash);
                }
            }
        }
        return out;
    }

    static KeySample decode(Decoder in) {
        long threshold = in.u64();
        List<Key> keys = new ArrayList<>();
        for (int left = in.count("sampled keys"); left > 0; left--) {
            long hash = in.u64();
            List<Point> points = new ArrayList<>();
            for (int more = in.count("breakpoints of a sampled key"); more > 0; more--) {
                long rank = in.varint();
                int kind = in.u8();
                boolean value = StepKind.isValue(kind);
                points.add(new Point(rank, kind, value ? in.varint() : 0, value ? in.u32() : 0));
            }
            keys.add(new Key(hash, points));
        }
        return new KeySample(threshold, keys);
    }

    /** Gathers a sample while an array is written: the threshold halves whenever there are too many breakpoints. */
    static final class Builder {
        /** More breakpoints than this make the threshold fall; about half of them are left then. */
        static final int POINTS_MAX = 4096;

        /** About what it takes when it is full: mostly keys with one breakpoint each. */
        static final long BYTES_USUAL = 112L * POINTS_MAX;

        private long threshold;
        private List<Key> keys = new ArrayList<>();
        private int points;

        /** Whether the last key is heavy. */
        private boolean heavy;

        /** Whether the breakpoints of a key with this hash are wanted. */
        boolean wants(long hash) {
            return threshold == 0 || Long.compareUnsigned(hash, threshold) < 0;
        }

        /** A breakpoint of a wanted key; those of one key come one after another. */
        void add(long hash, Point point) {
            if (!wants(hash)) {
                // The threshold has fallen below it since its first breakpoint, which is gone as well.
                return;
            }
            if (keys.isEmpty() || keys.get(keys.size() - 1).hash != hash) {
                keys.add(new Key(hash, new ArrayList<>(1)));
                points++;
                heavy = false;
            }
            List<Point> ofKey = keys.get(keys.size() - 1).points;
            if (ofKey.size() == POINTS_OF_KEY_MAX) {
                points -= ofKey.size() - 1;
                ofKey.clear();
                heavy = true;
            }
            if (heavy) {
                return;
            }
            ofKey.add(point);
            points += ofKey.size() > 1 ? 1 : 0;
            if (points > POINTS_MAX) {
                halve();
            }
        }

        private void halve() {
            while (points > POINTS_MAX && threshold != 1) {
                threshold = threshold == 0 ? 1L << 63 : threshold >>> 1;
                List<Key> kept = new ArrayList<>();
                points = 0;
                for (Key key : keys) {
                    if (Long.compareUnsigned(key.hash, threshold) < 0) {
                        kept.add(key);
                        points += Math.max(1, key.points.size());
                    }
                }
                keys = kept;
            }
        }

        KeySample build() {
            keys.sort(Comparator.comparing(Key::hash, Long::compareUnsigned));
            return new KeySample(threshold, keys);
        }
    }
}
