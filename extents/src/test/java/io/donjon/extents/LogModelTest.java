package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.PowerCuts;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The log against a list of records, and the manifest against a map: whatever happens, all that was acknowledged is there
 * and of the rest a prefix.
 */
class LogModelTest {
    private static final int SEED_COUNT = Integer.getInteger("log.seeds", 6);

    static LongStream seeds() {
        return Seeds.first(SEED_COUNT);
    }

    /** A store and how it is used, all from one seed. */
    private static final class Setting {
        final int disks;
        final int copies;
        final int segmentBytes;
        final boolean direct;

        Setting(long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            disks = 1 + random.nextInt(3);
            copies = 1 + random.nextInt(2);
            segmentBytes = new int[] {8 << 10, 12 << 10, 64 << 10}[random.nextInt(3)];
            direct = random.nextBoolean();
        }

        StoreModel.Session open(StoreModel model, SimWorld world) {
            return model.open(
                    StoreModel.config(world, StoreModel.disks(disks), copies, segmentBytes, direct),
                    world.environment());
        }
    }

    /** Now and then one larger than a segment, rarely one larger than the buffer of the log. */
    private static int size(SplittableRandom random) {
        return switch (random.nextInt(20)) {
            case 0 -> 0;
            case 1, 2, 3 -> random.nextInt(3000, 5000);
            case 4 -> random.nextInt(8000, 20_000);
            case 5 -> random.nextInt(8) == 0 ? random.nextInt(260_000, 700_000) : 4096;
            default -> random.nextInt(200);
        };
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void nothingAcknowledgedIsLostWhereverThePowerIsCutEvenTwice(long seed) {
        Setting setting = new Setting(seed);
        PowerCuts.everywhere(seed, world -> {
            StoreModel model = new StoreModel();
            world.run(() -> use(setting, model, world, seed, 14));
            Survival survival =
                    List.of(Survival.values()).get((int) (world.power().changes() % Survival.values().length));
            SimWorld after = world.reboot(survival);
            after.power().cutAtChange(1 + (seed + world.power().changes()) % 40);
            after.run(() -> use(setting, model, after, seed + 1, 6));
            SimWorld last = after.reboot(Survival.RANDOM);
            assertTrue(last.run(() -> {
                StoreModel.Session session = setting.open(model, last);
                session.force(session.append(10));
                assertEquals(List.of(), session.store().check().problems());
                session.close();
                setting.open(model, last).close();
            }));
        });
    }

    /** Two writers, and one who releases, makes segments and shortens the manifest. */
    private static void use(Setting setting, StoreModel model, SimWorld world, long seed, int appends) {
        StoreModel.Session session = setting.open(model, world);
        List<Environment.Worker> workers = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            SplittableRandom random = new SplittableRandom(seed * 31 + i);
            workers.add(world.environment().start("writer", () -> {
                for (int n = 0; n < appends; n++) {
                    long end = session.append(size(random));
                    if (random.nextInt(3) > 0) {
                        session.force(end);
                    }
                }
            }));
        }
        SplittableRandom random = new SplittableRandom(seed);
        for (int n = 0; n < appends / 2; n++) {
            session.store().log().prepare();
            if (random.nextInt(3) == 0) {
                session.edit(n, "at " + n, new ManifestEdit(), session.releasable(random));
            } else if (random.nextInt(3) == 0) {
                session.store().manifest().checkpoint();
            } else {
                world.environment().pause(random.nextLong(200_000));
            }
        }
        workers.forEach(Environment.Worker::join);
        if (random.nextBoolean()) {
            session.close();
        } else {
            session.store().abandon();
        }
    }

    /** What was released need not be in the log: the manifest must not promise that it is. */
    @Test
    void aStoreThatWasClosedAfterTheReleaseOfWhatWasNeverForcedOpens() {
        for (Survival survival : Survival.values()) {
            SimWorld world = new SimWorld(2);
            StoreModel model = new StoreModel();
            assertTrue(world.run(() -> {
                StoreModel.Session session = recycling(model, world);
                session.force(session.append(100));
                session.edit(1, "released", new ManifestEdit(), session.append(1000));
                session.close();
            }));
            SimWorld after = world.reboot(survival);
            assertTrue(after.run(() -> recycling(model, after).close()), survival.toString());
        }
    }

    @Test
    void whatAnEarlierUseLeftInARecycledSegmentIsNeverReplayed() throws IOException {
        for (Survival survival : Survival.values()) {
            SimWorld world = new SimWorld(1);
            StoreModel model = new StoreModel();
            List<byte[]> earlier = new ArrayList<>();
            assertTrue(world.run(() -> {
                StoreModel.Session session = recycling(model, world);
                // Records of one size: the old groups begin where new ones could.
                for (int n = 0; n < 100; n++) {
                    long end = session.append(1000);
                    session.force(end);
                    earlier.add(model.newestContent());
                    if (n % 20 == 19) {
                        session.edit(n, "released", new ManifestEdit(), end);
                    }
                    session.store().log().prepare();
                }
                session.append(1000);
                session.store().abandon();
            }));
            assertTrue(hasStaleRecord(world, earlier), "no old record lies behind the newest: nothing is tested");
            SimWorld after = world.reboot(survival);
            assertTrue(after.run(() -> recycling(model, after).close()), survival.toString());
        }
    }

    /** Recovery makes a lost copy of the log again; from then on it is as good as the other, whatever happens. */
    @Test
    void aCopyThatWasMadeAgainIsStableWhenTheStoreHasOpened() throws IOException {
        for (Survival survival : Survival.values()) {
            SimWorld first = new SimWorld(3);
            StoreModel model = new StoreModel();
            assertTrue(first.run(() -> {
                StoreModel.Session session = twice(model, first);
                session.force(session.append(1000));
                session.store().abandon();
            }));
            SimWorld second = first.reboot(survival);
            damageLog(second, "d1");
            assertTrue(second.run(() -> twice(model, second).store().abandon()), survival.toString());
            SimWorld third = second.reboot(survival);
            damageLog(third, "d0");
            assertTrue(third.run(() -> twice(model, third).close()), survival.toString());
        }
    }

    private static StoreModel.Session twice(StoreModel model, SimWorld world) {
        return model.open(StoreModel.config(world, StoreModel.disks(2), 2, 16 << 10, false), world.environment());
    }

    private static void damageLog(SimWorld world, String disk) throws IOException {
        for (String name : world.disk(disk).names()) {
            if (name.startsWith("log-")) {
                world.disk(disk).replaceContents(name, new byte[0]);
            }
        }
    }

    private static StoreModel.Session recycling(StoreModel model, SimWorld world) {
        return model.open(StoreModel.config(world, StoreModel.disks(1), 1, 16 << 10, false), world.environment());
    }

    /** Whether a log file holds a record of an older segment behind one of a newer. */
    private static boolean hasStaleRecord(SimWorld world, List<byte[]> inOrder) throws IOException {
        for (String name : world.disk("d0").names()) {
            String file = new String(world.disk("d0").contents(name), StandardCharsets.ISO_8859_1);
            int newest = -1;
            int oldest = Integer.MAX_VALUE;
            for (int n = 0; name.startsWith("log-") && n < inOrder.size(); n++) {
                if (file.contains(new String(inOrder.get(n), StandardCharsets.ISO_8859_1))) {
                    newest = n;
                    oldest = Math.min(oldest, n);
                }
            }
            if (newest - oldest > 20) {
                return true;
            }
        }
        return false;
    }
}
