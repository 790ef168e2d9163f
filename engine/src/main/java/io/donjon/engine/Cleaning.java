package io.donjon.engine;

import io.donjon.CleanReport;
import io.donjon.DiskFullException;
import io.donjon.extents.Environment;
import io.donjon.extents.StorageException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * One time that somebody asked for everything to be cleaned: all that is in memory is flushed, so that the manifest has
 * every drop; arrays that nobody can read are dropped; the others are merged until those of each band are one run, and
 * those with something dead in them are written anew; and versions that nothing names any more leave the line. What is
 * written meanwhile is left alone. Its steps are done by the {@link Cleaner}'s thread.
 */
final class Cleaning extends Outcome<CleanReport> {
    /** Time between two looks at how much is left, while a merge goes on. */
    private static final long LOOK_NANOS = 100_000_000L;

    private static final long RECLAIM_PAUSE_NANOS = 1_000_000;

    /** With more failures of the disks it is given up. */
    private static final int FAILURES_MAX = 5;

    private final Environment environment;
    private final ReadStates states;
    private final Commits commits;
    private final Merges merges;
    private final Flushes flushes;
    private final Reclaim reclaim;

    /** How much of an array is dead. */
    private final ToDoubleFunction<ArrayRun> deadShare;

    /** What is newer is no concern of this; 0 until all before has been sealed. */
    private long newestAge;

    private int arraysBefore;
    private long bytesBefore;
    private long dropped;
    private long merged;
    private int failures;
    private long reclaimTicket;

    /** The arrays that are to be written anew; null until those of each band are one run. */
    private @Nullable Set<Long> anew;

    /** Bytes that there were to be merged. */
    private long due;

    private long nextLook;

    Cleaning(
            Environment environment,
            ReadStates states,
            Commits commits,
            Merges merges,
            Flushes flushes,
            Reclaim reclaim,
            ToDoubleFunction<ArrayRun> deadShare) {
        super(environment, "cleaning");
        this.environment = environment;
        this.states = states;
        this.commits = commits;
        this.merges = merges;
        this.flushes = flushes;
        this.reclaim = reclaim;
        this.deadShare = deadShare;
    }

    /** Something has failed; whether it did so too often. */
    boolean mayNotGoOn() {
        return ++failures > FAILURES_MAX;
    }

    /** So many arrays have been dropped. */
    void dropped(long arrays) {
        dropped += arrays;
    }

    /** Sees to it that what was in memory at the first call is in arrays; false if one has to wait for that. */
    boolean flush() {
        List<Generation> sealed = states.current().sealed;
        if (newestAge == 0) {
            commits.sealNow();
            sealed = states.current().sealed;
            List<ArrayRun> arrays = states.current().arrays;
            arraysBefore = arrays.size();
            bytesBefore = MergePolicy.bytes(arrays);
            newestAge = 1;
            sealed.forEach(generation -> newestAge = Math.max(newestAge, generation.age()));
            arrays.forEach(array -> newestAge = Math.max(newestAge, array.age()));
        }
        boolean waits = sealed.stream().anyMatch(generation -> generation.age() <= newestAge);
        if (waits && flushes.isFull()) {
            throw new DiskFullException("what is in memory cannot be written to disks that are full", null);
        }
        return !waits;
    }

    /** Merges once; false if one has to wait for other merges, or nothing is left and {@link #isDone} says so. */
    boolean merge() {
        List<ArrayRun> arrays = states.current().arrays;
        if (anew == null && groups(arrays).isEmpty()) {
            Set<Long> dead = new HashSet<>();
            arrays.stream().filter(array -> deadShare.applyAsDouble(array) > 0).forEach(array -> dead.add(array.id()));
            anew = dead;
        }
        List<List<ArrayRun>> left = groups(arrays);
        due = Math.max(due, bytes(left));
        if (left.isEmpty() ? merges.cutOne(0, this::isToStop) : merges.mergeOne(this::choose, this::isToStop)) {
            merged++;
            return true;
        }
        if (left.isEmpty()) {
            if (!areVersionsReclaimed()) {
                return true;
            }
            complete(new CleanReport(
                    arraysBefore, bytesBefore, arrays.size(), MergePolicy.bytes(arrays), dropped, merged));
            return false;
        }
        if (merges.running() == 0) {
            requirePossible(left);
        }
        return false;
    }

    /** Asks for the versions that nothing names any more to leave; false after a while if they have not. */
    private boolean areVersionsReclaimed() {
        if (reclaimTicket == 0) {
            reclaimTicket = reclaim.ask();
        }
        if (!reclaim.isDone(reclaimTicket)) {
            environment.pause(RECLAIM_PAUSE_NANOS);
            // Calls that are waited for tell nobody that they have ended.
            reclaim.hurry();
        }
        return reclaim.isDone(reclaimTicket);
    }

    /** The groups that are to be merged. */
    private List<List<ArrayRun>> groups(List<ArrayRun> arrays) {
        Set<Long> dead = anew;
        if (dead != null) {
            return arrays.stream()
                    .filter(array -> dead.contains(array.id()))
                    .map(List::of)
                    .toList();
        }
        List<ArrayRun> old =
                arrays.stream().filter(array -> array.age() <= newestAge).toList();
        List<List<ArrayRun>> groups = new ArrayList<>();
        for (List<ArrayRun> band : merges.policy().apart(old)) {
            List<ArrayRun> group = MergePolicy.withoutEnds(band);
            if (!group.isEmpty()) {
                groups.add(group);
            }
        }
        return groups;
    }

    private List<ArrayRun> choose(List<ArrayRun> arrays, List<List<ArrayRun>> busy) {
        for (List<ArrayRun> group : groups(arrays)) {
            if (merges.policy().mayRun(group, busy)) {
                return group;
            }
        }
        return List.of();
    }

    private boolean isToStop() {
        long now = environment.nanoTime();
        if (now - nextLook >= 0) {
            nextLook = now + LOOK_NANOS;
            reached(0.99 * (1 - bytes(groups(states.current().arrays)) / (double) Math.max(1, due)));
        }
        return isCancelled();
    }

    private static long bytes(List<List<ArrayRun>> groups) {
        return groups.stream().mapToLong(MergePolicy::bytes).sum();
    }

    /** Nothing is under way, and yet nothing could begin: throws if that will stay so. */
    private void requirePossible(List<List<ArrayRun>> left) {
        for (List<ArrayRun> group : left) {
            for (ArrayRun array : group) {
                if (merges.isDamaged(array)) {
                    throw StorageException.damaged(array, "it cannot be merged; verify says what is wrong");
                }
            }
        }
        if (merges.isFull()) {
            throw new DiskFullException("there is no room on the disks to merge arrays", null);
        }
    }
}
