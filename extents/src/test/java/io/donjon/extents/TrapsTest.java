package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.StorageException.Kind;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Traps that other stores fell into, as far as they lie in files: checksums of nothing, files that end where a record
 * does, and a copy of the log with garbage behind its end. Where the other traps are tested says the class of this name
 * in the engine.
 */
class TrapsTest {
    private static final int SEGMENT_BYTES = 12 << 10;
    private static final UUID STORE = new UUID(0, 0);

    // ---- the checksum of nothing is 0 ----

    @ParameterizedTest
    @EnumSource
    void zerosAreNoHeader(FileHeader.Kind kind) {
        ByteBuffer zeros = ByteBuffer.allocate(FileHeader.BYTES);
        StorageException e = assertThrows(StorageException.class, () -> FileHeader.check(zeros, kind, "file"));
        assertEquals(Kind.DAMAGED, e.kind());
    }

    @Test
    void theChecksumOfNothingIsNotZero() {
        assertNotEquals(0, new Checksums().begin(0, 0).value());
        assertNotEquals(
                new Checksums().begin(0, 0).value(), new Checksums().begin(0, 1).value());
    }

    /** Not even where the tag that is due is 0, and with the right checksum. */
    @Test
    void aGroupOfNoBytesIsNoneWhateverItsChecksum() {
        int at = LogFormat.FIRST_AT;
        long inverse = BigInteger.valueOf(0x9E3779B97F4A7C15L)
                .modInverse(BigInteger.ONE.shiftLeft(Long.SIZE))
                .longValue();
        long segment = -at * 0xC2B2AE3D27D4EB4FL * inverse;
        assertEquals(0, LogFormat.tag(segment, at));
        ByteBuffer file = ByteBuffer.allocate(2 * at);
        assertEquals(-1, LogFormat.soundBody(new Checksums(), segment, file, at));
        seal(file, segment, at);
        assertEquals(-1, LogFormat.soundBody(new Checksums(), segment, file, at));
        file.putInt(at + LogFormat.LENGTH_AT, 1);
        assertEquals(-1, LogFormat.soundBody(new Checksums(), segment, file, at));
        seal(file, segment, at);
        assertEquals(1, LogFormat.soundBody(new Checksums(), segment, file, at));
    }

    private static void seal(ByteBuffer file, long segment, int at) {
        file.putInt(at + LogFormat.CRC_AT, LogFormat.checksum(new Checksums(), segment, at, file, at));
    }

    @Test
    void aRecordOfNoBytesIsNoneWhateverItsChecksum() {
        assertFalse(counts(null));
        assertFalse(counts(new byte[0]));
        assertTrue(counts(new byte[1]));
    }

    /** Whether a manifest is whole that has this record in the midst of zeros, or none. */
    private static boolean counts(byte @Nullable [] body) {
        SimWorld world = new SimWorld(1);
        SimDisk disk = world.disk("d");
        ManifestPosition at = new ManifestPosition(1, 0);
        boolean[] whole = {false};
        assertTrue(world.run(() -> {
            try (OpenFile file = disk.create("manifest-0", Directory.Access.BUFFERED)) {
                file.write(ManifestSlot.header(STORE, STORE, 0, at), 0);
                file.write(ByteBuffer.allocate(64 << 10), FileHeader.BYTES);
                if (body != null) {
                    file.write(
                            ManifestSlot.record(STORE, at, ManifestSlot.KIND_LAST_PAGE, 0, body, FileHeader.BYTES),
                            FileHeader.BYTES);
                }
            }
            ManifestSlot slot = Objects.requireNonNull(ManifestSlot.read(disk, STORE, STORE, 0));
            whole[0] = slot.damage == null && slot.newest.equals(at);
        }));
        return whole[0];
    }

    @Test
    void aBlockOfNoBytesIsNoneWhateverItsChecksum() {
        for (int size : new int[] {0, BlockFormat.HEADER_BYTES, BlockFormat.HEADER_BYTES + 1, 4096}) {
            byte[] zeros = new byte[4096];
            assertNoBlock(zeros, size);
            if (size > BlockFormat.TYPE_AT) {
                // All is as it should be but that there are no bytes.
                zeros[BlockFormat.TYPE_AT] = 1;
                BlockFormat.setInt(zeros, BlockFormat.STORED_AT, size - BlockFormat.HEADER_BYTES);
                BlockFormat.seal(0, 0, zeros, size, new Checksums());
                assertNoBlock(zeros, size);
            }
        }
    }

    private static void assertNoBlock(byte[] bytes, int size) {
        StorageException e =
                assertThrows(StorageException.class, () -> BlockFormat.decode(0, 0, bytes, 0, size, new Checksums()));
        assertEquals(Kind.DAMAGED, e.kind());
    }

    // ---- a store ----

    /** A store with several log segments, edits behind a checkpoint, and an extent. */
    private static final class Victim {
        final int copies;
        final StoreModel model = new StoreModel();
        final SimWorld world;
        final List<long[]> blocks = new ArrayList<>();
        long extent;

