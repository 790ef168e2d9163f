package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.StorageException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What each item of the manifest changes, and which items are refused. */
class ManifestStateTest {
    private final List<String> parts = new ArrayList<>();
    private final ManifestState state = new ManifestState(new StatelessClient() {
        @Override
        public void restore(Decoder part) {
            parts.add(part.text());
        }
    });

    private void apply(ManifestEdit edit) {
        state.apply(new Decoder("edit", edit.items().toBytes()), true);
    }

    private static Encoder item(long tag, Encoder body) {
        return new Encoder(32).varint(tag).bytes(body);
    }

    private static Encoder body() {
        return new Encoder(32);
    }

    private StorageException refused(Encoder items) {
        return assertThrows(StorageException.class, () -> state.apply(new Decoder("edit", items.toBytes()), true));
    }

    private void assertRefused(Kind kind, String what, Encoder items) {
        StorageException refused = refused(items);
        assertEquals(kind, refused.kind());
        assertTrue(String.valueOf(refused.getMessage()).contains(what), refused.getMessage());
    }

    private static SegmentInfo segment(long id, int... disks) {
        return new SegmentInfo(id, disks, SegmentInfo.OPEN);
    }

    private static ExtentInfo extent(long id, int chunks, int copies, int... disks) {
        long[] places = new long[disks.length];
        for (int i = 0; i < disks.length; i++) {
            places[i] = ExtentInfo.place(disks[i], i, i);
        }
        return new ExtentInfo(id, (long) chunks * Chunks.BYTES, copies, places, 0);
    }

    @Test
    void aNewStateHoldsNothing() {
        assertEquals(1, state.copies);
        assertEquals(1, state.nextExtent);
        assertEquals(1, state.nextSegment);
        assertEquals(0, state.members.length);
        assertTrue(state.disks.isEmpty() && state.extents.isEmpty() && state.segments.isEmpty());
    }

    @Test
    void disksAreTakenAsTheyAreAndALaterItemReplacesAnEarlier() {
        UUID id = new UUID(-5, 6);
        Disk disk = new Disk(300, id, null, "/där", true);
        apply(new ManifestEdit().disk(disk));
        assertEquals(new ManifestState.DiskRecord(300, id, true, "/där"), state.disks.get(300));
        disk.leaveOut();
        apply(new ManifestEdit().disk(disk));
        assertEquals(new ManifestState.DiskRecord(300, id, false, "/där"), state.disks.get(300));
        assertEquals(1, state.disks.size());
    }

    @Test
    void membersAndSettingsReplaceThoseBefore() {
        apply(new ManifestEdit().members(new int[] {4, 65_535, 0}).copies(255));
        assertArrayEquals(new int[] {4, 65_535, 0}, state.members);
        assertEquals(255, state.copies);
        apply(new ManifestEdit().members(new int[0]).copies(2));
        assertArrayEquals(new int[0], state.members);
        assertEquals(2, state.copies);
    }

    @Test
    void countersNeverFallAndAreRaisedByIdsThatAreNamed() {
        apply(new ManifestEdit().counters(7, 9));
        apply(new ManifestEdit().counters(5, 8));
        assertEquals(7, state.nextExtent);
        assertEquals(9, state.nextSegment);
        apply(new ManifestEdit().extent(extent(6, 1, 1, 0)).segment(segment(8, 0)));
        assertEquals(7, state.nextExtent);
        assertEquals(9, state.nextSegment);
        apply(new ManifestEdit().extent(extent(7, 1, 1, 0)).segment(segment(9, 0)));
        assertEquals(8, state.nextExtent);
        assertEquals(10, state.nextSegment);
    }

    @Test
    void extentsAreNamedUntilTheyAreDropped() {
        apply(new ManifestEdit().extent(extent(3, 2, 2, 0, 1, 2, 0)).extent(extent(4, 1, 1, 5)));
        ExtentInfo three = Objects.requireNonNull(state.extents.get(3L));
        assertEquals(2L * Chunks.BYTES, three.length());
        assertEquals(2, three.copies());
        assertArrayEquals(extent(3, 2, 2, 0, 1, 2, 0).places(), three.places());
        apply(new ManifestEdit().drop(3));
        assertEquals(Set.of(4L), state.extents.keySet());
    }

    @Test
    void theFrontOfAnExtentIsGivenBackOnceAndForAll() {
        apply(new ManifestEdit().extent(extent(3, 2, 1, 0, 1)));
        for (int chunk : new int[] {0, 1, 1, 2}) {
            apply(new ManifestEdit().begin(3, chunk));
            assertEquals(chunk, Objects.requireNonNull(state.extents.get(3L)).begin());
        }
        assertRefused(
                Kind.DAMAGED, "begin at chunk 1", new ManifestEdit().begin(3, 1).items());
        assertRefused(
                Kind.DAMAGED, "begin at chunk 3", new ManifestEdit().begin(3, 3).items());
        assertRefused(Kind.DAMAGED, "extent", new ManifestEdit().begin(4, 0).items());
    }

    @Test
    void segmentsAreOpenUntilTheirEndIsNamedAndThereUntilTheyAreGone() {
        apply(new ManifestEdit().segment(segment(3, 0, 7)).segment(segment(4, 1)));
        SegmentInfo open = Objects.requireNonNull(state.segments.get(3L));
        assertEquals(SegmentInfo.OPEN, open.end());
        assertArrayEquals(new int[] {0, 7}, open.disks());
        apply(new ManifestEdit().segmentEnd(3, 5000));
        SegmentInfo ended = Objects.requireNonNull(state.segments.get(3L));
        assertEquals(5000, ended.end());
        assertArrayEquals(new int[] {0, 7}, ended.disks());
        assertEquals(
                SegmentInfo.OPEN, Objects.requireNonNull(state.segments.get(4L)).end());
        apply(new ManifestEdit().segmentGone(3));
        assertEquals(Set.of(4L), state.segments.keySet());
    }

