package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimWorld;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ExtentTest {
    private static final int BLOCK_BYTES = 60_000;

    private static StoreModel.Session open(SimWorld world, int disks, int copies) {
        return new StoreModel()
                .open(StoreModel.config(world, StoreModel.disks(disks), copies, 8192, true), world.environment());
    }

    private static byte[] content(int number) {
        byte[] content = new byte[BLOCK_BYTES];
        new SplittableRandom(number).nextBytes(content);
        return content;
    }

    /** An extent of so many blocks, named by the manifest, and the offset of each block. */
    private record Written(StoreModel.Session session, Extent extent, List<Long> offsets) {
        static Written of(SimWorld world, int disks, int copies, int blocks) {
            StoreModel.Session session = open(world, disks, copies);
            ExtentWriter writer = session.store().create(16384, 0);
            List<Long> offsets = write(writer, blocks);
            session.edit(1, "extent", new ManifestEdit().add(writer.finish()), 0);
            return new Written(session, session.store().extent(writer.id()), offsets);
        }
    }

    /** Writes so many blocks; gives the offset of each. */
    private static List<Long> write(ExtentWriter writer, int blocks) {
        List<Long> offsets = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
            offsets.add(writer.append(BlockType.DATA, Codec.RAW, content(i), BLOCK_BYTES));
        }
        return offsets;
    }

    @Test
    void copiesOfAChunkLieOnDistinctDisksAndEachRoundUsesEveryDiskOnce() {
        SimWorld world = new SimWorld(3);
        assertTrue(world.run(() -> {
            StoreModel.Session session = open(world, 3, 2);
            ExtentWriter writer = session.store().create(16384, 0);
            write(writer, 17 * 6);
            ExtentInfo info = writer.finish().info();
            assertEquals(6, info.chunks());
            for (int round = 0; round < 2; round++) {
                for (int copy = 0; copy < 2; copy++) {
                    List<Integer> disks = new ArrayList<>();
                    for (int chunk = round * 3; chunk < round * 3 + 3; chunk++) {
                        disks.add(ExtentInfo.disk(info.place(chunk, copy)));
                        assertNotEquals(ExtentInfo.disk(info.place(chunk, 0)), ExtentInfo.disk(info.place(chunk, 1)));
                    }
                    disks.sort(null);
                    assertEquals(List.of(0, 1, 2), disks, "copy " + copy + " in round " + round);
                }
            }
            writer.abandon();
            for (String disk : StoreModel.disks(3)) {
                assertTrue(world.disk(disk).names().stream().noneMatch(name -> name.startsWith("x-")), disk);
            }
            session.close();
        }));
    }

    @Test
    void aFileThatIsFullIsFollowedByAnother() {
        SimWorld world = new SimWorld(3);
        assertTrue(world.run(() -> {
            StoreModel.Session session = open(world, 1, 1);
            ExtentWriter writer = session.store().create(1 << 20, 0);
            byte[] chunk = new byte[BlockFormat.PLAIN_MAX];
            for (int i = 0; i < 66; i++) {
                chunk[0] = (byte) i;
                writer.append(BlockType.DATA, Codec.RAW, chunk, chunk.length);
            }
            session.edit(1, "extent", new ManifestEdit().add(writer.finish()), 0);
            Extent extent = session.store().extent(writer.id());
            assertEquals(2, extent.info().fileNames(0, 0).size());
            for (int i = 0; i < 66; i++) {
                assertEquals((byte) i, extent.read((long) i << 20, 1 << 20).bytes()[0]);
            }
            session.store().free(extent);
            assertTrue(world.disk("d0").names().stream().noneMatch(name -> name.startsWith("x-")));
            session.store().abandon();
        }));
    }

    /** Files of one size while it is as long as was expected, then larger ones; one of no expected length is not cut while it is short. */
    @ParameterizedTest
    @CsvSource({
        "1, 0, 3, 3",
        "1, 16, 16, 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "1, 17, 4, 1 1 1 1",
        "1, 40, 9, 2 2 2 2 1",
        "1, 20, 50, 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 2 2 2 2 2 2 2 2",
        "1, 1000, 70, 62 8",
        "1, 100000, 70, 64 6",
        "2, 32, 10, 1 1 1 1 1 1 1 1 1 1",
        "2, 64, 10, 2 2 1 2 2 1",
    })
    void anExtentIsCutIntoFilesByTheLengthThatIsExpected(int disks, int expected, int written, String sizes) {
        SimWorld world = new SimWorld(3);
        assertTrue(world.run(() -> {
            StoreModel.Session session = open(world, disks, 1);
            ExtentWriter writer = session.store().create(1 << 20, (long) expected << Chunks.SHIFT);
            chunks(writer, written);
            session.edit(1, "extent", new ManifestEdit().add(writer.finish()), 0);
            List<String> found = new ArrayList<>();
            for (int disk = 0; disk < disks; disk++) {
                new TreeMap<>(session.store().namedFiles(disk))
                        .values()
                        .forEach(length -> found.add(Long.toString(length >>> Chunks.SHIFT)));
            }
            assertEquals(sizes, String.join(" ", found));
            assertEquals(List.of(), session.store().check().problems());
            session.store().abandon();
        }));
    }

    private static void chunks(ExtentWriter writer, int count) {
        byte[] chunk = new byte[BlockFormat.PLAIN_MAX];
        for (int i = 0; i < count; i++) {
            chunk[0] = (byte) i;
            writer.append(BlockType.DATA, Codec.RAW, chunk, chunk.length);
        }
    }

    /** What cannot be made stable is noticed when the next file begins, and is the same failure as at the end. */
    @Test
    void aFullFileIsForcedWhenTheNextBegins() {
        SimWorld world = new SimWorld(3);
        assertTrue(world.run(() -> {
            StoreModel.Session session = open(world, 3, 2);
            ExtentWriter full = session.store().create(1 << 20, 50 << 20);
            Fault noSpace = Fault.noSpace(Call.FORCE).on(name -> name.startsWith(ExtentInfo.FILE_PREFIX));
            world.disk("d1").inject(noSpace);
            StorageException refused = assertThrows(StorageException.class, () -> chunks(full, 50));
            assertEquals(StorageException.Kind.NO_SPACE, refused.kind());
            assertTrue(full.length() < 10 << 20, "noticed at " + full.length());
            assertEquals(0, session.departures);
            full.abandon();
            ExtentWriter failing = session.store().create(1 << 20, 50 << 20);
            world.disk("d1").inject(Fault.ioError(Call.FORCE).on(name -> name.startsWith(ExtentInfo.FILE_PREFIX)));
            StorageException failed = assertThrows(StorageException.class, () -> chunks(failing, 50));
            assertEquals(StorageException.Kind.FAILED, failed.kind());
            assertEquals(1, session.departures);
            failing.abandon();
            for (String disk : StoreModel.disks(3)) {
                assertTrue(world.disk(disk).names().stream().noneMatch(name -> name.startsWith("x-")), disk);
            }
            session.store().abandon();
        }));
    }

    /** Whatever is written to a disk after it was left out will not be read by the next open. */
    @Test
    void anExtentOnADiskThatWasLeftOutMeanwhileIsNotFinished() {
        SimWorld world = new SimWorld(3);
        assertTrue(world.run(() -> {
            StoreModel.Session session = open(world, 3, 2);
            ExtentStore store = session.store();
            ExtentWriter writer = store.create(16384, 0);
            write(writer, 40);
            store.leaveOut(store.disk(1), new IOException("planted"));
            StorageException failed = assertThrows(StorageException.class, writer::finish);
            assertEquals(StorageException.Kind.FAILED, failed.kind());
            assertTrue(String.valueOf(failed.getMessage()).contains("/d1"), failed.toString());
            writer.abandon();
            assertEquals(1, session.departures);
            ExtentWriter again = store.create(16384, 0);
            write(again, 40);
            again.finish().info();
            session.store().abandon();
        }));
    }

    @Test
    void aBadCopyIsAnsweredFromTheOtherAndCounted() {
        SimWorld world = new SimWorld(3);
        assertTrue(world.run(() -> {
            Written written = Written.of(world, 2, 2, 40);
            Extent extent = written.extent;
            List<Long> offsets = written.offsets;
            for (String name : world.disk("d0").names()) {
                if (name.startsWith("x-")) {
                    byte[] bytes = world.disk("d0").contents(name);
                    Arrays.fill(bytes, 4096, bytes.length, (byte) 1);
                    world.disk("d0").replaceContents(name, bytes);
                }
            }
            ReadAhead ahead = extent.readAhead(64 << 10, 256 << 10);
            int size = BLOCK_BYTES + BlockFormat.HEADER_BYTES;
            int badCopies = 0;
            for (int i = 0; i < offsets.size(); i++) {
                assertArrayEquals(content(i), extent.read(offsets.get(i), size).bytes());
                assertArrayEquals(content(i), ahead.read(offsets.get(i), size).bytes());
                for (int copy = 0; copy < 2; copy++) {
                    badCopies += isBad(extent, copy, offsets.get(i), size) ? 1 : 0;
                }
            }
            assertEquals(offsets.size(), badCopies);
            ExtentStore store = written.session.store();
            assertTrue(store.disks().get(0).badCopies() > 0);
            assertEquals(0, store.disks().get(1).badCopies());
            store.abandon();
        }));
    }

    /** A short scan should not read much more than it wants, a long one not often. */
    @Test
    void readingAheadBeginsSmallAndGrows() {
        SimWorld world = new SimWorld(4);
        assertTrue(world.run(() -> {
            Written written = Written.of(world, 1, 1, 200);
            List<Long> offsets = written.offsets;
            int size = BLOCK_BYTES + BlockFormat.HEADER_BYTES;
            int most = 40 * size;
            ReadAhead ahead = written.extent.readAhead(4 * size, most);
            int reads = 0;
            long before = 0;
            for (int i = 0; i < offsets.size(); i++) {
                assertArrayEquals(content(i), ahead.read(offsets.get(i), size).bytes());
                long more = ahead.bytesRead() - before;
                assertTrue(more <= Math.min(most, Math.max(4L * size, before / 2)), more + " bytes behind " + before);
                reads += more > 0 ? 1 : 0;
                before = ahead.bytesRead();
            }
            assertTrue(reads <= 20, reads + " reads");
            written.session.store().abandon();
        }));
    }

    private static boolean isBad(Extent extent, int copy, long offset, int size) {
        try {
            extent.readCopyOf(copy, offset, size);
            return false;
        } catch (StorageException e) {
            assertTrue(String.valueOf(e.getMessage()).contains("/d0"), e.toString());
            return true;
        }
    }

    @Test
    void aPlaceThatCannotHoldABlockIsRefused() {
        SimWorld world = new SimWorld(3);
        assertTrue(world.run(() -> {
            Written written = Written.of(world, 1, 1, 20);
            Extent extent = written.extent;
            long end = extent.length();
            for (long[] place :
                    new long[][] {{-1, 100}, {0, 16}, {0, -5}, {end - 50, 51}, {(1 << 20) - 50, 51}, {0, (1 << 20) + 1}
                    }) {
                StorageException refused =
                        assertThrows(StorageException.class, () -> extent.read(place[0], (int) place[1]));
                assertEquals(StorageException.Kind.DAMAGED, refused.kind());
            }
            ExtentStore store = written.session.store();
            assertThrows(StorageException.class, () -> store.extent(99));
            store.abandon();
        }));
    }

    @ParameterizedTest
    @EnumSource(Codec.class)
    void everyCodecGivesBackWhatItGotAndKeepsItRawWhereThatSavesLittle(Codec codec) {
        SplittableRandom random = new SplittableRandom(1);
        Checksums checksums = new Checksums();
        for (int length : new int[] {1, 2, 7, 8, 100, 4096, 65_536, BlockFormat.PLAIN_MAX}) {
            for (boolean regular : new boolean[] {true, false}) {
                byte[] plain = new byte[length + 3];
                random.nextBytes(plain);
                if (regular) {
                    Arrays.fill(plain, 0, length, (byte) 'a');
                }
                byte[] block = new byte[BlockFormat.HEADER_BYTES + length];
                int size = BlockFormat.encode(BlockType.INDEX, codec, plain, length, block);
                assertTrue(size <= block.length && size > BlockFormat.HEADER_BYTES);
                boolean packed = block[BlockFormat.CODEC_AT] != Codec.RAW.number();
                assertTrue(!packed || size - BlockFormat.HEADER_BYTES <= length - length / 8);
                assertEquals(codec != Codec.RAW && regular && length >= 100, packed, codec + " of " + length);
                BlockFormat.seal(5, 77, block, size, checksums);
                Block found = BlockFormat.decode(5, 77, block, 0, size, checksums);
                assertEquals(BlockType.INDEX, found.type());
                assertArrayEquals(Arrays.copyOf(plain, length), found.bytes());
                // Sound, but not where it belongs.
                assertThrows(StorageException.class, () -> BlockFormat.decode(5, 78, block, 0, size, checksums));
                assertThrows(StorageException.class, () -> BlockFormat.decode(6, 77, block, 0, size, checksums));
            }
        }
    }

    @Test
    void whatALaterReleaseMayWriteIsRefusedAsSuch() {
        Checksums checksums = new Checksums();
        for (int[] change : new int[][] {
            {BlockFormat.TYPE_AT, 0},
            {BlockFormat.TYPE_AT, 10},
            {BlockFormat.TYPE_AT, 255},
            {BlockFormat.CODEC_AT, 3},
            {BlockFormat.CODEC_AT, 200},
            {BlockFormat.RESERVED_AT, 1},
            {BlockFormat.RESERVED_AT + 1, 1}
        }) {
            byte[] block = new byte[26];
            BlockFormat.encode(BlockType.DATA, Codec.RAW, new byte[10], 10, block);
            block[change[0]] = (byte) change[1];
            BlockFormat.seal(1, 0, block, 26, checksums);
            StorageException refused =
                    assertThrows(StorageException.class, () -> BlockFormat.decode(1, 0, block, 0, 26, checksums));
            assertEquals(StorageException.Kind.TOO_NEW, refused.kind(), Arrays.toString(change));
        }
    }
}
