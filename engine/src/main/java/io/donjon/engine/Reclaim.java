package io.donjon.engine;

import io.donjon.extents.Environment;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.ManifestEdit;
import io.donjon.extents.StorageException;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes versions that nobody can read any more off the line, and gives their places to others (design.md section 2). Sweeps
 * are so rare that each dropped version pays for O(1) of them.
 *
 * <p>A version leaves once the manifest's line has its drop and nothing names its place: no array's version table or band,
 * no buffer. Calls and merges under way may have taken it for readable when they began; so it must have been dead before
 * any of them did. Merges and flushes walk the line, so its place is not given away before all of them have ended that began
 * earlier. In between an edit of the manifest says that it has left.
 *
 * <p>One thread, which is also the only one that flushes: a flush may name places that nobody named before.
 */
final class Reclaim {
    private static final Logger LOG = LoggerFactory.getLogger(Reclaim.class);

    /** A sweep is due with so many drops, or with a share of all versions, or with many. */
    private static final int DROPS_MIN = 16;

    private static final int DROPS_SHARE = 4;
    private static final int DROPS_MAX = 1 << 16;

    /** Versions that leave while nobody writes. */
    private static final int AT_ONCE = 1 << 10;

    /** Versions in one edit. */
    private static final int IN_EDIT = 1 << 15;

    /** So many merges at most are waited for before a sweep looks again at what was named. */
    private static final long MERGES_MAX = 64;

    private enum Phase {
        RESTING,
        /** Waits for those who may have seen versions that have died. */
        DYING,
        /** Versions have left, and edits must say so. */
        LEAVING,
        /** Waits for those who may stand on a place that has left. */
        LEFT
    }

    private final Environment environment;
    private final ExtentStore store;
    private final Catalog catalog;
    private final VersionForest forest;
    private final ReadStates states;
    private final Commits commits;
    private final OpenArrays arrays;
    private final Merges merges;
    private final Runnable wake;
    private final RoomWatch room;

    private Phase phase = Phase.RESTING;
    private Others others = new Others(List.of(), List.of());

    /** Places that are dead; from LEAVING on those that have left. */
    private int[] places = {};

    private int count;

    /** The ids of what has left, and how many of them edits have said. */
    private long[] ids = {};

    private int said;

    /** What {@link Catalog#unreadable} said when the last sweep began. */
    private long unreadableThen;

    /** Dead versions that were still named at the last sweep; how many merges had ended, and how many to wait for. */
    private int stillNamed;

    private long mergesThen;
    private long mergesWanted = 1;

    private volatile long asked;
    private volatile long done;
    private long serving;

    /** Calls and merges that were under way at some moment. */
    private record Others(List<ReadState> states, List<Object> merges) {}

    Reclaim(
            Environment environment,
            ExtentStore store,
            Catalog catalog,
            ReadStates states,
            Commits commits,
            OpenArrays arrays,
            Merges merges,
            Runnable wake) {
        this.environment = environment;
        this.store = store;
        this.catalog = catalog;
        this.forest = catalog.forest();
        this.states = states;
        this.commits = commits;
        this.arrays = arrays;
        this.merges = merges;
        this.wake = wake;
        this.room = new RoomWatch(environment, store);
    }

    // ---- asking for it ----

    /** Asks for a sweep, whether one is due or not; returns a number for {@link #isDone}. */
    long ask() {
        long ticket;
        synchronized (this) {
            ticket = asked + 1;
            asked = ticket;
        }
        wake.run();
        return ticket;
    }

    /** Whether a sweep has ended that began after that number was returned. */
    boolean isDone(long ticket) {
        return done >= ticket;
    }

    /** Lets its thread look again whether what it waits for has ended. */
    void hurry() {
        wake.run();
    }

    /** Asks for a sweep and waits for its end; false if the store takes no more writes. */
    boolean sweep() {
        long ticket = ask();
        while (!isDone(ticket)) {
            if (commits.isClosed() || commits.readOnlyReason() != null) {
                return false;
            }
            // Calls that end tell nobody.
            wake.run();
            environment.pause(1_000_000);
        }
        return true;
    }

    // ---- steps ----

    /** Goes on as far as it can without waiting; false if it has come nowhere. */
    boolean step() {
        try {
            return switch (phase) {
                case RESTING -> begin();
                case DYING -> areOver(others) && leave();
                case LEAVING -> say();
                case LEFT -> areOver(others) && reuse();
            };
        } catch (StorageException e) {
            if (e.kind() == StorageException.Kind.NO_SPACE) {
                room.noRoom();
                LOG.debug("no room to say which versions have left", e);
                return false;
            }
            if (phase == Phase.DYING) {
                // An array cannot be read: nobody knows what it names.
                rest();
            }
            throw e;
        }
    }

    private boolean isDue(long drops) {
        long wanted = Math.max(DROPS_MIN, Math.min(forest.size() / DROPS_SHARE, DROPS_MAX));
        boolean again = drops + stillNamed >= wanted && merges.count() >= mergesThen + mergesWanted;
        return drops >= wanted || again || asked > done || forest.isWasteful();
    }

