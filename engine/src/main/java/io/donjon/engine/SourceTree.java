package io.donjon.engine;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts the keys of a scan's sources in one order. Among sources with equal keys the newest, of the lowest number, wins. */
final class SourceTree extends LoserTree {
    private final RangeSource[] sources;
    private final boolean reverse;

    SourceTree(List<? extends RangeSource> sources, boolean reverse) {
        super(sources.size());
        this.sources = sources.toArray(RangeSource[]::new);
        this.reverse = reverse;
    }

    /** The source with the first key, or null if no source has any. */
    @Nullable RangeSource first() {
        int winner = winner();
        return winner < 0 ? null : sources[winner];
    }

    @Override
    boolean hasEnded(int source) {
        return !sources[source].valid;
    }

    @Override
    boolean beats(int a, int b) {
        RangeSource one = sources[a];
        RangeSource other = sources[b];
        if (!one.valid || !other.valid) {
            return one.valid || (!other.valid && a < b);
        }
        int order = Arrays.compareUnsigned(one.key, 0, one.keyLength, other.key, 0, other.keyLength);
        if (order == 0) {
            return a < b;
        }
        return reverse ? order > 0 : order < 0;
    }
}
