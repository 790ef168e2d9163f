package io.donjon.extents;

import io.donjon.extents.sim.Fuzzing;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimPower;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every parser of what stands on disks, behind its checksum: whoever gets the checksum right may still write nonsense.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class FuzzTest {
    private static final UUID STORE = new UUID(1, 2);
    private static final UUID DISK = new UUID(3, 4);
    private static final ManifestPosition CHECKPOINT = new ManifestPosition(3, 7);

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static SimDisk diskWith(String name, byte[] content) throws IOException {
        SimDisk disk = new SimDisk("/d0", new SimPower(1));
        try (OpenFile file = disk.create(name, Directory.Access.BUFFERED)) {
            file.write(ByteBuffer.wrap(content), 0);
        }
        return disk;
    }

    private static void sealHeader(byte[] file) {
        if (file.length >= FileHeader.BYTES) {
            FileHeader.seal(ByteBuffer.wrap(file));
        }
    }

    @Test
    void headersOfFiles() throws Exception {
        ByteBuffer header = FileHeader.seal(FileHeader.begin(FileHeader.Kind.DISK, STORE, DISK));
        Fuzzing.fuzz("header", List.of(bytes(header)), StorageException.class, input -> {
            sealHeader(input);
            FileHeader.read(
                    diskWith("disk", input).open("disk", Directory.Access.BUFFERED), FileHeader.Kind.DISK, "disk");
        });
    }

    private static ManifestEdit edit() {
        return new ManifestEdit()
                .members(new int[] {0, 1})
                .copies(2)
                .disk(new Disk(0, DISK, null, "/d0", true))
                .counters(7, 9)
                .extent(new ExtentInfo(
                        3, 2 << 20, 1, new long[] {ExtentInfo.place(0, 0, 0), ExtentInfo.place(1, 0, 0)}, 1))
                .segment(new SegmentInfo(5, new int[] {0, 1}, SegmentInfo.OPEN))
                .segmentEnd(5, 5000)
                .state(new Encoder(8).varint(3).u8(1));
    }

    @Test
    void itemsOfTheManifest() throws Exception {
        byte[] gone = new ManifestEdit()
                .segment(new SegmentInfo(5, new int[] {0}, SegmentInfo.OPEN))
                .segmentGone(5)
                .items()
                .toBytes();
        Fuzzing.fuzz("items", List.of(edit().items().toBytes(), gone), StorageException.class, input -> {
            new ManifestState(new Nobody()).apply(new Decoder("edit", input), true);
        });
    }

    /** Reads what the manifest has of the engine, and knows nothing of it. */
    static final class Nobody implements ManifestClient {
        @Override
        public void restore(Decoder part) {
            while (part.hasMore()) {
                part.u8();
            }
        }

        @Override
        public void checkpoint(Consumer<Encoder> parts) {}

        @Override
        public void diskLeft() {}
    }

    @Test
    void slotsOfTheManifest() throws Exception {
        ByteBuffer slot = ByteBuffer.allocate(1 << 16);
        slot.put(ManifestSlot.header(STORE, DISK, 0, CHECKPOINT));
        byte[] body = edit().items().toBytes();
        slot.put(ManifestSlot.record(STORE, CHECKPOINT, ManifestSlot.KIND_PAGE, 0, body, slot.position()));
        slot.put(ManifestSlot.record(STORE, CHECKPOINT, ManifestSlot.KIND_LAST_PAGE, 1, body, slot.position()));
        for (int edit = 8; edit < 10; edit++) {
            ManifestPosition at = new ManifestPosition(3, edit);
            slot.put(ManifestSlot.record(STORE, at, ManifestSlot.KIND_EDIT, 0, body, slot.position()));
        }
        Fuzzing.fuzz("slot", List.of(bytes(slot.flip())), StorageException.class, input -> {
            sealHeader(input);
            ByteBuffer file = ByteBuffer.wrap(input);
            for (int at = FileHeader.BYTES; at + 36 <= input.length; at += ManifestSlot.ALIGNMENT) {
                int length = file.getInt(at + 4);
                if (length > 0 && length <= input.length - at - 36) {
                    Checksums checksums = new Checksums().begin(STORE.getMostSignificantBits(), at);
                    file.putInt(
                            at + 32,
                            checksums
                                    .add(file.slice(at, 32))
                                    .add(file.slice(at + 36, length))
                                    .value());
                }
            }
            ManifestSlot.read(diskWith("manifest-0", input), STORE, DISK, 0);
        });
    }

    private static byte[] segment() {
        ByteBuffer file = ByteBuffer.allocate(8192);
        ByteBuffer header = FileHeader.begin(FileHeader.Kind.LOG, STORE, DISK);
        header.putLong(LogFormat.SEGMENT_AT, 5).putInt(LogFormat.STATE_AT, LogFormat.BEGUN);
        file.put(FileHeader.seal(header));
        List<byte[]> bodies = new ArrayList<>();
        bodies.add(new Encoder(17).u8(LogFormat.START).u64(1000).u64(1000).toBytes());
        for (int i = 0; i < 4; i++) {
            bodies.add(new Encoder(99)
                    .u8(LogFormat.COMMIT)
                    .varint(i)
                    .varint(7 + i)
                    .u8(1)
                    .varint(2)
                    .bytes(new byte[20])
                    .bytes(new byte[20 * i])
                    .toBytes());
        }
        for (byte[] body : bodies) {
            file.putInt(0).putInt(body.length).putInt(0).put(body);
        }
        return bytes(file.flip());
    }

    @Test
    void segmentsOfTheLog() throws Exception {
        List<byte[]> valid = List.of(segment());
        for (long end : new long[] {SegmentInfo.OPEN, segment().length}) {
            Fuzzing.fuzz("segment ending at " + end, valid, StorageException.class, input -> {
                sealHeader(input);
                ByteBuffer file = ByteBuffer.wrap(input);
                int at = FileHeader.BYTES;
                while (at + LogFormat.BODY_AT < input.length) {
                    int length = file.getInt(at + LogFormat.LENGTH_AT);
                    if (length < 1 || length > input.length - at - LogFormat.BODY_AT) {
                        break;
                    }
                    file.putInt(at, LogFormat.tag(5, at));
                    file.putInt(at + LogFormat.CRC_AT, LogFormat.checksum(new Checksums(), 5, at, file, at));
                    at += LogFormat.BODY_AT + length;
                }
                recover(diskWith(SegmentInfo.fileName(5), input), end);
            });
        }
    }

    private static void recover(SimDisk directory, long end) throws IOException {
        TreeMap<Integer, Disk> disks = new TreeMap<>();
        disks.put(0, new Disk(0, DISK, directory, "/d0", true));
        LogRecovery recovery = new LogRecovery(STORE, disks, CHECKPOINT, Directory.Access.BUFFERED, new ArrayList<>());
        recovery.read(List.of(new SegmentInfo(5, new int[] {0}, end)), 1000);
        recovery.repair();
        recovery.replay((sequence, position, operations) -> operations.raw(operations.remaining()));
    }

    @Test
    void blocks() throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        List<byte[]> valid = new ArrayList<>();
        for (Codec codec : Codec.values()) {
            byte[] plain = new byte[3000];
            for (int i = 0; i < plain.length; i++) {
                plain[i] = (byte) random.nextInt(3);
            }
            byte[] block = new byte[BlockFormat.HEADER_BYTES + plain.length];
            int size = BlockFormat.encode(BlockType.DATA, codec, plain, plain.length, block);
            valid.add(Arrays.copyOf(block, size));
        }
        Fuzzing.fuzz("block", valid, StorageException.class, input -> {
            if (input.length >= BlockFormat.HEADER_BYTES) {
                BlockFormat.setInt(input, BlockFormat.STORED_AT, input.length - BlockFormat.HEADER_BYTES);
                BlockFormat.seal(7, 4096, input, input.length, new Checksums());
            }
            BlockFormat.decode(7, 4096, input, 0, input.length, new Checksums());
        });
    }
}
