package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.Fuzzing;
import io.donjon.extents.sim.Parts;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimPower;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Every parser of what stands on disks, behind its checksum: whoever gets the checksum right may still write nonsense.
 */
enum ExtentsParser implements Fuzzing.Target {
    /** Fields, as many as the first part has bytes, each of which says what comes next in the second. */
    DECODER {
        @Override
        public List<byte[]> valid() {
            byte[] fields = {0, 1, 2, 3, 4, 5, 6, 7, 8};
            byte[] content = new Encoder(99)
                    .u8(200)
                    .u32(-2)
                    .u64(Long.MIN_VALUE)
                    .varint(-1)
                    .varint(77)
                    .varint(Integer.MAX_VALUE)
                    .bytes(new byte[] {1, 2, 3})
                    .text("Größe 😀")
                    .bytes(new Encoder(9).varint(300).u8(1))
                    .toBytes();
            return List.of(Parts.join(List.of(fields, content)));
        }

        @Override
        public void parse(byte[] input) {
            List<byte[]> parts = Parts.split(input);
            if (parts.size() > 1) {
                byte[] fields = parts.get(0);
                List<Object> values = decoded(fields, new Decoder("fields", parts.get(1)));
                assertEquals(values, decoded(fields, new Decoder("fields", encoded(fields, values))));
            }
        }
    },

    /** The header of a file of any kind. */
    FILE_HEADER {
        @Override
        public List<byte[]> valid() {
            List<byte[]> headers = new ArrayList<>();
            for (FileHeader.Kind kind : FileHeader.Kind.values()) {
                ByteBuffer header = FileHeader.begin(kind, STORE, DISK);
                headers.add(Parts.join(Parts.ofFile(bytes(FileHeader.seal(header.putLong(FileHeader.BODY_AT, 7))))));
            }
            return headers;
        }

        @Override
        public void parse(byte[] input) throws IOException {
            byte[] file = sealed(Parts.file(Parts.split(input)));
            FileHeader.Kind kind = FileHeader.Kind.DISK;
            for (FileHeader.Kind each : FileHeader.Kind.values()) {
                ByteBuffer magic = FileHeader.begin(each, STORE, DISK).slice(0, Long.BYTES);
                kind = file.length >= Long.BYTES && magic.equals(ByteBuffer.wrap(file, 0, Long.BYTES)) ? each : kind;
            }
            SimDisk disk = diskWith("file", file);
            ByteBuffer header = FileHeader.read(disk.open("file", Directory.Access.BUFFERED), kind, "file");
            ByteBuffer again = FileHeader.begin(kind, FileHeader.store(header), FileHeader.disk(header));
            again.put(FileHeader.BODY_AT, header, FileHeader.BODY_AT, FileHeader.BYTES - FileHeader.BODY_AT);
            FileHeader.seal(again.putShort(FileHeader.FORMAT_AT, header.getShort(FileHeader.FORMAT_AT)));
            assertEquals(again, header.rewind());
        }
    },

