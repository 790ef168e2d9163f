package io.donjon.extents.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Environment.Worker;
import io.donjon.extents.sim.TinyLog.Flaw;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The simulator bites: it finds nothing in a right log, and the flaw in each wrong one. */
class TinyLogTest {
    private static final Set<Flaw> NO_FLAW = EnumSet.noneOf(Flaw.class);
    private static final int SEED_COUNT = 30;

    static LongStream seeds() {
        return Seeds.first(SEED_COUNT);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void aRightLogLosesNothingWhereverThePowerIsCutEvenTwice(long seed) {
        PowerCuts.everywhere(seed, world -> {
            Appends appends = new Appends();
            world.run(() -> appendByTwoWorkers(world, NO_FLAW, appends));
            for (Survival survival : Survival.values()) {
                SimWorld after = world.reboot(survival);
                after.power().cutAtChange(2 + seed % 3);
                boolean held = after.run(() -> {
                    try (TinyLog log = open(after, NO_FLAW)) {
                        appends.assertIn(log);
                        appends.append(log, "recovered" + after.environment().seed());
                        appends.append(log, "and again" + after.environment().seed());
                    }
                });
                assertFalse(held);
                SimWorld last = after.reboot(survival);
                assertTrue(last.run(() -> appends.assertIn(open(last, NO_FLAW))));
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Flaw.class)
    void aFlawIsFoundInMostHistoriesAndEachFailureCanBeReplayed(Flaw flaw) {
        List<SimFailure> found = new ArrayList<>();
        for (long seed = 0; seed < SEED_COUNT; seed++) {
            SimFailure failure = failureOf(seed, EnumSet.of(flaw));
            if (failure != null) {
                found.add(failure);
            }
        }
        assertTrue(found.size() > SEED_COUNT / 2, "found in " + found.size() + " histories");
        Matcher origin =
                Pattern.compile("seed=(\\d+) cut=(\\d+) ").matcher(found.get(0).toString());
        assertTrue(origin.find(), found.get(0).toString());
        long seed = Long.parseLong(origin.group(1));
        long cut = Long.parseLong(origin.group(2));
        SimFailure again =
                assertThrows(SimFailure.class, () -> PowerCuts.at(seed, cut, appendAndReopen(EnumSet.of(flaw))));
        assertEquals(found.get(0).getMessage(), again.getMessage());
    }

    @Test
    void aRightLogPassesWhereTheWrongOnesFail() {
        for (long seed = 0; seed < SEED_COUNT; seed++) {
            SimFailure failure = failureOf(seed, NO_FLAW);
            if (failure != null) {
                throw failure;
            }
        }
    }

    private static @Nullable SimFailure failureOf(long seed, Set<Flaw> flaws) {
        try {
            PowerCuts.everywhere(seed, appendAndReopen(flaws));
            return null;
        } catch (SimFailure e) {
            assertNotNull(e.getCause());
            return e;
        }
    }

    private static PowerCuts.History appendAndReopen(Set<Flaw> flaws) {
        return world -> {
            Appends appends = new Appends();
            world.run(() -> appendByTwoWorkers(world, flaws, appends));
            for (Survival survival : Survival.values()) {
                for (int fate = 0; fate < 5; fate++) {
                    SimWorld after = world.reboot(survival);
                    after.run(() -> appends.assertIn(open(after, flaws)));
                }
            }
        };
    }

    private static void appendByTwoWorkers(SimWorld world, Set<Flaw> flaws, Appends appends) throws IOException {
        try (TinyLog log = open(world, flaws)) {
            List<Worker> workers = new ArrayList<>();
            for (String name : List.of("a", "b")) {
                SplittableRandom random =
                        new SplittableRandom(world.environment().seed() + name.hashCode());
                workers.add(world.environment().start(name, () -> {
                    for (int i = 0; i < 3; i++) {
                        // Up to three sectors.
                        appends.append(log, name + i + "x".repeat(random.nextInt(1_200)));
                    }
                }));
            }
            workers.forEach(Worker::join);
        }
    }

    private static TinyLog open(SimWorld world, Set<Flaw> flaws) throws IOException {
        return TinyLog.open(world.environment(), world.disk("disk"), flaws);
    }

    /** What was appended, and what of it was acknowledged. */
    private static final class Appends {
        private final Set<String> attempted = new HashSet<>();
        private final List<String> acknowledged = new ArrayList<>();

        void append(TinyLog log, String record) {
            attempted.add(record);
            try {
                log.append(record, () -> acknowledged.add(record));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Nothing acknowledged is missing, in this order; the rest was at least attempted, and nothing comes twice. */
        void assertIn(TinyLog log) {
            List<String> found = new ArrayList<>(log.records());
            assertTrue(attempted.containsAll(found), "found what nobody wrote");
            assertEquals(found.size(), new HashSet<>(found).size());
            found.retainAll(acknowledged);
            assertEquals(acknowledged, found);
        }
    }
}
