package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.StorageException.Kind;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every file of a small store is damaged in every way: what can be answered is right, and for the rest there is a typed
 * error that names the file. Verification finds what reading does not notice.
 */
class DamageTest {
    private static final int SAMPLES = Integer.getInteger("damage.samples", 12);
    private static final int HEADER_FIELDS_BYTES = 80;

    /** A block that was written. */
    private static final class Known {
        final long extent;
        final long offset;
        final int size;
        final byte[] content;

        Known(long extent, long offset, int size, byte[] content) {
            this.extent = extent;
            this.offset = offset;
            this.size = size;
            this.content = content;
        }
    }

    /** Two generations of a store, after a crash: two manifests, several log segments, two extents. */
    private static final class Victim {
        final int disks;
        final int copies;
        final StoreModel model = new StoreModel();
        final List<Known> blocks = new ArrayList<>();
        final SimWorld world;

        Victim(int disks, int copies) {
            this.disks = disks;
            this.copies = copies;
            SimWorld first = new SimWorld(disks * 10L + copies);
            assertTrue(first.run(() -> fill(first, 1).close()));
            SimWorld second = first.reboot(Survival.ALL_KEPT);
            assertTrue(second.run(() -> fill(second, 2).store().abandon()));
            world = second.reboot(Survival.ALL_KEPT);
        }

        private StoreModel.Session fill(SimWorld in, int generation) {
            StoreModel.Session session = model.open(config(in), in.environment());
            SplittableRandom random = new SplittableRandom(generation);
            ExtentWriter writer = session.store().create(8192, 0);
            for (int i = 0; i < 12; i++) {
                byte[] plain = new byte[1 + random.nextInt(6000)];
                random.nextBytes(plain);
                Arrays.fill(plain, 0, plain.length / 2, (byte) i);
                Codec codec = List.of(Codec.values()).get(i % 3);
                long offset = writer.append(BlockType.DATA, codec, plain, plain.length);
                blocks.add(new Known(writer.id(), offset, writer.lastSize(), plain));
            }
            session.edit(generation, "extent", new ManifestEdit().add(writer.finish()), 0);
            for (int i = 0; i < 20; i++) {
                session.force(session.append(1500));
                session.edit(10 + i, "record " + i);
            }
            // Its mark says of all before it that they were stable. It itself may be lost.
            session.append(10);
            return session;
        }

        ExtentConfig config(SimWorld in) {
            ExtentConfig config = StoreModel.config(in, StoreModel.disks(disks), copies, 16 << 10, false);
            return new ExtentConfig(
                    config.directories(), List.of(), in != world, copies, false, false, 0, 16 << 10, 0, 4);
        }
    }

    /** What a damaged store does: whether it opens, and what is found in it then. */
    private record Outcome(@Nullable StorageException refusal, int badCopies, List<StoreCheck.Problem> problems) {}

    private interface Damage {
        void on(SimDisk disk, String name) throws IOException;
    }

    private static Outcome suffer(Victim victim, String disk, String name, String what, Damage damage) {
        SimWorld world = victim.world.reboot(Survival.ALL_KEPT);
        String place = "/" + disk + "/" + name + " " + what;
        Outcome[] outcome = new Outcome[1];
        try {
            StoreModel model = victim.model.copy();
            assertTrue(world.run(() -> {
                damage.on(world.disk(disk), name);
                outcome[0] = look(victim, model, world, disk, name);
            }));
        } catch (AssertionError e) {
            throw new AssertionError(place, e);
        }
        for (String any : StoreModel.disks(victim.disks)) {
            assertEquals(List.of(), world.disk(any).openNames(), place);
        }
        return outcome[0];
    }

