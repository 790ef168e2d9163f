package io.donjon.extents.sim;

import io.donjon.extents.sim.Survival.Fate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A file of a {@link SimDisk}: what readers see, and what it takes to tell what could be on the medium.
 *
 * <p>Every write remembers what its sectors held before. So a force costs nothing, and after a power cut every content
 * that a sector has had since the last force can be brought back. The guard is the disk's.
 */
final class SimFile {
    private static final int SECTOR = SimDisk.SECTOR_BYTES;

    /** What readers see, followed by zeros; a multiple of the sector long. */
    private byte[] bytes = new byte[0];

    private int size;

    /** The writes since the last force, in order. */
    private final List<Write> unforced = new ArrayList<>();

    /** The size on the medium if no unforced growth is kept. */
    private int forcedSize;

    /** Sectors whose oldest possible content on the medium is not what the first unforced write found there. */
    private final Map<Integer, byte[]> onMedium = new HashMap<>();

    /** Whether a name leads here, and how many have it open: it takes up space until both are gone. */
    boolean named;

    int openCount;

    /** {@code before} begins with sector {@code first}, and ends early where the file did: zeros follow. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Write(long order, int first, int end, byte[] before, int sizeBefore, int sizeAfter) {
        void restore(int sector, byte[] into, int at) {
            copySector(before, (sector - first) * SECTOR, into, at);
        }
    }

    int size() {
        return size;
    }

    void read(int at, byte[] into, int length) {
        System.arraycopy(bytes, at, into, 0, length);
    }

    byte[] contents() {
        return Arrays.copyOf(bytes, size);
    }

    void write(long order, int at, byte[] data, int length) {
        if (length == 0) {
            return;
        }
        int end = Math.addExact(at, length);
        int first = at / SECTOR;
        int endSector = sectors(end);
        int beforeEnd = Math.max(first, Math.min(endSector, sectors(size)));
        byte[] before =
                first == beforeEnd ? new byte[0] : Arrays.copyOfRange(bytes, first * SECTOR, beforeEnd * SECTOR);
        unforced.add(new Write(order, first, endSector, before, size, Math.max(size, end)));
        if (endSector * SECTOR > bytes.length) {
            bytes = Arrays.copyOf(bytes, sectors(Math.max(end, Math.min(2L * bytes.length, 1 << 30))) * SECTOR);
        }
        System.arraycopy(data, 0, bytes, at, length);
        size = Math.max(size, end);
    }

    /** All is on the medium. */
    void force() {
        if (!onMedium.isEmpty()) {
            unforced.forEach(write -> onMedium.keySet().removeIf(s -> s >= write.first && s < write.end));
        }
        unforced.clear();
        forcedSize = size;
    }

    /**
     * Nothing gets to the medium but the size, yet readers see it, and no later force will try again: what Linux does
     * when the medium refuses to take written pages.
     */
    void forget() {
        for (Write write : unforced) {
            for (int sector = write.first; sector < write.end; sector++) {
                onMedium.computeIfAbsent(sector, s -> {
                    byte[] found = new byte[SECTOR];
                    write.restore(s, found, 0);
                    return found;
                });
            }
        }
        unforced.clear();
        forcedSize = size;
    }

    /** A force that got as far as this fate says. */
    void forcePartly(Fate fate) {
        SimFile reached = survivor(fate);
        for (Write write : unforced) {
            for (int sector = write.first; sector < write.end; sector++) {
                byte[] image = new byte[SECTOR];
                copySector(reached.bytes, sector * SECTOR, image, 0);
                onMedium.put(sector, image);
            }
        }
        forcedSize = reached.size;
    }

    /** A file with what is on the medium if that is the fate of the unforced writes. */
    SimFile survivor(Fate fate) {
        byte[] image = Arrays.copyOf(bytes, sectors(size) * SECTOR);
        BitSet decided = new BitSet();
        int kept = size;
        boolean keptDecided = false;
        for (int i = unforced.size() - 1; i >= 0; i--) {
            Write write = unforced.get(i);
            for (int s = decided.nextClearBit(write.first); s < write.end; s = decided.nextClearBit(s + 1)) {
                if (fate.keepsSector(write.order, s)) {
                    decided.set(s);
                } else {
                    write.restore(s, image, s * SECTOR);
                }
            }
            if (!keptDecided && write.sizeAfter > write.sizeBefore) {
                keptDecided = fate.keepsSize(write.order);
                kept = keptDecided ? write.sizeAfter : forcedSize;
            }
        }
        onMedium.forEach((sector, onDisk) -> {
            if (!decided.get(sector)) {
                System.arraycopy(onDisk, 0, image, sector * SECTOR, SECTOR);
            }
        });
        Arrays.fill(image, kept, image.length, (byte) 0);
        SimFile survivor = new SimFile();
        survivor.bytes = image;
        survivor.size = kept;
        survivor.forcedSize = kept;
        return survivor;
    }

    /** The oldest order among unforced writes, or this one. */
    long oldest(long or) {
        return unforced.isEmpty() ? or : Math.min(or, unforced.get(0).order);
    }

    /** Puts these bytes on the medium and before the readers, past all that was pending. */
    void replace(byte[] contents) {
        bytes = Arrays.copyOf(contents, sectors(contents.length) * SECTOR);
        size = contents.length;
        forcedSize = size;
        unforced.clear();
        onMedium.clear();
    }

    /** Copies one sector; what the source does not have is zeros. */
    private static void copySector(byte[] from, int at, byte[] into, int to) {
        int there = Math.max(0, Math.min(SECTOR, from.length - at));
        System.arraycopy(from, Math.min(at, from.length), into, to, there);
        Arrays.fill(into, to + there, to + SECTOR, (byte) 0);
    }

    private static int sectors(long length) {
        return (int) ((length + SECTOR - 1) / SECTOR);
    }
}
