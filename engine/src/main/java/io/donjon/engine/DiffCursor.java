package io.donjon.engine;

import io.donjon.ChangeCursor;
import io.donjon.KeyRange;
import io.donjon.extents.StorageException;
import io.donjon.versioning.Line;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a range that two versions of one tree show differently, in order (design.md section 4, "Diff").
 *
 * <p>Only a key with a breakpoint between the two places, in a buffer or array that says something of both, can differ, or
 * one that only one of the versions is told about: its band ends between the two. These keys are looked up at both
 * versions, newest first; a source that has the key at hand is asked without a search.
 *
 * <p>An array that ends at one of the versions may say what that shows: its {@linkplain ArrayFooter.Outlook outlook}, which
 * is true for ever. Where there are such arrays for all keys, those that hold only that version are left alone. For take a
 * key about which the others say nothing else at the one version than at the other: the newest of them that does not pass
 * says what the key is at the one, and whoever says something of the other says the truth; and if all pass, then it is
 * absent at both, since an outlook that passes says so.
 */
final class DiffCursor extends PinnedCursor implements ChangeCursor {
    private final VersionRef from;
    private final VersionRef to;

    /** Whether {@code to} stands before {@code from} on the line. */
    private final boolean backwards;

    // The range, as full keys.
    private final FullKey lower = new FullKey();
    private final boolean lowerInclusive;
    private final FullKey upper = new FullKey();
    private final ChangeSource.End end;

    /** Newest first. */
    private List<ChangeSource> sources = List.of();

    private ChangeTree tree = new ChangeTree(List.of());

    /** The present key, or the last one where the cursor has stopped. */
    private final FullKey key = new FullKey();

    private ByteBuffer keyView = ByteBuffer.wrap(key.bytes()).asReadOnlyBuffer();
    private boolean started;
    private boolean present;
    private boolean atEnd;
    private Kind kind = Kind.CHANGED;

    // What holds at the version that stands first on the line, and at the other.
    private final Answer first = new Answer();
    private final Answer second = new Answer();
    private final ValueHolder firstValue = new ValueHolder();
    private final ValueHolder secondValue = new ValueHolder();

    /**
     * A cursor before the first key.
     *
     * @param pin what to read, pinned; the cursor gives it back
     */
    DiffCursor(Reads reads, VersionRef from, VersionRef to, ReadStates.Pin pin, KeyRange range) {
        super(reads, pin);
        if (from.treeId() != to.treeId()) {
            throw new IllegalArgumentException("versions " + from.id() + " and " + to.id() + " are of different trees");
        }
        this.from = from;
        this.to = to;
        this.backwards = reads.line().compare(to.place(), from.place()) < 0;
        this.lowerInclusive = Ranges.lower(range, from.treeId(), lower);
        this.end = new ChangeSource.End(upper, Ranges.upper(range, from.treeId(), upper));
        open(pin.state());
    }

    @Override
    void open(ReadState state) {
        Line line = reads().line();
        VersionRef one = backwards ? to : from;
        VersionRef other = backwards ? from : to;
        BufferChanges.VersionAt atOne = new BufferChanges.VersionAt(one.place(), reads().sequence(state, one));
        BufferChanges.VersionAt atOther = new BufferChanges.VersionAt(other.place(), reads().sequence(state, other));
        List<ChangeSource> found = new ArrayList<>();
        found.add(new BufferChanges(state.active.buffer, line, atOne, atOther, end));
        for (Generation generation : state.sealed) {
            found.add(new BufferChanges(generation.buffer, line, atOne, atOther, end));
        }
        Ranks ranksOfOne = one.ranks(state);
        Ranks ranksOfOther = other.ranks(state);
        boolean told = isTold(ranksOfOne, other);
        int i = 0;
        int j = 0;
        for (ArrayRun array : state.arrays) {
            boolean ofOne = i < ranksOfOne.count() && ranksOfOne.array(i) == array;
            boolean ofOther = j < ranksOfOther.count() && ranksOfOther.array(j) == array;
            int rankOfOne = ofOne ? ranksOfOne.rank(i++) : ArrayChanges.NO_RANK;
            int rankOfOther = ofOther ? ranksOfOther.rank(j++) : ArrayChanges.NO_RANK;
            if (told && tells(array, other)) {
                rankOfOther = array.footer().places();
            }
            if (ofOne || (ofOther && !told)) {
                found.add(new ArrayChanges(
                        array, reads().cursor(array, ArrayCursor.Reading.CACHED), rankOfOne, rankOfOther, end));
            }
        }
        sources = found;
        tree = new ChangeTree(found);
    }