    private static Outcome look(Victim victim, StoreModel model, SimWorld world, String disk, String name) {
        StoreModel.Session session;
        try {
            session = model.open(victim.config(world), world.environment());
        } catch (StorageException e) {
            assertPlace(e, disk, name);
            return new Outcome(e, 0, List.of());
        }
        try {
            int bad = 0;
            for (Known block : victim.blocks) {
                Extent extent = session.store().extent(block.extent);
                for (int copy = 0; copy < extent.copies(); copy++) {
                    bad += isSound(extent, copy, block, disk, name) ? 0 : 1;
                }
                try {
                    assertArrayEquals(
                            block.content, extent.read(block.offset, block.size).bytes());
                    ReadAhead ahead = extent.readAhead(4_000, 10_000);
                    assertArrayEquals(
                            block.content, ahead.read(block.offset, block.size).bytes());
                } catch (StorageException e) {
                    assertEquals(1, extent.copies(), "the other copy is sound: " + e);
                    assertPlace(e, disk, name);
                }
            }
            return new Outcome(null, bad, session.store().check().problems());
        } finally {
            session.store().abandon();
        }
    }

    private static boolean isSound(Extent extent, int copy, Known block, String disk, String name) {
        try {
            assertArrayEquals(
                    block.content,
                    extent.readCopyOf(copy, block.offset, block.size).bytes());
            return true;
        } catch (StorageException e) {
            assertPlace(e, disk, name);
            return false;
        }
    }

    private static void assertPlace(StorageException e, String disk, String name) {
        String message = String.valueOf(e.getMessage());
        // An older manifest, sound in itself, is found out by the log.
        boolean old = name.startsWith("manifest-") && message.contains("a newer manifest has been lost");
        assertTrue(message.contains("/" + disk) && (old || message.contains(name)), e.toString());
        assertTrue(e.kind() == Kind.DAMAGED || e.kind() == Kind.TOO_NEW, e.toString());
    }

    private static boolean isExtent(String name) {
        return name.startsWith("x-");
    }

    private static boolean isLog(String name) {
        return name.startsWith("log-");
    }

    /** What a store with two copies must survive: all but what a disk says of itself. */
    private static void assertAnswered(Victim victim, String name, String what, Outcome outcome) {
        if (victim.copies == 2 && (isExtent(name) || isLog(name))) {
            assertEquals(null, outcome.refusal, name + " " + what);
        }
    }

    private interface Each {
        void file(String disk, String name) throws IOException;
    }

