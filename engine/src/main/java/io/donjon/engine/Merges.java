package io.donjon.engine;

import io.donjon.extents.Environment;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.StorageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Lock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Merges arrays, several groups side by side: which are merged next, with how much memory, and what comes of it piece by
 * piece (design.md section 4). Thread-safe.
 */
final class Merges {
    /** Chooses arrays to be merged. */
    interface Choice {
        /**
         * A closed group, newest first, that may be merged beside those under way; empty for none.
         *
         * @param busy the groups of merges under way
         */
        List<ArrayRun> from(List<ArrayRun> arrays, List<List<ArrayRun>> busy);
    }

    /**
     * A merge under way. Nobody else drops its group, and to hold that would keep its files.
     *
     * @param group what it began with
     * @param older the arrays outside of it that are older, held
     * @param outputs so many arrays at most are written side by side
     * @param memory what was taken of the memory
     * @param kept what of that was kept for it
     */
    private record Claim(List<ArrayRun> group, List<ArrayRun> older, int outputs, long memory, long kept) {}

    /** Arrays of less than so many buffers together are left as they are until they are merged with others. */
    private static final int UNCUT_BUFFERS = 4;

    /** An array is cut by itself only if some version pays so many times more than a cut would allow: samples err. */
    private static final double UNCUT_SLACK = 1.5;

    /** To write one array anew as one would cut nothing. */
    private static final int CUT_OUTPUTS_LEAST = 2;

    /** Arrays that one edit takes away at most. */
    private static final int DROPPED_AT_ONCE = 256;

    private final ExtentStore store;
    private final Catalog catalog;
    private final ReadStates states;
    private final Commits commits;
    private final Tuning tuning;
    private final Throttle throttle;
    private final WorkMemory memory;
    private final Exchange exchange;
    private final Lingering lingering;
    private final Runnable wake;
    private final MergePolicy policy;
    private final List<MergePolicy> policiesAtLeisure;
    private final Leisure leisure;
    private final RoomWatch room;
    private final Lock lock;

    /** What of the memory is there for one merge whatever else goes on. */
    private final long kept;

    // Guarded by the lock.
    private final List<Claim> running = new ArrayList<>();

    /** Arrays whose merge has failed on damaged blocks: it would again. */
    private final Set<Long> damaged = new HashSet<>();

    /** Arrays that have been cut, or were found to need no cut. */
    private final Set<Long> settled = new HashSet<>();

    private volatile boolean cancelled;
    private final LongAdder count = new LongAdder();
    private final LongAdder read = new LongAdder();
    private final LongAdder written = new LongAdder();

    /**
     * Merges of a store.
     *
     * @param wake tells the threads that arrays or memory have changed
     */
    Merges(
            Environment environment,
            ExtentStore store,
            Catalog catalog,
            ReadStates states,
            Commits commits,
            Tuning tuning,
            Throttle throttle,
            WorkMemory memory,
            Exchange exchange,
            Lingering lingering,
            Leisure leisure,
            Runnable wake) {
        this.store = store;
        this.catalog = catalog;
        this.states = states;
        this.commits = commits;
        this.tuning = tuning;
        this.throttle = throttle;
        this.memory = memory;
        this.exchange = exchange;
        this.lingering = lingering;
        this.wake = wake;
        this.policy = new MergePolicy(catalog.forest().line(), tuning.ratio());
        this.policiesAtLeisure = Arrays.stream(tuning.ratiosAtLeisure())
                .mapToObj(ratio -> new MergePolicy(catalog.forest().line(), ratio))
                .toList();
        this.leisure = leisure;
        this.room = new RoomWatch(environment, store);
        this.lock = environment.newLock();
        this.kept = tuning.mergeBytes(Tuning.MERGE_INPUTS_USUAL, 1);
        memory.keep(kept);
    }

    // ---- which ----

    /** Merges what is due first; false if nothing is. */
    boolean mergeOne() {
        return mergeOne(policy::pick) || cutOne(UNCUT_BUFFERS * tuning.bufferBytes(), () -> false) || mergeAtLeisure();
    }

    /** Nobody writes: merges what costs no more than was earned, one at a time, so that what is read lies together. */
    private boolean mergeAtLeisure() {
        if (!leisure.isThere()) {
            return false;
        }
        Claim claim = run((arrays, busy) -> running.isEmpty() ? atLeisure(arrays, busy) : List.of(), 1, () -> false);
        if (claim != null) {
            leisure.spend(MergePolicy.bytes(claim.group));
        }
        return claim != null;
    }