    /** Whether of every key of the range some array with one version says what the other shows. */
    private boolean isTold(Ranks ranksOfOne, VersionRef other) {
        List<ArrayInfo> tell = new ArrayList<>();
        for (int i = 0; i < ranksOfOne.count(); i++) {
            if (tells(ranksOfOne.array(i), other)) {
                tell.add(ranksOfOne.array(i).info());
            }
        }
        byte[] from = Arrays.copyOf(lower.bytes(), lower.length());
        byte[] to = Arrays.copyOf(upper.bytes(), upper.length());
        // The end may count: up to the key right behind it.
        return !tell.isEmpty() && ArrayInfo.cover(tell, from, Arrays.copyOf(to, to.length + 1));
    }

    private static boolean tells(ArrayRun array, VersionRef other) {
        return array.to() == other.place() && array.footer().outlook().whole();
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
                seekTo(lower, lowerInclusive);
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
            FullKey sought = new FullKey().set(from.treeId(), target);
            boolean before = compare(sought, lower) <= (lowerInclusive ? -1 : 0);
            seekTo(before ? lower : sought, before ? lowerInclusive : true);
            atEnd = false;
            return settle();
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            leave();
        }
    }

    private static int compare(FullKey a, FullKey b) {
        return a.compareTo(b.bytes(), 0, b.length());
    }

    private void seekTo(FullKey target, boolean inclusive) {
        sources.forEach(source -> source.seek(target));
        tree.build();
        started = true;
        ChangeSource winner = tree.first();
        if (!inclusive && winner != null && winner.isAt(target)) {
            key.setFull(target.bytes(), 0, target.length());
            passKey();
        }
    }

    /** Moves all sources that stand at the present key behind it. */
    private void passKey() {
        ChangeSource winner = tree.first();
        while (winner != null && winner.isAt(key)) {
            winner.next();
            tree.replay();
            winner = tree.first();
        }
    }

    /** Goes on until a key is there whose values differ, or the range ends. */
    private boolean settle() {
        present = false;
        for (ChangeSource winner = tree.first(); winner != null; winner = tree.first()) {
            takeKey(winner);
            lookUp();
            if (differs()) {
                present = true;
                return true;
            }
            passKey();
        }
        atEnd = true;
        return false;
    }

    private void takeKey(ChangeSource source) {
        if (POISON) {
            Arrays.fill(key.bytes(), (byte) 0xdb);
            firstValue.poison();
            secondValue.poison();
        }
        byte[] before = key.bytes();
        key.setFull(source.key, 0, source.keyLength);
        if (key.bytes() != before) {
            keyView = ByteBuffer.wrap(key.bytes()).asReadOnlyBuffer();
        }
    }

    private void lookUp() {
        first.pass();
        second.pass();
        for (ChangeSource source : sources) {
            boolean wantsFirst = first.isPass();
            boolean wantsSecond = second.isPass();
            if (!wantsFirst && !wantsSecond) {
                return;
            }
            source.answer(key, wantsFirst ? first : null, wantsSecond ? second : null);
        }
    }

    private boolean differs() {
        if (!first.isValue() && !second.isValue()) {
            return false;
        }
        if (first.isValue() && second.isValue()) {
            kind = Kind.CHANGED;
            return !first.hasValueOf(second, firstValue, secondValue);
        }
        kind = first.isValue() == backwards ? Kind.ADDED : Kind.REMOVED;
        return true;
    }

    // ---- what is here ----

    @Override
    public Kind kind() {
        requirePresent(present, started);
        return kind;
    }

    @Override
    public ByteBuffer key() {
        requirePresent(present, started);
        return keyView.order(ByteOrder.BIG_ENDIAN).limit(key.length()).position(FullKey.TREE_BYTES);
    }

    @Override
    public @Nullable ByteBuffer oldValue() {
        return value(!backwards);
    }

    @Override
    public @Nullable ByteBuffer newValue() {
        return value(backwards);
    }

    /** Where the value is, that may have to be read: what it was found in may have been taken back since. */
    private @Nullable ByteBuffer value(boolean ofFirst) {
        requirePresent(present, started);
        enter();
        try {
            Answer answer = ofFirst ? first : second;
            if (!answer.isValue()) {
                return null;
            }
            ValueHolder holder = ofFirst ? firstValue : secondValue;
            answer.value(holder);
            return holder.buffer();
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            leave();
        }
    }

    // ---- life ----

    @Override
    void goBack() {
        if (started && !atEnd) {
            FullKey last = new FullKey().setFull(key.bytes(), 0, key.length());
            seekTo(last, true);
            if (present) {
                lookUp();
            }
        }
    }

    @Override
    void letGo() {
        sources.forEach(ChangeSource::close);
        sources = List.of();
        tree = new ChangeTree(List.of());
    }

    @Override
    void ended() {
        present = false;
    }

    @Override
    List<VersionRef> versions() {
        return List.of(from, to);
    }

    @Override
    String describe() {
        return "a diff of " + from.describe() + " and " + to.describe();
    }
}