    @Test
    void theClientGetsHisPartsInOrderButNotThoseThatHeHasJustWritten() {
        ManifestEdit edit = new ManifestEdit().state(body().text("a")).state(body().text("b"));
        state.apply(new Decoder("edit", edit.items().toBytes()), false);
        assertEquals(List.of(), parts);
        apply(edit);
        assertEquals(List.of("a", "b"), parts);
    }

    @Test
    void whatDoesNotExistCannotBeEndedOrDropped() {
        apply(new ManifestEdit().extent(extent(1, 1, 1, 0)).segment(segment(1, 0)));
        assertRefused(Kind.DAMAGED, "extent", new ManifestEdit().drop(2).items());
        assertRefused(Kind.DAMAGED, "segment", new ManifestEdit().segmentGone(2).items());
        assertRefused(
                Kind.DAMAGED, "segment", new ManifestEdit().segmentEnd(2, 5000).items());
        assertEquals(Set.of(1L), state.segments.keySet());
    }

    @Test
    void unknownItemsArePassedOverOnlyFromTag64On() {
        for (long tag : new long[] {0, 62, 63}) {
            assertRefused(Kind.TOO_NEW, "item " + tag, item(tag, body().u8(1)));
        }
        // Of some the lowest bits are those of an item that is known.
        for (long tag :
                new long[] {64, 65, (1L << 32) + ManifestEdit.SETTINGS, Long.MAX_VALUE, Long.MIN_VALUE + 3, -1}) {
            Encoder items = item(tag, body().u8(77))
                    .raw(new ManifestEdit().copies(3).items().toBuffer());
            state.copies = 1;
            state.apply(new Decoder("edit", items.toBytes()), true);
            assertEquals(3, state.copies, "the item behind " + Long.toUnsignedString(tag));
        }
    }

    @Test
    void valuesOutsideTheirRangeAreRefused() {
        assertRefused(Kind.DAMAGED, "copies", item(ManifestEdit.SETTINGS, body().varint(0)));
        assertRefused(Kind.DAMAGED, "copies", item(ManifestEdit.SETTINGS, body().varint(256)));
        assertRefused(
                Kind.DAMAGED,
                "disk",
                item(ManifestEdit.MEMBERS, body().varint(1).varint(65_536)));
        Encoder disk = body().varint(65_536).u64(1).u64(2).varint(0).text("/d");
        assertRefused(Kind.DAMAGED, "disk", item(ManifestEdit.DISK, disk));
        Encoder state = body().varint(4).u64(1).u64(2).varint(2).text("/d");
        assertRefused(Kind.DAMAGED, "state of disk 4", item(ManifestEdit.DISK, state));
    }

    /** Else three bytes could ask for gigabytes. */
    @Test
    void aCountOfMoreDisksThanThereAreBytesIsNotBelieved() {
        assertRefused(
                Kind.DAMAGED,
                "count of disks",
                item(ManifestEdit.MEMBERS, body().varint(3).varint(0)));
        assertRefused(Kind.DAMAGED, "count of disks", item(ManifestEdit.MEMBERS, body().varint(1L << 40)));
    }

    @Test
    void anItemThatIsCutShortIsRefused() {
        byte[] items = new ManifestEdit().counters(300, 400).items().toBytes();
        for (int length = 1; length < items.length; length++) {
            assertEquals(
                    Kind.DAMAGED, refused(new Encoder(16).raw(items, 0, length)).kind());
        }
    }

    @Test
    void anExtentIsOnlyWhereAllCopiesOfOneOfItsChunksAre() {
        // Chunk 0 on disks 0 and 1, chunk 1 on 2 and 0.
        apply(new ManifestEdit().extent(extent(9, 2, 2, 0, 1, 2, 0)));
        assertNull(state.chunkOnlyOn(disk -> disk == 1, disk -> disk != 1));
        assertNull(state.chunkOnlyOn(disk -> disk == 0, disk -> disk != 0));
        assertEquals("chunk 0 of extent 9", state.chunkOnlyOn(disk -> disk < 2, disk -> disk >= 2));
        assertEquals("chunk 1 of extent 9", state.chunkOnlyOn(disk -> disk == 2, disk -> disk == 1));
        apply(new ManifestEdit().begin(9, 1));
        assertNull(state.chunkOnlyOn(disk -> disk == 1, disk -> false), "chunk 0 is not needed");
        // One that was lost before is no reason to keep this disk.
        assertNull(state.chunkOnlyOn(disk -> disk == 3, disk -> false));
    }

    @Test
    void positionsAreOrderedByGenerationAndThenByEdit() {
        List<ManifestPosition> ascending = List.of(
                ManifestPosition.NONE,
                new ManifestPosition(1, 0),
                new ManifestPosition(1, 9),
                new ManifestPosition(2, 0),
                new ManifestPosition(2, 1));
        for (int i = 0; i < ascending.size(); i++) {
            for (int j = 0; j < ascending.size(); j++) {
                ManifestPosition a = ascending.get(i);
                ManifestPosition b = ascending.get(j);
                assertEquals(Integer.signum(Integer.compare(i, j)), Integer.signum(a.compareTo(b)));
                assertEquals(i > j, a.isNewerThan(b));
                assertEquals(ascending.get(Math.max(i, j)), a.max(b));
            }
        }
        assertEquals("2.1", new ManifestPosition(2, 1).toString());
        assertFalse(ManifestPosition.NONE.isNewerThan(ManifestPosition.NONE));
    }
}