    /** The names of superchunk files. */
    FILE_NAME {
        @Override
        public List<byte[]> valid() {
            return List.of(
                    ExtentInfo.fileName(7, 1, 70_000).getBytes(StandardCharsets.UTF_8),
                    ExtentInfo.fileName(Long.MAX_VALUE, 0, 0).getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void parse(byte[] input) {
            String name = new String(input, StandardCharsets.UTF_8);
            long extent = ExtentInfo.ofFile(name);
            if (extent != -1) {
                String known = ExtentInfo.fileName(extent, 0, 0);
                int digits = ExtentInfo.FILE_PREFIX.length() + 16;
                assertEquals(
                        known.substring(0, digits), name.substring(0, digits).toLowerCase(Locale.ROOT));
            }
        }
    },

    /** Where an extent is. */
    EXTENT_INFO {
        @Override
        public List<byte[]> valid() {
            return List.of(encoded(extent(1, 1)), encoded(extent(3 << 20, 2)), encoded(extent((1 << 20) + 1, 3)));
        }

        @Override
        public void parse(byte[] input) {
            Decoder in = new Decoder("extent", input);
            ExtentInfo extent = ExtentInfo.decode(in);
            byte[] encoded = encoded(extent);
            assertArrayEquals(encoded, encoded(ExtentInfo.decode(new Decoder("again", encoded))));
            assertEquals(extent.chunks() * extent.copies(), extent.places().length);
            TreeMap<String, Long> lengths = new TreeMap<>();
            for (int disk : new int[] {0, 1, ExtentInfo.disk(extent.place(0, 0))}) {
                extent.fileLengths(disk, lengths);
            }
            lengths.values().forEach(length -> assertTrue(length > 0, () -> "a file of " + length + " bytes"));
        }
    },

    /** The items of a record of the manifest. */
    MANIFEST_ITEMS {
        @Override
        public List<byte[]> valid() {
            byte[] gone = new ManifestEdit()
                    .segment(new SegmentInfo(5, new int[] {0}, SegmentInfo.OPEN))
                    .segmentGone(5)
                    .extent(extent(1, 1))
                    .begin(9, 1)
                    .drop(9)
                    .items()
                    .toBytes();
            return List.of(edit().items().toBytes(), gone);
        }

        @Override
        public void parse(byte[] input) {
            ManifestState state = new ManifestState(new Nobody());
            state.apply(new Decoder("edit", input), true);
            byte[] saved = checkpoint(state);
            ManifestState again = new ManifestState(new Nobody());
            again.apply(new Decoder("checkpoint", saved), true);
            assertArrayEquals(saved, checkpoint(again));
            state.chunkOnlyOn(disk -> disk == 0, disk -> disk != 0);
        }
    },

    /** A file of the manifest; each part is a copy of a record. */
    MANIFEST_SLOT {
        @Override
        public List<byte[]> valid() {
            return List.of(Parts.join(Parts.ofFile(slot())));
        }

        @Override
        public void parse(byte[] input) throws IOException {
            byte[] file = Parts.file(Parts.split(input));
            ManifestSlot slot = ManifestSlot.read(diskWith("manifest-0", sealedSlot(file)), STORE, DISK, 0);
            if (slot != null && slot.damage != null) {
                throw slot.damage;
            }
        }

        @Override
        public int bytesBesides() {
            return FILES_BYTES;
        }
    },

    /** The first bytes choose what the manifest says; then up to three segments, each a header and groups. */
    LOG {
        @Override
        public List<byte[]> valid() {
            List<byte[]> all = new ArrayList<>();
            byte[] header = header();
            byte[] groups = groups(1000, 4);
            long length = (long) FileHeader.BYTES + groups.length;
            all.add(Parts.join(List.of(says(1, 1000, 0), header, groups)));
            all.add(Parts.join(List.of(says(1, 1000, length), header, groups)));
            all.add(Parts.join(List.of(says(2, 1000, 0), header, groups, header, groups)));
            all.add(Parts.join(
                    List.of(says(1, 1000, length, 0), header, groups, header, groups(1000 + groups.length, 2))));
            return all;
        }

        @Override
        public void parse(byte[] input) throws IOException {
            List<byte[]> parts = Parts.split(input);
            if (parts.isEmpty()) {
                return;
            }
            Decoder says = new Decoder("control", parts.get(0));
            int copies = (int) says.varint("copies", 1, 2);
            long from = says.varint();
            TreeMap<Integer, Disk> disks = new TreeMap<>();
            List<SimDisk> directories = new ArrayList<>();
            for (int copy = 0; copy < copies; copy++) {
                SimDisk directory = new SimDisk("/d" + copy, new SimPower(1));
                directories.add(directory);
                disks.put(copy, new Disk(copy, DISK, directory, "/d" + copy, true));
            }
            ManifestEdit edit = new ManifestEdit();
            int next = 1;
            for (long segment = 5; says.hasMore() && segment < 8; segment++) {
                edit.segment(new SegmentInfo(segment, copies == 1 ? new int[] {0} : new int[] {0, 1}, 0));
                long end = says.varint();
                if (end != 0) {
                    edit.segmentEnd(segment, end);
                }
                for (int copy = 0; copy < copies && next < parts.size(); copy++) {
                    int last = Math.min(next + 2, parts.size());
                    byte[] file = sealedSegment(Parts.file(parts.subList(next, last)), segment);
                    write(directories.get(copy), SegmentInfo.fileName(segment), file);
                    next = last;
                }
            }
            ManifestState state = new ManifestState(new Nobody());
            state.apply(new Decoder("edit", edit.items().toBytes()), true);
            recover(disks, state, from);
        }
    },

    /** All files that a store of one disk is identified by; the first byte of a part says of which it is. */
    OPENING {
        private static final List<String> FILES = List.of("disk", "fence", "manifest-0", "manifest-1");
        private static final Set<StorageException.Kind> ABSENT =
                EnumSet.of(StorageException.Kind.NO_STORE, StorageException.Kind.MISSING_DISKS);

        @Override
        public List<byte[]> valid() {
            ByteBuffer identity = FileHeader.begin(FileHeader.Kind.DISK, STORE, DISK);
            ByteBuffer fence = FileHeader.begin(FileHeader.Kind.FENCE, STORE, DISK);
            fence.putLong(FileHeader.BODY_AT, 3).putLong(FileHeader.BODY_AT + Long.BYTES, 10);
            List<byte[]> parts = new ArrayList<>();
            List<byte[]> files = List.of(bytes(FileHeader.seal(identity)), bytes(FileHeader.seal(fence)), slot());
            for (int file = 0; file < files.size(); file++) {
                for (byte[] part : Parts.ofFile(files.get(file))) {
                    parts.add(new Encoder(99).u8(file).raw(part, 0, part.length).toBytes());
                }
            }
            return List.of(Parts.join(parts));
        }

        @Override
        public void parse(byte[] input) throws IOException {
            SimDisk disk = new SimDisk("/d0", new SimPower(1));
            for (int number = 0; number < FILES.size(); number++) {
                List<byte[]> parts = new ArrayList<>();
                for (byte[] part : Parts.split(input)) {
                    if (part.length > 0 && part[0] == number) {
                        parts.add(Arrays.copyOfRange(part, 1, part.length));
                    }
                }
                if (!parts.isEmpty()) {
                    byte[] file = Parts.file(parts);
                    write(disk, FILES.get(number), number < 2 ? sealed(file) : sealedSlot(file));
                }
            }
            ExtentConfig config = new ExtentConfig(List.of(disk), List.of(), false, 1, false, false, 0, 1 << 16, 0, 1);
            StoreOpening opening = new StoreOpening(config, Environment.system());
            ManifestState state = opening.open(new Nobody());
            for (Disk each : opening.disks.values()) {
                assertEquals(each.number == 0, each.inUse());
            }
            assertEquals(1, state.members.length);
        }

        @Override
        public boolean isDeclared(Exception e) {
            return super.isDeclared(e) || (e instanceof StorageException known && ABSENT.contains(known.kind()));
        }

        @Override
        public int bytesBesides() {
            return FILES_BYTES;
        }
    },

    /** A block, of any type and codec. */
    BLOCK {
        @Override
        public List<byte[]> valid() {
            SplittableRandom random = new SplittableRandom(1);
            List<byte[]> blocks = new ArrayList<>();
            for (Codec codec : Codec.values()) {
                byte[] plain = new byte[400];
                for (int i = 0; i < plain.length; i++) {
                    plain[i] = (byte) random.nextInt(3);
                }
                byte[] block = new byte[BlockFormat.HEADER_BYTES + plain.length];
                int size = BlockFormat.encode(BlockType.DATA, codec, plain, plain.length, block);
                blocks.add(Arrays.copyOf(block, size));
            }
            return blocks;
        }

        @Override
        public void parse(byte[] input) {
            if (input.length >= BlockFormat.HEADER_BYTES) {
                BlockFormat.setInt(input, BlockFormat.STORED_AT, input.length - BlockFormat.HEADER_BYTES);
                BlockFormat.seal(7, 4096, input, input.length, new Checksums());
            }
            Block block = BlockFormat.decode(7, 4096, input, 0, input.length, new Checksums());
            byte[] plain = block.bytes();
            byte[] again = new byte[BlockFormat.HEADER_BYTES + plain.length];
            int size = BlockFormat.encode(block.type(), Codec.LZ4, plain, plain.length, again);
            BlockFormat.seal(7, 4096, again, size, new Checksums());
            assertArrayEquals(
                    plain,
                    BlockFormat.decode(7, 4096, again, 0, size, new Checksums()).bytes());
        }

        @Override
        public int bytesBesides() {
            // What it is packed and unpacked into again.
            return 2 << 20;
        }
    };

    private static final UUID STORE = new UUID(1, 2);
    private static final UUID DISK = new UUID(3, 4);
    private static final ManifestPosition CHECKPOINT = new ManifestPosition(3, 7);

    /** What files of so many parts take, several times over. */
    private static final int FILES_BYTES = 4 << 20;

    // ---- fields ----

    private static List<Object> decoded(byte[] fields, Decoder in) {
        List<Object> values = new ArrayList<>();
        for (byte field : fields) {
            values.add(
                    switch (field) {
                        case 0 -> in.u8();
                        case 1 -> in.u32();
                        case 2 -> in.u64();
                        case 3 -> in.varint();
                        case 4 -> in.varint("small", 3, 300);
                        case 5 -> in.count("count");
                        case 6 -> HexFormat.of().formatHex(in.bytes());
                        case 7 -> in.text();
                        case 8 -> {
                            Decoder nested = in.nested();
                            yield HexFormat.of().formatHex(nested.raw(nested.remaining()));
                        }
                        default -> HexFormat.of().formatHex(in.raw(field & 0xff));
                    });
        }
        return values;
    }

    private static byte[] encoded(byte[] fields, List<Object> values) {
        Encoder out = new Encoder(99);
        for (int i = 0; i < fields.length; i++) {
            Object value = values.get(i);
            if (value instanceof Integer number) {
                switch (fields[i]) {
                    case 0 -> out.u8(number);
                    case 1 -> out.u32(number);
                    default -> out.varint(number);
                }
            } else if (value instanceof Long number) {
                out = fields[i] == 2 ? out.u64(number) : out.varint(number);
            } else if (fields[i] == 7) {
                out.text((String) value);
            } else {
                byte[] bytes = HexFormat.of().parseHex((String) value);
                out = fields[i] == 6 || fields[i] == 8 ? out.bytes(bytes) : out.raw(bytes, 0, bytes.length);
            }
        }
        return out.toBytes();
    }

    // ---- files ----

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static SimDisk diskWith(String name, byte[] content) throws IOException {
        SimDisk disk = new SimDisk("/d0", new SimPower(1));
        write(disk, name, content);
        return disk;
    }

    private static void write(SimDisk disk, String name, byte[] content) throws IOException {
        try (OpenFile file = disk.create(name, Directory.Access.BUFFERED)) {
            file.write(ByteBuffer.wrap(content), 0);
        }
    }

    private static byte[] sealed(byte[] file) {
        if (file.length >= FileHeader.BYTES) {
            FileHeader.seal(ByteBuffer.wrap(file));
        }
        return file;
    }

    // ---- the manifest ----

    private static ExtentInfo extent(long length, int copies) {
        long[] places = new long[Chunks.count(length) * copies];
        for (int i = 0; i < places.length; i++) {
            places[i] = ExtentInfo.place(i % copies, 300 * i, i);
        }
        return new ExtentInfo(9, length, copies, places, 0);
    }

    private static byte[] encoded(ExtentInfo extent) {
        Encoder out = new Encoder(99);
        extent.encode(out);
        return out.toBytes();
    }

    private static ManifestEdit edit() {
        return new ManifestEdit()
                .members(new int[] {0})
                .copies(2)
                .disk(new Disk(0, DISK, null, "/d0", true))
                .counters(7, 9)
                .segment(new SegmentInfo(5, new int[] {0, 1}, SegmentInfo.OPEN))
                .segmentEnd(5, 5000)
                .extent(extent(3 << 20, 2).from(1))
                .state(new Encoder(8).varint(3).u8(1));
    }

    /** All that a state says, in one order. */
    private static byte[] checkpoint(ManifestState state) {
        ManifestEdit all = new ManifestEdit().members(state.members).copies(state.copies);
        state.disks
                .values()
                .forEach(disk -> all.disk(new Disk(disk.number(), disk.id(), null, disk.path(), disk.inUse())));
        new TreeMap<>(state.extents).values().forEach(all::extent);
        state.segments.values().forEach(segment -> {
            all.segment(segment);
            if (segment.end() != SegmentInfo.OPEN) {
                all.segmentEnd(segment.id(), segment.end());
            }
        });
        return all.counters(state.nextExtent, state.nextSegment).items().toBytes();
    }

    private static byte[] slot() {
        ByteBuffer slot = ByteBuffer.allocate(1 << 16);
        slot.put(ManifestSlot.header(STORE, DISK, 0, CHECKPOINT));
        byte[] body = edit().items().toBytes();
        slot.put(ManifestSlot.record(STORE, CHECKPOINT, ManifestSlot.KIND_PAGE, 0, body, slot.position()));
        slot.put(ManifestSlot.record(STORE, CHECKPOINT, ManifestSlot.KIND_LAST_PAGE, 1, body, slot.position()));
        for (int edit = 8; edit < 10; edit++) {
            ManifestPosition at = new ManifestPosition(3, edit);
            slot.put(ManifestSlot.record(STORE, at, ManifestSlot.KIND_EDIT, 0, body, slot.position()));
        }
        return bytes(slot.flip());
    }

    /** Puts right the checksum of whatever may be a record. */
    private static byte[] sealedSlot(byte[] input) {
        ByteBuffer file = ByteBuffer.wrap(sealed(input));
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
        return input;
    }

    /** Reads what the manifest has of the engine, and knows nothing of it. */
    static final class Nobody extends StatelessClient {
        @Override
        public void restore(Decoder part) {
            while (part.hasMore()) {
                part.u8();
            }
        }
    }

    // ---- the log ----

    private static byte[] says(int copies, long from, long... ends) {
        Encoder out = new Encoder(99).varint(copies).varint(from);
        for (long end : ends) {
            out.varint(end);
        }
        return out.toBytes();
    }

    private static byte[] header() {
        ByteBuffer header = LogFormat.header(STORE, DISK, 5, 0, LogFormat.BEGUN, CHECKPOINT);
        return Parts.ofFile(bytes(header)).get(0);
    }

    private static byte[] groups(long base, int commits) {
        List<byte[]> bodies = new ArrayList<>();
        bodies.add(new Encoder(17).u8(LogFormat.START).u64(base).u64(1000).toBytes());
        for (int i = 0; i < commits; i++) {
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
        Encoder groups = new Encoder(999);
        for (byte[] body : bodies) {
            groups.u32(0).u32(body.length).u32(0).raw(body, 0, body.length);
        }
        return groups.toBytes();
    }

    /** Puts right the number in the header, and the tags and checksums of groups one behind the other. */
    private static byte[] sealedSegment(byte[] input, long segment) {
        if (input.length < FileHeader.BYTES) {
            return input;
        }
        ByteBuffer file = ByteBuffer.wrap(input).putLong(LogFormat.SEGMENT_AT, segment);
        FileHeader.seal(file);
        int at = FileHeader.BYTES;
        while (at + LogFormat.BODY_AT < input.length) {
            int length = file.getInt(at + LogFormat.LENGTH_AT);
            if (length < 1 || length > input.length - at - LogFormat.BODY_AT) {
                break;
            }
            file.putInt(at, LogFormat.tag(segment, at));
            file.putInt(at + LogFormat.CRC_AT, LogFormat.checksum(new Checksums(), segment, at, file, at));
            at += LogFormat.BODY_AT + length;
        }
        return input;
    }

    private static void recover(NavigableMap<Integer, Disk> disks, ManifestState state, long from) throws IOException {
        LogRecovery recovery = new LogRecovery(STORE, disks, CHECKPOINT, Directory.Access.BUFFERED, new ArrayList<>());
        recovery.read(state.segments.values(), from);
        recovery.repair();
        recovery.settle(state);
        recovery.replay((sequence, position, operations) -> operations.raw(operations.remaining()));
    }
}