    private List<ArrayRun> atLeisure(List<ArrayRun> arrays, List<List<ArrayRun>> busy) {
        for (MergePolicy each : policiesAtLeisure) {
            List<ArrayRun> group = each.pick(arrays, busy);
            if (!group.isEmpty() && leisure.affords(MergePolicy.bytes(group))) {
                return group;
            }
        }
        return List.of();
    }

    /**
     * Cuts an array along the line that is to be cut and has not been: an earlier merge could not write so many arrays side
     * by side, or strata were off, or it comes from one buffer. False if there is none. An array is looked at once.
     *
     * @param bytesLeast smaller ones are left alone: they will be merged soon
     * @param stop as for other merges
     */
    boolean cutOne(long bytesLeast, BooleanSupplier stop) {
        return tuning.strata().alpha() != 0
                && run((arrays, busy) -> uncut(arrays, busy, bytesLeast), CUT_OUTPUTS_LEAST, stop) != null;
    }

    private List<ArrayRun> uncut(List<ArrayRun> arrays, List<List<ArrayRun>> busy, long bytesLeast) {
        long least = tuning.mergeBytes(1, CUT_OUTPUTS_LEAST);
        if (!memory.tryTake(least, own())) {
            // To plan what cannot be done would be for nothing, and again at every try.
            return List.of();
        }
        memory.giveBack(least);
        settled.retainAll(arrays.stream().map(ArrayRun::id).collect(Collectors.toSet()));
        return policy.pickAlone(arrays, busy, group -> MergePolicy.bytes(group) >= bytesLeast && isUncut(group));
    }

    private boolean isUncut(List<ArrayRun> group) {
        if (group.stream().allMatch(array -> settled.contains(array.id()))) {
            return false;
        }
        group.forEach(array -> settled.add(array.id()));
        RankMap map = RankMap.of(group, catalog);
        double paidMax = UNCUT_SLACK * (1 + tuning.strata().alpha());
        return new CutPlanner(group, false, map, catalog, tuning.strata()).hasCut(paidMax);
    }

    /** Merges what is chosen; false if that is nothing. */
    boolean mergeOne(Choice choice) {
        return mergeOne(choice, () -> false);
    }

    /**
     * Merges what is chosen; false if that is nothing.
     *
     * @param stop is asked all the time, and may rest; once it says so, the merge ends by a {@link
     *     java.util.concurrent.CancellationException}, but what it has committed stays
     */
    boolean mergeOne(Choice choice, BooleanSupplier stop) {
        return run(choice, 1, stop) != null;
    }

    /** Merges what is chosen, if there is memory to write so many arrays side by side; returns what that was, or null. */
    private @Nullable Claim run(Choice choice, int outputsLeast, BooleanSupplier stop) {
        if (commits.readOnlyReason() != null || !room.allows()) {
            return null;
        }
        Claim claim = claim(choice, outputsLeast, store.roomForExtents());
        if (claim == null) {
            return null;
        }
        try {
            merge(claim, stop);
            room.room();
        } catch (StorageException e) {
            if (e.kind() == StorageException.Kind.NO_SPACE) {
                room.noRoom();
            }
            throw e;
        } finally {
            giveUp(claim);
        }
        return claim;
    }

    /** Begins a merge of what is chosen and needs no more than some bytes of the disks, if memory allows; else null. */
    private @Nullable Claim claim(Choice choice, int outputsLeast, long bytes) {
        // A choice may walk the line: as long as a state is pinned no place that has left it is given to another
        // version.
        ReadState state = states.acquire();
        List<ArrayRun> arrays = state.arrays;
        lock.lock();
        try {
            if (cancelled || arrays.stream().anyMatch(this::isGone)) {
                return null;
            }
            List<ArrayRun> group = choose(arrays, choice, bytes);
            return group.isEmpty() ? null : begin(group, outputsLeast, arrays);
        } finally {
            lock.unlock();
            states.release(state);
        }
    }

    /** All arrays, held, without the buffers beside them: a merge may take long, and those are memory. */
    private List<ArrayRun> holdArrays() {
        ReadState state = states.acquire();
        try {
            state.arrays.forEach(ArrayRun::hold);
            return state.arrays;
        } finally {
            states.release(state);
        }
    }

    /** Whether a merge that ended since the arrays were listed has taken one away. */
    private boolean isGone(ArrayRun array) {
        return !states.current().arrays.contains(array);
    }

