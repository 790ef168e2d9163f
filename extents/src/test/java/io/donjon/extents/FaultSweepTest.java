package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.StorageException.Kind;
import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each call of a disk fails in turn, once or from then on, while log, manifest and extents are written and read: what
 * comes of it is typed, nothing acknowledged is lost, no file stays open, and the next open finds a sound store.
 */
class FaultSweepTest {
    private static final int STEP = Integer.getInteger("fault.step", 9);
    private static final int SEGMENT_BYTES = 12 << 10;

    private enum Trouble {
        ONCE,
        FOR_GOOD,
        IN_PART,
        FORCE_FORGETS,
        NO_ROOM,
        NO_ROOM_FOR_GOOD;

        Fault fault() {
            return switch (this) {
                case ONCE -> Fault.ioError();
                case FOR_GOOD -> Fault.ioError().forever();
                case IN_PART -> Fault.partly();
                case FORCE_FORGETS -> Fault.forgottenByForce();
                case NO_ROOM -> full();
                case NO_ROOM_FOR_GOOD -> full().forever();
            };
        }

        /** Not in the manifest, which makes sure of its room before it writes a record. */
        private static Fault full() {
            return Fault.noSpace(Call.WRITE, Call.CREATE).on(name -> !name.startsWith("manifest"));
        }

        boolean isFull() {
            return this == NO_ROOM || this == NO_ROOM_FOR_GOOD;
        }
    }

    /** What a store went through, and the extents that it must have. */
    private static final class History {
        final StoreModel model = new StoreModel();
        final ExtentConfig config;
        final Trouble trouble;
        final boolean spread;
        final List<ExtentWriter.Written> extents = new ArrayList<>();

        History(SimWorld world, int disks, int copies, Trouble trouble) {
            this.config = StoreModel.config(world, StoreModel.disks(disks), copies, SEGMENT_BYTES, false);
            this.trouble = trouble;
            this.spread = copies > 1;
        }

        void run(SimWorld world, String struck, Fault fault) {
            StoreModel.Session session;
            try {
                session = model.open(config, world.environment());
            } catch (StorageException e) {
                judge(e);
                return;
            }
            for (int round = 0; round < 3; round++) {
                int number = round;
                attempt(() -> session.force(session.append(3000)));
                attempt(() -> session.force(session.append(200)));
                attempt(() -> session.edit(number, "edit"));
                attempt(() -> extent(session, number));
                attempt(() -> session.store().log().prepare());
                attempt(() ->
                        session.edit(5, "release", new ManifestEdit(), session.releasable(new SplittableRandom(1))));
                attempt(() -> session.store().manifest().checkpoint());
                read(session);
            }
            world.disk(struck).heal();
            if (fault.hits() > 0 && (trouble.isFull() || spread)) {
                // A full disk recovers by itself, and a failed one has others beside it.
                session.force(session.append(100));
                session.edit(6, "goes on");
                extent(session, 9);
            }
            if (session.store().isWritable()) {
                session.close();
            } else {
                session.store().abandon();
            }
        }

        private void extent(StoreModel.Session session, int number) {
            ExtentWriter writer = session.store().create(4096, 0);
            ExtentWriter.Written written;
            try {
                writer.append(BlockType.DATA, Codec.RAW, content(number), 5000);
                written = writer.finish();
            } catch (StorageException e) {
                writer.abandon();
                throw e;
            }
            // If this fails its files must stay: the edit may be found nevertheless.
            session.edit(100 + number, "extent", new ManifestEdit().add(written), 0);
            extents.add(written);
        }

        /** Reading goes on whatever has failed, as long as the disk can be read. */
        void read(StoreModel.Session session) {
            for (ExtentWriter.Written written : extents) {
                try {
                    Extent extent = session.store().extent(written.id());
                    byte[] found = extent.read(0, 5016).bytes();
                    assertArrayEquals(content(found[0]), found);
                } catch (StorageException e) {
                    assertTrue(!spread && !trouble.isFull(), e.toString());
                    assertEquals(Kind.DAMAGED, e.kind());
                }
            }
        }

        private void attempt(Runnable step) {
            try {
                step.run();
            } catch (StorageException e) {
                judge(e);
            }
        }

        private void judge(StorageException e) {
            assertEquals(trouble.isFull() ? Kind.NO_SPACE : Kind.FAILED, e.kind(), e.toString());
        }
    }

    private static byte[] content(int number) {
        byte[] content = new byte[5000];
        Arrays.fill(content, (byte) number);
        return content;
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,2", "3,2", "2,1"})
    void whateverFailsNothingAcknowledgedIsLost(int disks, int copies) {
        for (Trouble trouble : Trouble.values()) {
            for (String struck : StoreModel.disks(disks).subList(0, Math.min(2, disks))) {
                boolean hit = true;
                for (int after = 0; hit; after += STEP) {
                    hit = strike(disks, copies, trouble, struck, after);
                }
            }
        }
    }

    private static boolean strike(int disks, int copies, Trouble trouble, String struck, int after) {
        SimWorld world = new SimWorld(after);
        Fault fault = trouble.fault().after(after);
        String what = trouble + " on " + struck + " of " + disks + " after " + after;
        try {
            History history = new History(world, disks, copies, trouble);
            world.disk(struck).inject(fault);
            assertTrue(world.run(() -> history.run(world, struck, fault)));
            for (String disk : StoreModel.disks(disks)) {
                assertEquals(List.of(), world.disk(disk).openNames(), "open files of " + disk);
            }
            SimWorld next = world.reboot(after % 2 == 0 ? Survival.ALL_LOST : Survival.RANDOM);
            assertTrue(next.run(() -> {
                StoreModel.Session session = history.model.open(
                        StoreModel.config(next, StoreModel.disks(disks), copies, SEGMENT_BYTES, false),
                        next.environment());
                for (ExtentWriter.Written written : history.extents) {
                    byte[] found =
                            session.store().extent(written.id()).read(0, 5016).bytes();
                    assertArrayEquals(content(found[0]), found);
                }
                assertEquals(List.of(), session.store().check().problems());
                session.force(session.append(10));
                session.close();
            }));
        } catch (AssertionError e) {
            throw new AssertionError(what, e);
        }
        return fault.hits() > 0;
    }
}