        Victim(int copies, boolean closed) {
            this.copies = copies;
            SimWorld first = new SimWorld(7);
            assertTrue(first.run(() -> fill(first, closed)));
            world = first.reboot(Survival.ALL_KEPT);
        }

        private void fill(SimWorld in, boolean closed) {
            StoreModel.Session session = open(model, in);
            ExtentWriter writer = session.store().create(8192, 0);
            extent = writer.id();
            for (int i = 0; i < 5; i++) {
                byte[] plain = new byte[4000];
                Arrays.fill(plain, (byte) i);
                blocks.add(
                        new long[] {writer.append(BlockType.DATA, Codec.RAW, plain, plain.length), writer.lastSize()});
            }
            session.edit(1, "extent", new ManifestEdit().add(writer.finish()), 0);
            for (int i = 0; i < 20; i++) {
                session.force(session.append(1500));
                session.edit(10 + i, "fact " + i);
            }
            if (closed) {
                session.close();
            } else {
                // Its mark says of all before it that they were stable.
                session.append(10);
                session.store().abandon();
            }
        }

        StoreModel.Session open(StoreModel known, SimWorld in) {
            return known.open(
                    StoreModel.config(in, StoreModel.disks(copies), copies, SEGMENT_BYTES, false), in.environment());
        }

        /** Opens the store with a damage, and looks at it. The refusal, or null if all of log and manifest was there. */
        @Nullable StorageException suffer(String file, Damage damage, Look look) {
            SimWorld next = world.reboot(Survival.ALL_KEPT);
            StorageException[] refusal = {null};
            assertTrue(next.run(() -> {
                damage.on(next.disk("d0"));
                StoreModel.Session session;
                try {
                    session = open(model.copy(), next);
                } catch (StorageException e) {
                    assertTrue(String.valueOf(e.getMessage()).contains("/d0"), e.toString());
                    refusal[0] = e;
                    return;
                }
                try {
                    look.at(session);
                } finally {
                    session.store().abandon();
                }
            }));
            assertEquals(List.of(), next.disk("d0").openNames(), file);
            return refusal[0];
        }

        byte[] contents(String name) throws IOException {
            return world.disk("d0").contents(name);
        }

        List<String> names(String prefix) {
            return world.disk("d0").names().stream()
                    .filter(name -> name.startsWith(prefix))
                    .toList();
        }
    }

    private interface Damage {
        void on(SimDisk disk) throws IOException;
    }

    private interface Look {
        void at(StoreModel.Session session);
    }

    private static final Look NO_LOOK = session -> {};

    @Test
    void aFileOfZerosIsRefusedByName() throws IOException {
        Victim victim = new Victim(1, true);
        for (String name : victim.world.disk("d0").names()) {
            byte[] zeros = new byte[victim.contents(name).length];
            boolean extent = name.startsWith("x-");
            List<StorageException> unread = new ArrayList<>();
            StorageException refusal = victim.suffer(
                    name, disk -> disk.replaceContents(name, zeros), session -> unread.addAll(unread(victim, session)));
            assertEquals(extent ? victim.blocks.size() : 0, unread.size(), name);
            // The older slot, the fence, and what is there for its size alone are replaced.
            boolean needed = name.equals("disk") || (name.startsWith("log-") && isBegun(victim.contents(name)));
            assertTrue(refusal != null || !needed, name);
        }
        assertTrue(victim.suffer(
                        "manifests",
                        disk -> {
                            for (String name : victim.names("manifest-")) {
                                disk.replaceContents(name, new byte[victim.contents(name).length]);
                            }
                        },
                        NO_LOOK)
                != null);
    }

    private static boolean isBegun(byte[] log) {
        return ByteBuffer.wrap(log).getInt(LogFormat.STATE_AT) == LogFormat.BEGUN;
    }

    /** Reads every block: what is there is right, and the errors of the others. */
    private static List<StorageException> unread(Victim victim, StoreModel.Session session) {
        List<StorageException> unread = new ArrayList<>();
        Extent extent = session.store().extent(victim.extent);
        for (int i = 0; i < victim.blocks.size(); i++) {
            byte[] plain = new byte[4000];
            Arrays.fill(plain, (byte) i);
            long[] block = victim.blocks.get(i);
            try {
                assertArrayEquals(plain, extent.read(block[0], (int) block[1]).bytes());
            } catch (StorageException e) {
                assertTrue(String.valueOf(e.getMessage()).contains("x-"), e.toString());
                unread.add(e);
            }
        }
        return unread;
    }

    // ---- a file that ends where a record does looks whole ----