    private List<ArrayRun> choose(List<ArrayRun> arrays, Choice choice, long bytes) {
        // A damaged array is as good as busy for ever: nothing may be merged over it.
        List<List<ArrayRun>> busy = new ArrayList<>();
        running.forEach(claim -> busy.add(claim.group));
        arrays.stream().filter(array -> damaged.contains(array.id())).forEach(array -> busy.add(List.of(array)));
        List<ArrayRun> first = choice.from(arrays, busy);
        List<ArrayRun> group = first;
        while (MergePolicy.bytes(group) > bytes) {
            // One for which there is room gives back more, and sooner.
            busy.add(group);
            group = choice.from(arrays, busy);
        }
        if (!group.isEmpty() || first.isEmpty()) {
            return group;
        }
        List<ArrayRun> part = policy.part(first, arrays, bytes);
        if (part.isEmpty()) {
            room.noRoom(bytes);
        }
        return part;
    }

    private @Nullable Claim begin(List<ArrayRun> group, int outputsLeast, List<ArrayRun> arrays) {
        long oldest = group.stream().mapToLong(ArrayRun::age).min().orElseThrow();
        List<ArrayRun> older = arrays.stream()
                .filter(array -> array.age() <= oldest && !group.contains(array))
                .toList();
        int inputs = MergePolicy.runs(group).size();
        long own = own();
        int outputs = takeMemory(inputs, outputsLeast, outputsMax(group), own);
        if (outputs == 0) {
            return null;
        }
        memory.keep(-own);
        Claim claim = new Claim(group, older, outputs, tuning.mergeBytes(inputs, outputs), own);
        running.add(claim);
        older.forEach(ArrayRun::hold);
        return claim;
    }

    /** What is kept for one merge, unless one has it already. */
    private long own() {
        return running.stream().allMatch(claim -> claim.kept == 0) ? kept : 0;
    }

    /** Takes the memory of a merge that writes as many arrays as there is memory for; 0 if there is none. */
    private int takeMemory(int inputs, int least, int most, long own) {
        lingering.expire();
        for (int outputs = most; outputs >= least; outputs--) {
            if (memory.tryTake(tuning.mergeBytes(inputs, outputs), own)) {
                return outputs;
            }
        }
        // Beside another it waits until there is memory; one goes on whatever there is.
        if (running.isEmpty() && least == 1) {
            lingering.take(tuning.mergeBytes(inputs, 1));
            return 1;
        }
        return 0;
    }

    /** How many arrays a merge would write side by side at most: as many as bands are large enough. */
    private int outputsMax(List<ArrayRun> group) {
        Tuning.Strata strata = tuning.strata();
        if (strata.alpha() == 0) {
            return 1;
        }
        long bands = MergePolicy.bytes(group) / Math.max(1, strata.bandBytes());
        return (int) Math.max(1, Math.min(bands, tuning.outputsMax()));
    }

    private void giveUp(Claim claim) {
        claim.older.forEach(ArrayRun::release);
        lock.lock();
        try {
            running.remove(claim);
            memory.keep(claim.kept);
            memory.giveBack(claim.memory);
        } finally {
            lock.unlock();
        }
        wake.run();
    }

    // ---- one merge ----

    /** Merges a group, and installs what comes of it piece by piece. */
    private void merge(Claim claim, BooleanSupplier stop) {
        List<ArrayRun> group = claim.group;
        long age = group.get(0).age();
        try {
            RankMap map = RankMap.of(group, catalog);
            int[] cuts = claim.outputs == 1
                    ? new int[0]
                    : new CutPlanner(group, claim.older.isEmpty(), map, catalog, tuning.strata()).cuts();
            // With one array only, nothing was planned: if that was for lack of memory it is cut later.
            boolean all = claim.outputs == 1 ? outputsMax(group) == 1 : cuts.length < claim.outputs;
            cuts = all ? cuts : CutPlanner.some(cuts, claim.outputs - 1);
            look(group, map, cuts);
            while (!group.isEmpty()) {
                long pieceBytes = tuning.pieceBytes(MergePolicy.bytes(group), store.roomForExtents());
                Merge merge = new Merge(
                        store,
                        catalog,
                        tuning,
                        group,
                        claim.older,
                        map,
                        cuts,
                        pieceBytes,
                        () -> cancelled || stop.getAsBoolean());
                group = install(group, age, merge.run(), all);
            }
        } catch (StorageException e) {
            if (e.kind() == StorageException.Kind.DAMAGED) {
                lock.lock();
                try {
                    claim.group.forEach(array -> damaged.add(array.id()));
                } finally {
                    lock.unlock();
                }
            }
            throw e;
        }
        count.increment();
    }

