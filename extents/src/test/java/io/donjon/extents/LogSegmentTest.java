package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimPower;
import java.io.IOException;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A segment's copies, and the disks that they are on. */
class LogSegmentTest {
    private final SimPower power = new SimPower(1);
    private final SimDisk[] directories = {new SimDisk("/a", power), new SimDisk("/b", power)};
    private final Disk[] disks = {disk(3, directories[0]), disk(7, directories[1])};

    private static Disk disk(int number, Directory directory) {
        return new Disk(number, new UUID(1, number), directory, directory.path(), true);
    }

    private LogSegment segment() throws IOException {
        OpenFile[] files = new OpenFile[2];
        for (int copy = 0; copy < 2; copy++) {
            files[copy] = directories[copy].create("log", Directory.Access.BUFFERED);
        }
        return new LogSegment(new SegmentInfo(5, new int[] {3, 7}, SegmentInfo.OPEN), disks, files, 8192, false);
    }

    @Test
    void positionsCountFromTheFirstGroup() throws IOException {
        LogSegment segment = segment();
        segment.base = 1000;
        assertEquals(1000, segment.positionOf(LogFormat.FIRST_AT));
        assertEquals(1029, segment.positionOf(LogFormat.FIRST_AT + 29));
    }

    @Test
    void anyCopyThatIsLeftServes() throws IOException {
        LogSegment segment = segment();
        OpenFile second = segment.files.get(1);
        assertSame(segment.files.get(0), segment.anyFile());
        segment.files.set(0, null);
        assertSame(second, segment.anyFile());
        segment.files.set(1, null);
        assertNull(segment.anyFile());
    }

    @Test
    void isOnTheDisksOfItsCopies() throws IOException {
        LogSegment segment = segment();
        assertTrue(segment.isOn(disks[0]) && segment.isOn(disks[1]));
        assertFalse(segment.isOn(disk(3, directories[0])));
    }

    @Test
    void oneDiskThatIsLeftOutIsEnoughToGiveItUp() throws IOException {
        LogSegment segment = segment();
        assertTrue(segment.isOnGoodDisks());
        disks[1].leaveOut();
        assertFalse(segment.isOnGoodDisks());
    }

    @Test
    void closesWhatIsOpenOnce() throws IOException {
        LogSegment segment = segment();
        segment.files.set(1, null);
        assertEquals(1, directories[0].openCount());
        segment.close();
        assertEquals(0, directories[0].openCount());
        // The copy that was lost before is closed by whoever took it.
        assertEquals(1, directories[1].openCount());
        assertNull(segment.anyFile());
        segment.close();
    }
}
