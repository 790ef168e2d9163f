package io.donjon.engine;

import io.donjon.Cursor;
import io.donjon.KeyRange;
import io.donjon.ScanOption;
import io.donjon.extents.StorageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A scan of a range of keys at one version and one point in time: overlays what the buffers and arrays say, newest first.
 */
final class ScanCursor extends PinnedCursor implements Cursor {
    private final VersionRef version;
    private final long tree;
    private final Set<ScanOption> options;
    private final boolean reverse;

    // The range, as full keys.
    private final FullKey lower = new FullKey();
    private final boolean lowerInclusive;
    private final FullKey upper = new FullKey();
    private final boolean upperInclusive;

    private SourceTree sources = new SourceTree(List.of(), false);
    private List<RangeSource> all = List.of();

    /** The present key, or the last one where the scan has stopped; a key in {@link #key} counts if {@link #started}. */
    private byte[] key = new byte[64];

    private int keyLength;
    private ByteBuffer keyView = ByteBuffer.wrap(key).asReadOnlyBuffer();
    private boolean started;
    private boolean present;
    private boolean atEnd;
    private final ValueHolder value = new ValueHolder();

    /**
     * A cursor before the first key.
     *
     * @param pin what to read, pinned; the cursor gives it back
     */
    ScanCursor(Reads reads, VersionRef version, ReadStates.Pin pin, KeyRange range, ScanOption... scanOptions) {
        super(reads, pin);
        this.version = version;
        this.tree = version.treeId();
        this.options = EnumSet.noneOf(ScanOption.class);
        this.options.addAll(List.of(scanOptions));
        this.reverse = options.contains(ScanOption.REVERSE);
        this.lowerInclusive = Ranges.lower(range, tree, lower);
        this.upperInclusive = Ranges.upper(range, tree, upper);
        open(pin.state());
    }

    @Override
    void open(ReadState state) {
        Reads reads = reads();
        long sequence = reads.sequence(state, version);
        List<RangeSource> found = new ArrayList<>();
        addBuffer(found, state.active, sequence);
        for (Generation generation : state.sealed) {
            addBuffer(found, generation, sequence);
        }
        Ranks ranks = version.ranks(state);
        ArrayCursor.Reading reading =
                options.contains(ScanOption.NO_CACHE_FILL) ? ArrayCursor.Reading.PASSING : ArrayCursor.Reading.CACHED;
        for (int i = 0; i < ranks.count(); ) {
            int begin = i;
            List<ArrayRun> run = new ArrayList<>();
            while (i < ranks.count() && (i == begin || MergePolicy.isOneRun(ranks.array(i - 1), ranks.array(i)))) {
                run.add(ranks.array(i++));
            }
            RunSource.Opener opener =
                    number -> new ArraySource(reads.cursor(run.get(number), reading), ranks.rank(begin + number));
            found.add(run.size() == 1 ? opener.open(0) : new RunSource(run, opener));
        }
        all = found;
        sources = new SourceTree(found, reverse);
    }

    private void addBuffer(List<RangeSource> found, Generation generation, long sequence) {
        if (generation.buffer.mayTell(version.place())) {
            found.add(new BufferSource(generation.buffer, reads().line(), version.place(), sequence));
        }
    }

    // ---- moves ----

    @Override
    public boolean next() {
        enter();
        try {
            if (atEnd) {
                return false;
            }
            if (!started) {
                seekTo(reverse ? upper : lower, reverse ? upperInclusive : lowerInclusive);
            } else if (present) {
                passKey();
            }
            return settle();
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            leave();
        }
    }

    @Override
    public boolean seek(ByteBuffer target) {
        Arguments.checkKey(target.remaining());
        enter();
        try {
            FullKey sought = new FullKey().set(tree, target);
            atEnd = false;
            if (reverse) {
                boolean beyond = compare(sought, upper) >= (upperInclusive ? 1 : 0);
                seekTo(beyond ? upper : sought, beyond ? upperInclusive : true);
            } else {
                boolean before = compare(sought, lower) <= (lowerInclusive ? -1 : 0);
                seekTo(before ? lower : sought, before ? lowerInclusive : true);
            }
            return settle();
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            leave();
        }
    }

    private static int compare(FullKey a, FullKey b) {
        return Arrays.compareUnsigned(a.bytes(), 0, a.length(), b.bytes(), 0, b.length());
    }

    private void seekTo(FullKey target, boolean inclusive) {
        for (RangeSource source : all) {
            if (reverse) {
                source.seekBackward(target, inclusive);
            } else {
                source.seekForward(target, inclusive);
            }
        }
        sources.build();
        started = true;
    }

    /** Moves all sources that stand at the present key behind it. */
    private void passKey() {
        RangeSource winner = sources.first();
        while (winner != null && winner.keyLength == keyLength && isPresentKey(winner)) {
            pass(winner);
            winner = sources.first();
        }
    }

    /** Moves the first source on. */
    private void pass(RangeSource winner) {
        if (reverse) {
            winner.previous();
        } else {
            winner.next();
        }
        sources.replay();
    }

    private boolean isPresentKey(RangeSource source) {
        return Arrays.equals(source.key, 0, source.keyLength, key, 0, keyLength);
    }

    /** Goes on until the winner's key is there, or the range ends. */
    private boolean settle() {
        while (true) {
            RangeSource winner = sources.first();
            if (winner == null || isBeyond(winner)) {
                present = false;
                atEnd = true;
                return false;
            }
            if (winner.kind == StepKind.PASS) {
                pass(winner);
                continue;
            }
            takeKey(winner);
            if (StepKind.isValue(winner.kind)) {
                present = true;
                if (options.contains(ScanOption.KEYS_ONLY)) {
                    value.view(key, 0, 0);
                } else {
                    winner.value(value);
                }
                return true;
            }
            passKey();
        }
    }

    private boolean isBeyond(RangeSource source) {
        if (reverse) {
            int order = Arrays.compareUnsigned(source.key, 0, source.keyLength, lower.bytes(), 0, lower.length());
            return lowerInclusive ? order < 0 : order <= 0;
        }
        int order = Arrays.compareUnsigned(source.key, 0, source.keyLength, upper.bytes(), 0, upper.length());
        return upperInclusive ? order > 0 : order >= 0;
    }

    private void takeKey(RangeSource source) {
        if (POISON) {
            Arrays.fill(key, (byte) 0xdb);
            value.poison();
        }
        keyLength = source.keyLength;
        if (key.length < keyLength) {
            key = new byte[Math.max(keyLength, 2 * key.length)];
            keyView = ByteBuffer.wrap(key).asReadOnlyBuffer();
        }
        System.arraycopy(source.key, 0, key, 0, keyLength);
    }

    // ---- what is here ----

    @Override
    public ByteBuffer key() {
        requirePresent();
        return keyView.order(ByteOrder.BIG_ENDIAN).limit(keyLength).position(FullKey.TREE_BYTES);
    }

    @Override
    public ByteBuffer value() {
        requirePresent();
        return value.buffer();
    }

    private void requirePresent() {
        requirePresent(present, started);
    }

    @Override
    void goBack() {
        if (started && !atEnd) {
            seekTo(new FullKey().setFull(key, 0, keyLength), true);
        }
    }

    @Override
    void letGo() {
        all.forEach(RangeSource::close);
        all = List.of();
        sources = new SourceTree(List.of(), false);
    }

    @Override
    void ended() {
        present = false;
    }

    @Override
    List<VersionRef> versions() {
        return List.of(version);
    }

    @Override
    String describe() {
        return "a scan of keyspace " + version.describe();
    }
}
