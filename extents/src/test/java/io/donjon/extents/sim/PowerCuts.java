package io.donjon.extents.sim;

import java.util.SplittableRandom;

/**
 * Runs one history again and again, in a new world from the same seed each time, with the power cut at another call.
 *
 * <pre>{@code
 * PowerCuts.everywhere(seed, world -> {
 *     List<String> acknowledged = new ArrayList<>();
 *     world.run(() -> {
 *         try (Log log = Log.open(world.disk("d1"))) {
 *             for (String record : RECORDS) {
 *                 log.append(record);
 *                 acknowledged.add(record);
 *             }
 *         }
 *     });
 *     for (Survival survival : Survival.values()) {
 *         SimWorld after = world.reboot(survival);
 *         after.run(() -> assertNothingIsMissing(acknowledged, Log.open(after.disk("d1"))));
 *     }
 * });
 * }</pre>
 */
public final class PowerCuts {
    private PowerCuts() {}

    /** What is done in a world and found in the worlds after it. Must follow from the world alone. */
    @FunctionalInterface
    public interface History {
        /** Throws if what is found is not right. */
        void run(SimWorld world) throws Exception;
    }

    /** Runs the history once without a cut, then with one at each of the changes that the first run made. */
    public static void everywhere(long seed, History history) {
        long changes = at(seed, 0, history);
        for (long cut = 1; cut <= changes; cut++) {
            at(seed, cut, history);
        }
    }

    /** Runs the history once without a cut, then {@code count} times with one at a change drawn from the seed. */
    public static void somewhere(long seed, int count, History history) {
        long changes = at(seed, 0, history);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < count && changes > 0; i++) {
            at(seed, 1 + random.nextLong(changes), history);
        }
    }

    /**
     * Runs the history once with a cut at the given change, see {@link SimPower#cutAtChange}; 0 for none.
     *
     * @return the changes made in its first world
     * @throws SimFailure with seed, cut and the last reboot, if the history throws
     */
    public static long at(long seed, long cut, History history) {
        SimWorld world = new SimWorld(seed, "seed=" + seed + " cut=" + cut, null);
        if (cut > 0) {
            world.power().cutAtChange(cut);
        }
        try {
            history.run(world);
        } catch (Exception | AssertionError e) {
            throw new SimFailure(world.newest() + ": " + e, e);
        }
        return world.power().changes();
    }
}