    /** Of a store that was not closed the newest segment is left out: what it ends with may as well never have been there. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aLogCutAtTheBorderOfGroupsIsNoticed(boolean closed) throws IOException {
        Victim victim = new Victim(1, closed);
        List<String> begun = new ArrayList<>();
        for (String name : victim.names("log-")) {
            if (isBegun(victim.contents(name))) {
                begun.add(name);
            }
        }
        int cuts = 0;
        for (String name : closed ? begun : begun.subList(0, begun.size() - 1)) {
            for (int border : groups(victim.contents(name))) {
                StorageException refusal = victim.suffer(name, disk -> disk.resize(name, border), NO_LOOK);
                assertTrue(refusal != null, () -> name + " cut to " + border);
                assertEquals(Kind.DAMAGED, refusal.kind());
                cuts++;
            }
        }
        assertTrue(cuts > 15, "cuts: " + cuts);
    }

    /** Where the groups of a segment begin. */
    private static List<Integer> groups(byte[] log) {
        ByteBuffer file = ByteBuffer.wrap(log);
        long segment = file.getLong(LogFormat.SEGMENT_AT);
        List<Integer> groups = new ArrayList<>();
        int at = LogFormat.FIRST_AT;
        int length = LogFormat.soundBody(new Checksums(), segment, file, at);
        while (length > 0) {
            groups.add(at);
            at += LogFormat.BODY_AT + length;
            length = LogFormat.soundBody(new Checksums(), segment, file, at);
        }
        return groups;
    }

    @Test
    void aManifestCutAtTheBorderOfRecordsIsNoticed() throws IOException {
        Victim victim = new Victim(1, true);
        int cuts = 0;
        for (String name : victim.names("manifest-")) {
            ByteBuffer file = ByteBuffer.wrap(victim.contents(name));
            for (int at = FileHeader.BYTES; at < file.limit(); at += ManifestSlot.ALIGNMENT) {
                if (file.getInt(at) == ManifestSlot.MAGIC && file.get(at + 29) == 0) {
                    int border = at;
                    StorageException refusal = victim.suffer(name, disk -> disk.resize(name, border), NO_LOOK);
                    assertTrue(refusal != null, () -> name + " cut to " + border);
                    cuts++;
                }
            }
        }
        assertTrue(cuts > 15, "cuts: " + cuts);
    }

    @Test
    void anExtentCutAtTheBorderOfBlocksIsNoticed() throws IOException {
        Victim victim = new Victim(1, true);
        String name = victim.names("x-").get(0);
        for (int kept = 0; kept < victim.blocks.size(); kept++) {
            long border = FileHeader.BYTES + victim.blocks.get(kept)[0];
            int lost = victim.blocks.size() - kept;
            StorageException refusal = victim.suffer(name, disk -> disk.resize(name, (int) border), session -> {
                assertEquals(lost, unread(victim, session).size());
                assertFalse(session.store().check().problems().isEmpty());
            });
            assertNull(refusal);
        }
    }

    // ---- garbage behind the end of one copy of the log ----

    /** Of two copies the one that ends well is as good as ever, whichever has the garbage, and whatever that looks like. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void garbageBehindTheEndOfOneCopyOfTheLogIsNoReasonToRefuseAStore(boolean closed) throws IOException {
        Victim victim = new Victim(2, closed);
        String newest = "";
        for (String name : victim.names("log-")) {
            newest = isBegun(victim.contents(name)) ? name : newest;
        }
        String name = newest;
        List<Integer> groups = groups(victim.contents(name));
        int last = groups.get(groups.size() - 1);
        for (int seed = 0; seed < 40; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            byte[] bytes = victim.contents(name);
            int end = last + LogFormat.BODY_AT + ByteBuffer.wrap(bytes).getInt(last + LogFormat.LENGTH_AT);
            byte[] garbage = garbage(random, bytes, last, end);
            int from = random.nextBoolean() ? end : Math.max(end, bytes.length);
            byte[] longer = Arrays.copyOf(bytes, Math.max(bytes.length, from + garbage.length));
            System.arraycopy(garbage, 0, longer, from, garbage.length);
            String struck = "d" + random.nextInt(2);
            SimWorld next = victim.world.reboot(Survival.ALL_KEPT);
            next.disk(struck).replaceContents(name, struck.equals("d0") ? longer : of(victim, struck, name, longer));
            String what = struck + " seed " + seed;
            assertTrue(
                    next.run(() -> {
                        StoreModel.Session session = victim.open(victim.model.copy(), next);
                        assertEquals(0, unread(victim, session).size());
                        session.force(session.append(100));
                        session.close();
                    }),
                    what);
        }
    }

    /** The same contents under the header of another disk. */
    private static byte[] of(Victim victim, String disk, String name, byte[] contents) throws IOException {
        byte[] moved = contents.clone();
        System.arraycopy(victim.world.disk(disk).contents(name), 0, moved, 0, FileHeader.BYTES);
        return moved;
    }

    private static byte[] garbage(SplittableRandom random, byte[] log, int last, int end) {
        byte[] garbage = new byte[1 + random.nextInt(20_000)];
        random.nextBytes(garbage);
        if (random.nextInt(3) == 0) {
            // The last group once more, which belongs elsewhere.
            System.arraycopy(log, last, garbage, 0, Math.min(garbage.length, end - last));
        } else if (garbage.length >= LogFormat.BODY_AT && random.nextBoolean()) {
            // The beginning of a group that is not whole.
            long segment = ByteBuffer.wrap(log).getLong(LogFormat.SEGMENT_AT);
            ByteBuffer.wrap(garbage)
                    .putInt(LogFormat.TAG_AT, LogFormat.tag(segment, end))
                    .putInt(LogFormat.LENGTH_AT, random.nextInt(garbage.length));
        }
        return garbage;
    }
}
