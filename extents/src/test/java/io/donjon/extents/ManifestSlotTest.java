package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.StorageException.Kind;
import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimPower;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What is read of a manifest file in which some records are sound and others are not. */
class ManifestSlotTest {
    private static final UUID STORE = new UUID(11, 12);
    private static final UUID DISK = new UUID(21, 22);
    private static final ManifestPosition CHECKPOINT = new ManifestPosition(3, 7);
    private static final int SECTOR = ManifestSlot.ALIGNMENT;
    private static final int HEAD = 36;

    /** Where in a record some of its fields are. */
    private static final int LENGTH_AT = 4;

    private static final int RESERVED_AT = 30;
    private static final int CRC_AT = 32;

    private static byte[] body(int length) {
        byte[] body = new byte[length];
        Arrays.fill(body, (byte) length);
        return body;
    }

    private static ManifestPosition edit(long number) {
        return new ManifestPosition(CHECKPOINT.generation(), number);
    }

    /** A slot's file in the making. */
    private static final class Slot {
        private final List<Integer> begins = new ArrayList<>();
        private ByteBuffer file;

        Slot() {
            this(ManifestSlot.header(STORE, DISK, 1, CHECKPOINT));
        }

        Slot(ByteBuffer header) {
            file = ByteBuffer.allocate(header.remaining()).put(header).flip();
        }

        Slot record(int kind, int page, ManifestPosition at, int length) {
            ByteBuffer record = ManifestSlot.record(STORE, at, kind, page, body(length), file.limit());
            begins.add(file.limit());
            file = ByteBuffer.allocate(file.limit() + record.remaining())
                    .put(file)
                    .put(record)
                    .flip();
            return this;
        }

        Slot page(int page, int length) {
            return record(ManifestSlot.KIND_PAGE, page, CHECKPOINT, length);
        }

        Slot lastPage(int page, int length) {
            return record(ManifestSlot.KIND_LAST_PAGE, page, CHECKPOINT, length);
        }

        Slot edit(long number, int length) {
            return record(ManifestSlot.KIND_EDIT, 0, ManifestSlotTest.edit(number), length);
        }

        /** Where a copy of a record begins. */
        int begin(int record, int copy) {
            int begin = begins.get(record);
            return begin + copy * ManifestSlot.aligned(HEAD + file.getInt(begin + LENGTH_AT));
        }

        /** A bit of a copy falls over. */
        Slot damage(int record, int copy, int at) {
            int place = begin(record, copy) + at;
            file.put(place, (byte) (file.get(place) ^ 4));
            return this;
        }

        /** What another file, or an earlier time, has in the place of one of its sectors. */
        Slot sectorOf(Slot other, int at) {
            file.put(at, other.file, at, SECTOR);
            return this;
        }

        /** Another value of a field in both copies, with the checksum that is due. */
        Slot forge(int record, Consumer<ByteBuffer> change) {
            for (int copy = 0; copy < 2; copy++) {
                int begin = begin(record, copy);
                change.accept(file.slice(begin, HEAD));
                file.putInt(
                        begin + CRC_AT,
                        new Checksums()
                                .begin(STORE.getMostSignificantBits(), begin)
                                .add(file.slice(begin, CRC_AT))
                                .add(file.slice(begin + HEAD, file.getInt(begin + LENGTH_AT)))
                                .value());
            }
            return this;
        }

        Slot cut(int length) {
            file.limit(length);
            return this;
        }

        Slot zeros(int length) {
            file = ByteBuffer.allocate(file.limit() + length).put(file).rewind();
            return this;
        }