    /** Notes which versions are dead, if a sweep is due. */
    private boolean begin() {
        long seen = catalog.unreadable();
        long drops = seen - unreadableThen;
        if (!isDue(drops)) {
            return false;
        }
        serving = asked;
        mergesThen = merges.count();
        unreadableThen = seen;
        count = 0;
        VersionForest.Walk walk = forest.walk(VersionForest.ROOT);
        boolean more = true;
        while (more) {
            more = catalog.findDead(walk, this::add);
        }
        others = others();
        phase = Phase.DYING;
        return true;
    }

    private void add(int place) {
        if (count == places.length) {
            places = Arrays.copyOf(places, Math.max(64, count + count / 2));
        }
        places[count++] = place;
    }

    private Others others() {
        states.renew();
        List<ReadState> old = states.unreleased();
        return new Others(old.subList(1, old.size()), merges.underWay());
    }

    /** Whether those calls and merges have ended. */
    private boolean areOver(Others those) {
        if (those.states.stream().anyMatch(ReadState::hasCalls)) {
            return false;
        }
        List<Object> now = merges.underWay();
        return those.merges.stream().noneMatch(merge -> now.stream().anyMatch(other -> other == merge));
    }

    /** Takes off the line what nothing names. */
    private boolean leave() {
        BitSet named = named();
        int[] dead = places;
        int deadCount = count;
        places = new int[Math.min(deadCount, IN_EDIT)];
        ids = new long[places.length];
        count = 0;
        said = 0;
        phase = Phase.LEAVING;
        // From the end on, so that the first of a tree comes behind all others of it.
        for (int end = deadCount; end > 0; end -= AT_ONCE) {
            int begin = Math.max(0, end - AT_ONCE);
            int last = end;
            commits.whileNobodyWrites(() -> leave(dead, begin, last, named));
        }
        stillNamed = deadCount - count;
        mergesWanted = stillNamed > count ? Math.min(2L * mergesWanted, MERGES_MAX) : 1;
        return true;
    }

    private void leave(int[] dead, int begin, int end, BitSet named) {
        ReadState now = states.current();
        for (int i = end - 1; i >= begin; i--) {
            int place = dead[i];
            if (!named.get(place) && !isInBuffer(now, place) && forest.mayLeave(place)) {
                add(place);
                if (ids.length < places.length) {
                    ids = Arrays.copyOf(ids, places.length);
                }
                ids[count - 1] = forest.id(place);
                forest.leave(place);
            }
        }
    }

    /** Whether a buffer that is not an array yet has a breakpoint at a place. Nobody writes. */
    private static boolean isInBuffer(ReadState now, int place) {
        return now.active.buffer.places().has(place)
                || now.sealed.stream()
                        .anyMatch(generation -> generation.buffer.places().has(place));
    }

    /** The places that arrays, and buffers that are arrays by now and still read, name. */
    private BitSet named() {
        BitSet named = new BitSet(forest.line().numbers());
        for (ArrayRun array : arrays.all()) {
            named.set(array.from());
            if (array.to() != Line.END) {
                named.set(array.to());
            }
            nameTable(array, named);
        }
        ReadState current = states.current();
        for (ReadState state : states.unreleased()) {
            if (state.active != current.active) {
                state.active.buffer.places().forEach(named::set);
            }
            state.sealed.forEach(generation -> generation.buffer.places().forEach(named::set));
        }
        return named;
    }

    private void nameTable(ArrayRun array, BitSet named) {
        long[] versions = array.versions();
        for (int from = 0; from < array.footer().places(); from += AT_ONCE) {
            int[] some = new int[Math.min(AT_ONCE, array.footer().places() - from)];
            forest.places(Arrays.copyOfRange(versions, from, from + some.length), some);
            for (int place : some) {
                if (place != VersionForest.NONE) {
                    named.set(place);
                }
            }
        }
    }

    /** Says by edits what has left, as far as nobody has said it. */
    private boolean say() {
        if (said < count) {
            if (!room.allows()) {
                return false;
            }
            int end = Math.min(count, said + IN_EDIT);
            store.commit(new ManifestEdit().state(ManifestImage.left(ids, said, end)));
            room.room();
            said = end;
            return true;
        }
        others = others();
        phase = Phase.LEFT;
        return true;
    }

    /** Gives the places to others. */
    private boolean reuse() {
        for (int place = VersionForest.ROOT; place != VersionForest.NONE; ) {
            place = forest.tidy(place, AT_ONCE);
        }
        for (int i = 0; i < count; i++) {
            forest.reuse(places[i]);
        }
        rest();
        return true;
    }

    private void rest() {
        places = new int[0];
        ids = new long[0];
        count = 0;
        others = new Others(List.of(), List.of());
        phase = Phase.RESTING;
        done = serving;
    }
}