    private static void forEachFile(Victim victim, Each each) throws IOException {
        for (String disk : StoreModel.disks(victim.disks)) {
            for (String name : victim.world.disk(disk).names()) {
                if (!name.equals("lock")) {
                    each.file(disk, name);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,2"})
    void aFlippedBitIsAnsweredFromElsewhereOrNamed(int disks, int copies) throws IOException {
        Victim victim = new Victim(disks, copies);
        SplittableRandom random = new SplittableRandom(disks);
        forEachFile(victim, (disk, name) -> {
            int bytes = victim.world.disk(disk).contents(name).length;
            for (int i = 0; i < HEADER_FIELDS_BYTES + SAMPLES; i++) {
                long at = i < HEADER_FIELDS_BYTES ? i : random.nextInt(bytes);
                long bit = at * 8 + random.nextInt(8);
                String what = "bit " + bit;
                Outcome outcome = suffer(victim, disk, name, what, (on, file) -> on.flipBit(file, bit));
                assertAnswered(victim, name, what, outcome);
                boolean header = at < FileHeader.BYTES;
                if (header && !isLog(name) && !name.startsWith("manifest-") && !name.equals("fence")) {
                    // Nothing mends these.
                    assertTrue(outcome.refusal != null || !outcome.problems.isEmpty(), () -> name + " " + what);
                }
                if (isExtent(name) && !header) {
                    assertEquals(isInBlock(victim, name, at) ? 1 : 0, outcome.badCopies, () -> name + " " + what);
                }
            }
        });
    }

    private static boolean isInBlock(Victim victim, String name, long at) {
        return victim.blocks.stream()
                .anyMatch(block -> name.startsWith(String.format("x-%016x-", block.extent))
                        && at >= FileHeader.BYTES + block.offset
                        && at < FileHeader.BYTES + block.offset + block.size);
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,2", "3,2"})
    void aFileThatIsCutShortOrMissingIsAnsweredFromElsewhereOrNamed(int disks, int copies) throws IOException {
        Victim victim = new Victim(disks, copies);
        SplittableRandom random = new SplittableRandom(disks);
        forEachFile(victim, (disk, name) -> {
            int bytes = victim.world.disk(disk).contents(name).length;
            List<Integer> lengths = new ArrayList<>(List.of(0, 1, 47, 4095));
            for (int i = 0; i < SAMPLES / 3; i++) {
                lengths.add(random.nextInt(bytes));
            }
            // A single log that ends early is no other than one whose last writes did not reach the disk.
            boolean endOfLog = copies == 1 && name.equals(newestLog(victim, disk));
            lengths.removeIf(length -> endOfLog && length >= FileHeader.BYTES);
            for (int length : lengths) {
                String what = "cut to " + length;
                Outcome outcome = suffer(victim, disk, name, what, (on, file) -> on.resize(file, length));
                assertAnswered(victim, name, what, outcome);
            }
            Outcome outcome = suffer(victim, disk, name, "missing", SimDisk::delete);
            assertAnswered(victim, name, "missing", outcome);
            if (isExtent(name)) {
                assertFalse(outcome.problems.isEmpty(), name);
            }
        });
    }

    private static String newestLog(Victim victim, String disk) {
        return victim.world.disk(disk).names().stream()
                .filter(DamageTest::isLog)
                .max(String::compareTo)
                .orElse("");
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,2"})
    void aFileOfALaterReleaseIsRefusedAsSuch(int disks, int copies) throws IOException {
        Victim victim = new Victim(disks, copies);
        forEachFile(victim, (disk, name) -> {
            for (int at : new int[] {9, 11}) {
                Outcome outcome = suffer(victim, disk, name, "format", (on, file) -> {
                    byte[] bytes = on.contents(file);
                    bytes[at] = 2;
                    seal(bytes);
                    on.replaceContents(file, bytes);
                });
                boolean other = copies == 2 && (isLog(name) || isExtent(name));
                if (!other && !isExtent(name)) {
                    assertEquals(Kind.TOO_NEW, outcome.refusal == null ? null : outcome.refusal.kind(), name);
                } else if (isExtent(name)) {
                    assertFalse(outcome.problems.isEmpty(), name);
                }
            }
        });
    }

    /** The contents of another file, sound in themselves, do not pass. */
    @ParameterizedTest
    @CsvSource({"1,1", "2,2"})
    void aFileWithAnothersContentsIsAnsweredFromElsewhereOrNamed(int disks, int copies) throws IOException {
        Victim victim = new Victim(disks, copies);
        forEachFile(
                victim,
                (disk, name) -> forEachFile(victim, (otherDisk, other) -> {
                    byte[] contents = victim.world.disk(otherDisk).contents(other);
                    if (disk.equals(otherDisk) && name.equals(other)) {
                        return;
                    }
                    String what = "with contents of " + otherDisk + "/" + other;
                    Outcome outcome =
                            suffer(victim, disk, name, what, (on, file) -> on.replaceContents(file, contents));
                    assertAnswered(victim, name, what, outcome);
                    if (isExtent(name)) {
                        // The other copy of the same extent has the same blocks, but says that it is another.
                        assertTrue(outcome.badCopies > 0 || !outcome.problems.isEmpty(), what);
                    }
                }));
    }

    /** Checksums are this test's own business here: over [0, 12) and [16, 4096). */
    private static void seal(byte[] file) {
        CRC32C crc = new CRC32C();
        crc.update(file, 0, 12);
        crc.update(file, 16, 4080);
        ByteBuffer.wrap(file).putInt(12, (int) crc.getValue());
    }

    /** A bad sector takes one copy of a record of the manifest only: the other answers, and verification says so. */
    @Test
    void everyRecordOfAManifestSurvivesABadSector() throws IOException {
        Victim victim = new Victim(1, 1);
        for (String name : List.of("manifest-0", "manifest-1")) {
            byte[] bytes = victim.world.disk("d0").contents(name);
            int records = 0;
            for (int at = 4096; at < bytes.length; at += 4096) {
                int sector = at;
                if (ByteBuffer.wrap(bytes).getInt(at) != 0x444a4d52) {
                    continue;
                }
                Outcome outcome = suffer(victim, "d0", name, "sector", (on, file) -> on.zero(file, sector, 512));
                assertEquals(null, outcome.refusal);
                records++;
            }
            assertTrue(records > 20, "records: " + records);
        }
    }
}