    private void look(List<ArrayRun> group, RankMap map, int[] cuts) {
        if (cuts.length == 0) {
            return;
        }
        byte[] from = MergePolicy.keysFrom(group);
        byte[] to = MergePolicy.keysTo(group);
        List<ArrayRun> arrays = holdArrays();
        try {
            map.look(
                    cuts,
                    arrays.stream()
                            .filter(array ->
                                    !group.contains(array) && array.info().hasKeysIn(from, to))
                            .toList());
        } finally {
            arrays.forEach(ArrayRun::release);
        }
    }

    /**
     * Installs a piece of the merge of a group; returns what is left to be merged.
     *
     * @param settles whether the output needs no more cuts
     */
    private List<ArrayRun> install(List<ArrayRun> group, long age, Merge.Result result, boolean settles) {
        List<ArrayRun> rest = exchange.install(group, age, result, settles ? this::settle : made -> {});
        read.add(result.bytesRead());
        written.add(result.bytesWritten());
        arraysChanged();
        return rest;
    }

    private void settle(List<ArrayInfo> made) {
        lock.lock();
        try {
            made.forEach(info -> settled.add(info.id()));
        } finally {
            lock.unlock();
        }
    }

    /** Takes away arrays of which nothing can be read any more, without reading them; returns how many. */
    int dropDead(Predicate<ArrayRun> isDead) {
        List<ArrayRun> arrays = holdArrays();
        try {
            List<ArrayRun> dead =
                    arrays.stream().filter(isDead).limit(DROPPED_AT_ONCE).toList();
            Claim claim = claim(dead);
            if (claim == null) {
                return 0;
            }
            try {
                exchange.takeAway(claim.group);
                arraysChanged();
            } finally {
                giveUp(claim);
            }
            return claim.group.size();
        } finally {
            arrays.forEach(ArrayRun::release);
        }
    }

    /** Keeps merges from these arrays, but for those that are being merged already; null if these are all. */
    private @Nullable Claim claim(List<ArrayRun> dead) {
        lock.lock();
        try {
            List<ArrayRun> free = dead.stream()
                    .filter(array -> !isGone(array) && !isBusy(array))
                    .toList();
            if (cancelled || free.isEmpty()) {
                return null;
            }
            Claim claim = new Claim(free, List.of(), 0, 0, 0);
            running.add(claim);
            return claim;
        } finally {
            lock.unlock();
        }
    }

    /** There are new arrays of so many bytes. */
    void flushed(long bytes) {
        leisure.earn(bytes);
        arraysChanged();
    }

    /** A flush or a merge has changed the arrays. */
    private void arraysChanged() {
        throttle.mergesDue(policy.due(states.current().arrays));
        // Other merges may be due now, which need less.
        room.room();
        wake.run();
    }

    /** Merges under way are given up, and none begins any more. */
    void cancel() {
        cancelled = true;
    }

    // ---- figures ----

    /** Whether no merge found room when one was tried last. */
    boolean isFull() {
        return room.isFull();
    }

    /** Whether an array is being merged. */
    boolean isBusy(ArrayRun array) {
        lock.lock();
        try {
            return running.stream().flatMap(claim -> claim.group.stream()).anyMatch(busy -> busy.id() == array.id());
        } finally {
            lock.unlock();
        }
    }

    /** Whether a merge of an array has failed since it is damaged. */
    boolean isDamaged(ArrayRun array) {
        lock.lock();
        try {
            return damaged.contains(array.id());
        } finally {
            lock.unlock();
        }
    }

    /** The merges under way, each by something of its own. */
    List<Object> underWay() {
        lock.lock();
        try {
            return List.copyOf(running);
        } finally {
            lock.unlock();
        }
    }

    /** How many are under way. */
    int running() {
        lock.lock();
        try {
            return running.size();
        } finally {
            lock.unlock();
        }
    }

    /** How many have ended. */
    long count() {
        return count.sum();
    }

    long bytesRead() {
        return read.sum();
    }

    /** Bytes written by all, in every copy. */
    long bytesWritten() {
        return written.sum();
    }

    /** Bytes of arrays that wait to be merged. */
    long debt() {
        return policy.debt(states.current().arrays);
    }

    /** Bytes of arrays that wait to be merged, or will be merged next once nothing has been written for a while. */
    long debtAtLeisure() {
        return Math.max(debt(), MergePolicy.bytes(atLeisure(states.current().arrays, List.of())));
    }

    MergePolicy policy() {
        return policy;
    }
}
