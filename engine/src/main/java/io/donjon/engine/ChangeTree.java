package io.donjon.engine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts the keys of a diff's sources in one order. A source that has only a bound comes before those that have found the
 * same key: so once one of these is first, no other has the key or a smaller one without knowing it.
 */
final class ChangeTree extends LoserTree {
    private final ChangeSource[] sources;

    ChangeTree(List<ChangeSource> sources) {
        super(sources.size());
        this.sources = sources.toArray(ChangeSource[]::new);
    }

    /** The source with the first key, found if need be; null if no source has any. */
    @Nullable ChangeSource first() {
        while (winner() >= 0) {
            ChangeSource first = sources[winner()];
            if (!first.pending) {
                return first;
            }
            first.next();
            replay();
        }
        return null;
    }

    @Override
    boolean hasEnded(int source) {
        return !sources[source].valid;
    }

    @Override
    boolean beats(int a, int b) {
        ChangeSource one = sources[a];
        ChangeSource other = sources[b];
        if (!one.valid || !other.valid) {
            return one.valid || (!other.valid && a < b);
        }
        int order = one.compareKey(other.key, other.keyLength);
        if (order != 0) {
            return order < 0;
        }
        return one.pending == other.pending ? a < b : one.pending;
    }
}
