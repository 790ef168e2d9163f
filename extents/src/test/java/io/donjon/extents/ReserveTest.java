package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimPower;
import io.donjon.extents.sim.Survival;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The room that a disk keeps for when it is full. */
class ReserveTest {
    private static final long MANIFEST = 200 << 10;
    private static final long LOG = 128 << 10;
    private static final long WORK = 1 << 20;
    private static final long ALL = 2 * MANIFEST + LOG + WORK;

    private final SimDisk disk = new SimDisk("/d", new SimPower(1));
    private final Reserve reserve = new Reserve(disk);

    private static void fill(Reserve reserve) {
        reserve.want(MANIFEST, LOG, WORK);
        while (reserve.refill()) {
            // One file at a time.
        }
    }

    private static Map<String, Integer> files(SimDisk disk) throws IOException {
        TreeMap<String, Integer> files = new TreeMap<>();
        for (String name : disk.list()) {
            files.put(name, disk.contents(name).length);
        }
        return files;
    }

    private static long bytes(SimDisk disk) throws IOException {
        return files(disk).values().stream().mapToLong(Integer::longValue).sum();
    }

    /** What this use can write on a disk that has no room but its reserve. */
    private long canWrite(Reserve.Use use) throws IOException {
        int piece = 4096;
        long written = 0;
        try (OpenFile file = disk.create("written-" + disk.list().size() + use, Directory.Access.BUFFERED)) {
            while (true) {
                reserve.write(use, file, ByteBuffer.allocate(piece), written);
                written += piece;
            }
        } catch (NoSpaceException full) {
            return written;
        }
    }

    @Test
    void afterAPowerCutItIsThereWhateverIsLost() throws IOException {
        fill(reserve);
        assertTrue(bytes(disk) >= ALL, files(disk).toString());
        for (Survival survival : Survival.values()) {
            SimDisk after = disk.reboot(survival, new SplittableRandom(7), new SimPower(2));
            assertEquals(files(disk), files(after), survival.name());
        }
    }

    @Test
    void eachUseTakesWhatThoseBehindItDoNotNeed() throws IOException {
        fill(reserve);
        long piece = bytes(disk) / disk.list().size();
        disk.limitCapacity(disk.usedBytes());
        assertEquals(0, canWrite(Reserve.Use.NEW_DATA));
        long work = canWrite(Reserve.Use.WORK);
        assertTrue(work <= WORK + piece && work >= WORK - piece, work + " bytes for work");
        long log = canWrite(Reserve.Use.LOG);
        assertTrue(log >= LOG - piece && log <= LOG + piece, log + " bytes for the log");
        long manifest = canWrite(Reserve.Use.MANIFEST);
        assertTrue(manifest >= MANIFEST - piece && manifest <= MANIFEST + piece, manifest + " bytes for the manifest");
        assertTrue(canWrite(Reserve.Use.OPENING) > 0);
        assertEquals(0, canWrite(Reserve.Use.OPENING));
    }

    /** A file that is larger than a share must not be all that is left for it. */
    @Test
    void sharesHoldWhereFlushesAndMergesHaveMuch() throws IOException {
        reserve.want(MANIFEST, LOG, 64 << 20);
        while (reserve.refill()) {
            // One file at a time.
        }
        disk.limitCapacity(disk.usedBytes());
        assertTrue(canWrite(Reserve.Use.WORK) >= 63 << 20);
        assertTrue(canWrite(Reserve.Use.LOG) >= LOG);
        assertTrue(canWrite(Reserve.Use.MANIFEST) >= MANIFEST - LOG);
        assertTrue(canWrite(Reserve.Use.OPENING) >= MANIFEST);
    }

    @Test
    void logFilesThatWaitToBeWrittenOverAreGivenUpFirst() throws IOException {
        fill(reserve);
        disk.create("spare", Directory.Access.BUFFERED).close();
        int files = disk.list().size();
        reserve.retire("spare");
        assertEquals(files, disk.list().size());
        disk.limitCapacity(disk.usedBytes());
        assertTrue(canWrite(Reserve.Use.WORK) > 0);
        assertTrue(
                !disk.list().contains("spare") && reserve.takeSpare() == null,
                disk.list().toString());
    }

    @Test
    void itIsMadeWholeAgainOnceThereIsRoom() throws IOException {
        fill(reserve);
        long whole = bytes(disk);
        disk.limitCapacity(disk.usedBytes());
        long written = canWrite(Reserve.Use.WORK);
        fill(reserve);
        assertTrue(bytes(disk) <= whole, "it grew although there was no room");
        disk.limitCapacity(1L << 40);
        fill(reserve);
        assertTrue(bytes(disk) - written >= ALL, files(disk).toString());
    }
}
