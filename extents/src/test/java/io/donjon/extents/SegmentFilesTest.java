package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The files of log segments before and after their use. */
class SegmentFilesTest {
    private static final long SEGMENT = 0x123;
    private static final String NAME = "log-0000000000000123";

    private interface Use {
        void of(ExtentStore store, SegmentFiles files, Disk disk) throws IOException;
    }

    private final SimWorld world = new SimWorld(1);
    private final SimDisk directory = world.disk("d0");

    private void with(Use use) {
        assertTrue(world.run(() -> {
            ExtentStore store = ExtentStore.open(
                    StoreModel.config(world, List.of("d0"), 1, 8192, false),
                    world.environment(),
                    new StatelessClient());
            use.of(store, new SegmentFiles(store), store.disk(0));
            store.abandon();
        }));
    }

    private static LogSegment segment(Disk disk, OpenFile file) {
        return new LogSegment(
                new SegmentInfo(SEGMENT, new int[] {0}, SegmentInfo.OPEN),
                new Disk[] {disk},
                new OpenFile[] {file},
                8192,
                false);
    }

    private static byte[] header(ExtentStore store, Disk disk, int state, ManifestPosition named) {
        byte[] header = new byte[FileHeader.BYTES];
        LogFormat.header(store.id(), disk.id, SEGMENT, 0, state, named).get(header);
        return header;
    }

    private void assertFile(SimDisk on, byte[] header, int capacity) throws IOException {
        byte[] due = Arrays.copyOf(header, capacity);
        assertArrayEquals(due, on.contents(NAME));
    }

    /** An append that had to find room, or whose length could be lost, would not be stable by fdatasync alone. */
    @Test
    void aNewFileIsFullOfZerosAndStableUnderItsNameBeforeItIsUsed() throws IOException {
        int capacity = (2 << 20) + 4096;
        byte[][] header = new byte[1][];
        with((store, files, disk) -> {
            OpenFile file = files.make(SEGMENT, 0, disk, capacity, Reserve.Use.NEW_DATA);
            header[0] = header(store, disk, LogFormat.PREPARED, ManifestPosition.NONE);
            assertFile(directory, header[0], capacity);
            file.close();
        });
        for (Survival survival : Survival.values()) {
            assertFile(world.reboot(survival).disk("d0"), header[0], capacity);
        }
    }

    @Test
    void aSegmentThatBeginsSaysSoOnStableStorage() throws IOException {
        byte[][] header = new byte[1][];
        ManifestPosition named = new ManifestPosition(3, 9);
        with((store, files, disk) -> {
            LogSegment segment = segment(disk, files.make(SEGMENT, 0, disk, 8192, Reserve.Use.NEW_DATA));
            files.begin(segment, 0, named);
            header[0] = header(store, disk, LogFormat.BEGUN, named);
            assertFile(directory, header[0], 8192);
            segment.close();
            // A copy that was lost meanwhile is left alone.
            files.begin(segment, 0, new ManifestPosition(4, 0));
            assertFile(directory, header[0], 8192);
        });
        assertFile(world.reboot(Survival.ALL_LOST).disk("d0"), header[0], 8192);
    }

    @Test
    void theFileOfASegmentThatIsNoLongerNeededIsWrittenOver() {
        with((store, files, disk) -> {
            OpenFile old = directory.create("log-0000000000000001", Directory.Access.BUFFERED);
            byte[] groups = new byte[8192];
            Arrays.fill(groups, (byte) 7);
            old.write(ByteBuffer.wrap(groups), 0);
            old.close();
            files.retire(List.of(new SegmentInfo(1, new int[] {0}, 5000)));
            assertTrue(directory.names().contains("log-0000000000000001"));
            files.make(SEGMENT, 0, disk, 12_288, Reserve.Use.NEW_DATA).close();
            assertFalse(directory.names().contains("log-0000000000000001"));
            // What it held stays behind the header, where no group of this segment will be found; the rest is filled
            // up.
            byte[] due = Arrays.copyOf(header(store, disk, LogFormat.PREPARED, ManifestPosition.NONE), 12_288);
            Arrays.fill(due, FileHeader.BYTES, 8192, (byte) 7);
            assertArrayEquals(due, directory.contents(NAME));
        });
    }

    @Test
    void onADiskThatIsLeftOutNothingIsTaken() {
        with((store, files, disk) -> {
            directory.create("log-0000000000000001", Directory.Access.BUFFERED).close();
            disk.leaveOut();
            files.retire(List.of(new SegmentInfo(1, new int[] {0}, 5000)));
            assertEquals(null, disk.reserve().takeSpare());
        });
    }

    @Test
    void ofAFileThatCannotBeMadeNothingIsLeft() {
        List<Fault> faults = List.of(
                Fault.noSpace(Call.WRITE),
                Fault.ioError(Call.WRITE).after(1),
                Fault.ioError(Call.FORCE),
                Fault.ioError(Call.SYNC));
        with((store, files, disk) -> {
            List<String> before = directory.names();
            List<String> open = directory.openNames();
            for (Fault fault : faults) {
                directory.inject(fault);
                assertThrows(IOException.class, () -> files.make(SEGMENT, 0, disk, 8192, Reserve.Use.NEW_DATA));
                assertEquals(1, fault.hits());
                assertEquals(before, directory.names());
                assertEquals(open, directory.openNames());
            }
            files.make(SEGMENT, 0, disk, 8192, Reserve.Use.NEW_DATA).close();
        });
    }
}