        ManifestSlot read() {
            try {
                SimDisk disk = new SimDisk("/d0", new SimPower(1));
                try (OpenFile made = disk.create("manifest-1", Directory.Access.BUFFERED)) {
                    made.write(file.duplicate(), 0);
                }
                ManifestSlot read = ManifestSlot.read(disk, STORE, DISK, 1);
                assertEquals(List.of(), disk.openNames());
                assertNotNull(read);
                return read;
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static Slot sound() {
        return new Slot().page(0, 5000).lastPage(1, 10).edit(8, 20).edit(9, 30);
    }

    private static List<Integer> lengths(List<byte[]> bodies) {
        return bodies.stream()
                .map(body -> {
                    assertArrayEquals(body(body.length), body);
                    return body.length;
                })
                .toList();
    }

    private static void assertSound(ManifestSlot read, long newest) {
        assertNull(read.damage);
        assertEquals(edit(newest), read.newest);
        assertEquals(edit(newest), read.seen);
        assertEquals(List.of(5000, 10), lengths(read.pages));
        assertEquals(List.of(20, 30).subList(0, (int) newest - 7), lengths(read.edits));
    }

    /** Unusable: it must not be taken for anything, but what it speaks of is known. */
    private static void assertDamaged(ManifestSlot read, Kind kind, String what, ManifestPosition seen) {
        StorageException damage = read.damage;
        assertNotNull(damage, "taken for sound");
        assertEquals(kind, damage.kind());
        String message = String.valueOf(damage.getMessage());
        assertTrue(message.contains("/d0/manifest-1") && message.contains(what), message);
        assertEquals(ManifestPosition.NONE, read.newest);
        assertEquals(seen, read.seen);
    }

    @Test
    void aCheckpointAndTheEditsBehindItAreReadInOrder() {
        ManifestSlot read = sound().read();
        assertSound(read, 9);
        assertNull(read.halfLost);
        assertSound(sound().zeros(3 * SECTOR).read(), 9);
        ManifestSlot bare = new Slot().lastPage(0, 1).read();
        assertEquals(List.of(1), lengths(bare.pages));
        assertEquals(List.of(), bare.edits);
        assertEquals(CHECKPOINT, bare.newest);
    }

    /** The second copy begins at the next multiple of the alignment, the next record behind that. */
    @Test
    void recordsOfAllLengthsAreRead() {
        for (int length : new int[] {1, SECTOR - HEAD - 1, SECTOR - HEAD, SECTOR - HEAD + 1, 3 * SECTOR, 300_000}) {
            Slot slot = new Slot().lastPage(0, length).edit(8, 7);
            ManifestSlot read = slot.read();
            assertNull(read.damage);
            assertNull(read.halfLost);
            assertEquals(List.of(length), lengths(read.pages));
            assertEquals(List.of(7), lengths(read.edits));
            int single = (HEAD + length + SECTOR - 1) / SECTOR * SECTOR;
            assertEquals(FileHeader.BYTES + 2 * single + 2 * SECTOR, slot.file.limit());
        }
    }

    @Test
    void aFileThatIsNotThereIsNoSlot() {
        SimDisk disk = new SimDisk("/d0", new SimPower(1));
        assertNull(ManifestSlot.read(disk, STORE, DISK, 0));
    }

    @Test
    void aFileThatCannotBeReadIsDamagedAndSaysNothing() throws IOException {
        SimDisk disk = new SimDisk("/d0", new SimPower(1));
        disk.create("manifest-1", Directory.Access.BUFFERED).close();
        disk.inject(Fault.ioError(Call.READ));
        ManifestSlot read = ManifestSlot.read(disk, STORE, DISK, 1);
        assertNotNull(read);
        assertDamaged(read, Kind.FAILED, "I/O error", ManifestPosition.NONE);
        assertEquals(List.of(), disk.openNames());
    }

    @Test
    void aFileThatIsTooShortIsDamaged() {
        for (int length : new int[] {0, 1, FileHeader.BYTES - 1}) {
            assertDamaged(
                    sound().cut(length).read(), Kind.DAMAGED, "ends after " + length + " bytes", ManifestPosition.NONE);
        }
        assertDamaged(sound().cut(FileHeader.BYTES).read(), Kind.DAMAGED, "without its last page", CHECKPOINT);
    }

    /** Such a file knows nothing of this disk's records, but a later one's soundness is no reason to trust it either. */
    @Test
    void aFileOfAnotherStoreDiskOrSlotIsRefused() {
        List<ByteBuffer> headers = List.of(
                ManifestSlot.header(new UUID(99, 12), DISK, 1, CHECKPOINT),
                ManifestSlot.header(new UUID(11, 99), DISK, 1, CHECKPOINT),
                ManifestSlot.header(STORE, new UUID(21, 99), 1, CHECKPOINT),
                ManifestSlot.header(STORE, DISK, 0, CHECKPOINT));
        for (ByteBuffer header : headers) {
            Slot slot = new Slot(header).lastPage(0, 10).edit(8, 20);
            assertDamaged(slot.read(), Kind.DAMAGED, "another store, disk or slot", edit(8));
        }
    }

    /** What it says of its newest record may be all that is known of it. */
    @Test
    void behindABadHeaderTheSoundRecordsAreSeen() {
        Slot slot = sound();
        slot.file.put(20, (byte) 1);
        assertDamaged(slot.read(), Kind.DAMAGED, "crc", edit(9));
    }

    @Test
    void eitherCopyOfARecordIsEnoughAndTheLossOfTheOtherIsTold() {
        for (int record = 0; record < 4; record++) {
            for (int copy = 0; copy < 2; copy++) {
                for (int at = 0; at <= HEAD; at++) {
                    Slot slot = sound();
                    ManifestSlot read = slot.damage(record, copy, at).read();
                    assertSound(read, 9);
                    assertEquals("/d0/manifest-1 at " + slot.begin(record, 0), read.halfLost);
                    assertEquals(edit(Math.max(7, 6 + record)), read.halfLostRecord);
                }
            }
        }
    }

    @Test
    void ofSeveralRecordsThatAreHalfLostTheFirstIsTold() {
        Slot slot = sound();
        ManifestSlot read = slot.damage(1, 0, HEAD).damage(2, 1, HEAD).read();
        assertSound(read, 9);
        assertEquals("/d0/manifest-1 at " + slot.begin(1, 0), read.halfLost);
        assertEquals(CHECKPOINT, read.halfLostRecord);
    }

    @Test
    void theSlotEndsBeforeALastRecordThatIsLostInBothCopies() {
        assertSound(sound().damage(3, 0, HEAD).damage(3, 1, HEAD).read(), 8);
        int begin = sound().begin(3, 0);
        assertSound(sound().cut(begin).read(), 8);
        assertSound(sound().cut(begin + HEAD).read(), 8);
    }

    @Test
    void aLostEditBeforeASoundOneIsDamage() {
        Slot slot = sound().damage(2, 0, 0).damage(2, 1, HEAD);
        assertDamaged(slot.read(), Kind.DAMAGED, "byte " + slot.begin(2, 0) + " is damaged", edit(9));
        assertDamaged(
                sound().damage(2, 0, 0).damage(2, 1, 0).damage(3, 0, 0).read(), Kind.DAMAGED, "is damaged", edit(9));
    }

    @Test
    void aLostPageIsDamage() {
        Slot slot = sound().damage(1, 0, 0).damage(1, 1, 0);
        assertDamaged(slot.read(), Kind.DAMAGED, "ends at byte " + slot.begin(1, 0) + ", without its last", edit(9));
        Slot first = sound().damage(0, 0, 0).damage(0, 1, 0);
        assertDamaged(first.read(), Kind.DAMAGED, "ends at byte " + FileHeader.BYTES, edit(9));
    }

    @Test
    void recordsThatDoNotFollowEachOtherAreDamage() {
        List<Slot> slots = List.of(
                new Slot().page(1, 10).lastPage(2, 10),
                new Slot().page(0, 10).lastPage(2, 10),
                new Slot().page(0, 10).edit(8, 10),
                new Slot().record(ManifestSlot.KIND_LAST_PAGE, 0, edit(8), 10),
                new Slot().record(ManifestSlot.KIND_LAST_PAGE, 0, new ManifestPosition(2, 7), 10));
        for (Slot slot : slots) {
            StorageException damage = slot.read().damage;
            assertNotNull(damage);
            assertTrue(String.valueOf(damage.getMessage()).contains("not page"), damage.getMessage());
        }
        assertDamaged(new Slot().lastPage(0, 10).edit(9, 10).read(), Kind.DAMAGED, "not edit 3.8", edit(9));
        assertDamaged(new Slot().lastPage(0, 10).edit(8, 10).edit(8, 10).read(), Kind.DAMAGED, "not edit 3.9", edit(8));
        assertDamaged(
                new Slot()
                        .lastPage(0, 10)
                        .record(ManifestSlot.KIND_PAGE, 1, edit(8), 10)
                        .read(),
                Kind.DAMAGED,
                "not edit 3.8",
                edit(8));
    }

    @Test
    void whatALaterReleaseWroteIsRefusedAsSuch() {
        for (int kind : new int[] {0, 4, 100}) {
            Slot slot = new Slot().lastPage(0, 10).record(kind, 0, edit(8), 10);
            String what = "byte " + slot.begin(1, 0) + " is of kind " + kind;
            assertDamaged(slot.read(), Kind.TOO_NEW, what, edit(8));
        }
    }

    /** A reader that passed over them would miss what they say (docs/format.md, conventions). */
    @Test
    void reservedBytesThatAreNotZeroAreRefused() {
        for (int at = RESERVED_AT; at < CRC_AT; at++) {
            int reserved = at;
            Slot slot = sound().forge(2, head -> head.put(reserved, (byte) 1));
            assertDamaged(slot.read(), Kind.TOO_NEW, "reserved", edit(9));
        }
    }

    /** A drive can lose a write: then the sector still holds what an earlier slot of this file had there. */
    @Test
    void ofTwoCopiesThatDifferTheOneThatIsDueCounts() {
        Slot stale = new Slot().page(0, 5000).lastPage(1, 10).edit(5, 20).edit(6, 30);
        for (int record = 2; record < 4; record++) {
            for (int copy = 0; copy < 2; copy++) {
                Slot slot = sound();
                slot.sectorOf(stale, slot.begin(record, copy));
                ManifestSlot read = slot.read();
                assertSound(read, 9);
                assertEquals("/d0/manifest-1 at " + slot.begin(record, 0), read.halfLost);
            }
        }
    }

    @Test
    void ofTwoCopiesThatDifferInLengthTheOneThatIsDueCounts() {
        Slot stale = new Slot().page(0, 5000).lastPage(1, 10).edit(5, 4500).edit(6, 30);
        Slot slot = sound();
        assertSound(slot.sectorOf(stale, slot.begin(2, 0)).read(), 9);
    }

    @Test
    void anOlderRecordInBothCopiesIsDamage() {
        Slot stale = new Slot().page(0, 5000).lastPage(1, 10).edit(5, 20).edit(6, 30);
        Slot slot = sound();
        slot.sectorOf(stale, slot.begin(3, 0)).sectorOf(stale, slot.begin(3, 1));
        assertDamaged(slot.read(), Kind.DAMAGED, "of 3.6, not edit 3.9", edit(8));
    }

    /** What an earlier use left behind the end: no reason to miss anything. */
    @Test
    void olderRecordsBehindTheEndAreNoDamage() {
        Slot slot = sound();
        int end = slot.file.limit();
        slot.zeros(SECTOR);
        slot.record(ManifestSlot.KIND_EDIT, 0, new ManifestPosition(2, 1000), 20);
        slot.record(ManifestSlot.KIND_EDIT, 0, edit(9), 20);
        ManifestSlot read = slot.read();
        assertSound(read, 9);
        slot.record(ManifestSlot.KIND_EDIT, 0, edit(10), 20);
        assertDamaged(slot.read(), Kind.DAMAGED, "byte " + end + " is damaged", edit(10));
    }

    @Test
    void aSecondCopyWithoutItsFirstIsNoRecordOfAnotherPlace() {
        // The first copy of edit 8 and all of edit 9 but its second copy are lost: that one leads back to edit 9.
        Slot slot = sound().damage(2, 0, 0).damage(2, 1, 0).damage(3, 0, 0);
        assertFalse(slot.read().edits.stream().anyMatch(edit -> edit.length == 30));
    }

    @Test
    void lengthsThatCannotBeAreNotBelieved() {
        for (int length : new int[] {0, -1, 1 << 20, ManifestSlot.BODY_BYTES_MAX + 1, Integer.MAX_VALUE}) {
            Slot slot = sound();
            int second = slot.begin(3, 1);
            slot.file.putInt(slot.begin(3, 0) + LENGTH_AT, length);
            assertSound(slot.read(), 9);
            slot.file.putInt(second + LENGTH_AT, length);
            assertSound(slot.read(), 8);
        }
    }
}
