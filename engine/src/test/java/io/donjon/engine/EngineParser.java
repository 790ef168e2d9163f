package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.bloom.BlockedBloom;
import io.donjon.bloom.FilterBuilder;
import io.donjon.extents.Checksums;
import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.extents.StorageException;
import io.donjon.extents.sim.Fuzzing;
import io.donjon.extents.sim.Parts;
import io.donjon.versioning.VersionForest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Every parser of what the engine keeps in blocks, in the log and in the manifest. */
enum EngineParser implements Fuzzing.Target {
    /** A block of breakpoints, whatever it is a block of. */
    SORTED_BLOCK {
        @Override
        public List<byte[]> valid() {
            List<byte[]> blocks = new ArrayList<>();
            SplittableRandom random = new SplittableRandom(1);
            for (int restartEvery : new int[] {1, 3, 16}) {
                BlockBuilder builder = new BlockBuilder(4096, restartEvery);
                for (int i = 0; i < 24; i++) {
                    byte[] key = text("key/00" + i / 3);
                    byte[] value = new byte[1 + random.nextInt(3)];
                    if (i % 7 == 6) {
                        builder.addLarge(key, key.length, i, 0, new LargeValue(70_000, 5, 6, 7));
                    } else {
                        int kind = List.of(StepKind.VALUE, StepKind.VALUE, StepKind.PASS, StepKind.TOMBSTONE)
                                .get(random.nextInt(4));
                        builder.add(key, key.length, i, kind, value, 0, kind == StepKind.VALUE ? value.length : 0);
                    }
                }
                blocks.add(builder.finish().toBytes());
            }
            return blocks;
        }

        @Override
        public void parse(byte[] input) {
            SortedBlock.validate(input, "block");
            BlockEntry entry = new BlockEntry();
            entry.enter(input, 1, 2);
            BlockBuilder builder = new BlockBuilder(input.length, 5);
            List<Integer> hashes = hashes(entry, builder);
            if (hashes != null) {
                entry.enter(builder.finish().toBytes(), 1, 2);
                assertEquals(hashes, hashes(entry, new BlockBuilder(input.length, 5)));
            }
            for (byte[] sought : List.of(text("key/004"), text(""), text("z"))) {
                for (long rank : new long[] {0, 11, Long.MAX_VALUE}) {
                    entry.enter(input, 1, 2);
                    if (entry.seekFloor(sought, sought.length, rank) && entry.next()) {
                        entry.length();
                    }
                }
            }
            entry.enter(input, 1, 2);
            entry.last();
            for (boolean more = true; more; ) {
                more = entry.previous();
            }
        }

        /** What each entry says; null if they do not ascend. Those that ascend go into a builder. */
        private @Nullable List<Integer> hashes(BlockEntry entry, BlockBuilder builder) {
            List<Integer> hashes = new ArrayList<>();
            byte[] last = {};
            int lastLength = -1;
            long lastRank = 0;
            boolean ascend = true;
            while (entry.next()) {
                int order = lastLength < 0 ? 1 : entry.compareKey(last, lastLength);
                ascend &= order > 0 || (order == 0 && entry.rank() > lastRank);
                if (last.length < entry.keyLength()) {
                    last = new byte[2 * entry.keyLength()];
                }
                System.arraycopy(entry.key(), 0, last, 0, entry.keyLength());
                lastLength = entry.keyLength();
                lastRank = entry.rank();
                int hash = 31 * hash(last, 0, lastLength) + Long.hashCode(lastRank);
                boolean value = entry.kind() == StepKind.VALUE;
                hash = 31 * hash + entry.kind();
                hash = 31 * hash + (value ? hash(entry.block(), entry.valueAt(), entry.valueLength()) : 0);
                boolean large = entry.kind() == StepKind.LARGE;
                hashes.add(31 * hash + (large ? entry.large().hashCode() : 0));
                if (ascend && large) {
                    builder.addLarge(last, lastLength, lastRank, 0, entry.large());
                } else if (ascend) {
                    builder.add(
                            last,
                            lastLength,
                            lastRank,
                            entry.kind(),
                            entry.block(),
                            value ? entry.valueAt() : 0,
                            value ? entry.valueLength() : 0);
                }
            }
            return ascend && !hashes.isEmpty() ? hashes : null;
        }

        private int hash(byte[] bytes, int from, int length) {
            return (int) XxHash64.hash(bytes, from, length);
        }
    },

    /** A block of the index, of each of its levels. */
    INDEX_BLOCK {
        @Override
        public List<byte[]> valid() {
            BlockBuilder builder = new BlockBuilder(4096, 4);
            for (int i = 0; i < 9; i++) {
                byte[] child = new Encoder(40)
                        .varint(i * 1000L)
                        .varint(900)
                        .varint(i)
                        .varint(5000)
                        .varint(600)
                        .toBytes();
                builder.add(new byte[] {(byte) i}, 1, 0, StepKind.VALUE, child, 0, child.length);
            }
            return List.of(builder.finish().toBytes());
        }

        @Override
        public void parse(byte[] input) {
            SortedBlock.validate(input, "block");
            BlockEntry entry = new BlockEntry();
            entry.enter(input, 1, 2);
            while (entry.next()) {
                entry.decodeChild(false, false);
                entry.decodeChild(true, false);
                entry.decodeChild(true, true);
            }
        }
    },

    /** The footer of an array. */
    FOOTER {
        @Override
        public List<byte[]> valid() {
            ArrayFooter footer = new ArrayFooter(
                    new TreeRoot(1, new BlockPointer(9, 90)),
                    3,
                    List.of(new BlockPointer(1, 20)),
                    List.of(new TreeRoot(0, new BlockPointer(5, 50))),
                    new BlockPointer(7, 70),
                    ArrayCounts.decode(new Decoder("counts", new byte[16])),
                    new byte[] {1},
                    new byte[] {2},
                    4096,
                    new ArrayFooter.Outlook(2, true));
            return List.of(footer.encode().toBytes());
        }

        @Override
        public void parse(byte[] input) {
            byte[] encoded =
                    ArrayFooter.decode(new Decoder("footer", input)).encode().toBytes();
            assertArrayEquals(
                    encoded,
                    ArrayFooter.decode(new Decoder("again", encoded)).encode().toBytes());
        }
    },

    /** An array as the manifest names it. */
    ARRAY_INFO {
        @Override
        public List<byte[]> valid() {
            byte[] key = {0, 0, 0, 0, 0, 0, 0, 1};
            return List.of(
                    encoded(new ArrayInfo(
                            1, 2, 3, 4, key, new byte[] {9}, 5, 6, 7, new BlockPointer(8, 80), 9, 10, 11)),
                    encoded(new ArrayInfo(1, 2, 3, 0, key, null, 5, 6, 0, new BlockPointer(8, 80), 9, 10, 11)));
        }

        @Override
        public void parse(byte[] input) {
            byte[] encoded = encoded(ArrayInfo.decode(new Decoder("array", input)));
            assertArrayEquals(encoded, encoded(ArrayInfo.decode(new Decoder("again", encoded))));
        }

        private byte[] encoded(ArrayInfo array) {
            Encoder out = new Encoder(99);
            array.encode(out);
            return out.toBytes();
        }
    },

    /** The sample of an array's keys. */
    KEY_SAMPLE {
        @Override
        public List<byte[]> valid() {
            KeySample.Builder sample = new KeySample.Builder();
            for (int i = 0; i < 20; i++) {
                sample.add(i / 2, new KeySample.Point(i, i % 3, 5, 6));
            }
            return List.of(sample.build().encode().toBytes());
        }

        @Override
        public void parse(byte[] input) {
            KeySample sample = KeySample.decode(new Decoder("sample", input));
            assertEquals(
                    sample,
                    KeySample.decode(new Decoder("again", sample.encode().toBytes())));
        }
    },

    /** A filter. */
    FILTER {
        @Override
        public List<byte[]> valid() {
            FilterBuilder builder = new FilterBuilder(10);
            for (int i = 0; i < 60; i++) {
                builder.add(XxHash64.hash(new byte[] {(byte) i}, 0, 1));
            }
            return List.of(builder.build());
        }

        @Override
        public void parse(byte[] input) {
            BlockedBloom.validate(input, 0, input.length);
            BlockedBloom.keys(input, 0);
            for (long hash : new long[] {0, -1, Long.MIN_VALUE, 0x1234_5678_9abc_def0L}) {
                BlockedBloom.mightContain(input, 0, input.length, hash);
            }
        }

        @Override
        public boolean isDeclared(Exception e) {
            return e instanceof IllegalArgumentException;
        }
    },

    /** The engine's part of the manifest: each part of the input is one of a checkpoint or an edit. */
    MANIFEST_STATE {
        @Override
        public List<byte[]> valid() {
            Encoder part = new Encoder(512);
            ManifestImage.operations(part, operations());
            ManifestImage image = new ManifestImage(new Catalog(), () -> {});
            image.restore(new Decoder("operations", part.toBytes()));
            return List.of(Parts.join(List.of(part.toBytes())), Parts.join(checkpoint(image)));
        }

        @Override
        public void parse(byte[] input) {
            List<byte[]> saved = checkpoint(restored(Parts.split(input)));
            assertEquals(hex(saved), hex(checkpoint(restored(saved))));
        }

        private ManifestImage restored(List<byte[]> parts) {
            ManifestImage image = new ManifestImage(new Catalog(), () -> {});
            for (byte[] part : parts) {
                image.restore(new Decoder("part", part));
            }
            return image;
        }
    },

    /** Operations on versions, as the log has them. */
    OPERATIONS {
        @Override
        public List<byte[]> valid() {
            return List.of(operations().toBytes());
        }

        @Override
        public void parse(byte[] input) {
            Catalog catalog = new Catalog();
            ManifestImage image = new ManifestImage(catalog, () -> {});
            Decoder operations = new Decoder("operations", input);
            while (operations.hasMore()) {
                catalog.apply(operations.u8(), operations, operations.taken());
            }
            checkNames(catalog.forest());
            List<byte[]> before = checkpoint(image);
            Encoder carried = new Encoder(99);
            ManifestImage.operations(carried, catalog.pendingUpTo(input.length));
            ManifestImage again = new ManifestImage(new Catalog(), () -> {});
            before.forEach(part -> again.restore(new Decoder("before", part)));
            again.restore(new Decoder("operations", carried.toBytes()));
            image.moved(0, 0);
            image.moved(input.length, 0);
            again.moved(input.length, 0);
            assertEquals(hex(checkpoint(image)), hex(checkpoint(again)));
        }
    },

    /** A commit of the log, replayed into a new store. */
    COMMIT {
        @Override
        public List<byte[]> valid() {
            Encoder commit = new Encoder(256);
            commit.raw(operations().toBuffer());
            commit.u8(LogOp.PUT).varint(3).bytes(text("key")).bytes(text("value"));
            commit.u8(LogOp.DELETE).varint(3).bytes(text("other"));
            return List.of(commit.toBytes());
        }

        @Override
        public void parse(byte[] input) {
            FuzzStore.replay(input);
        }

        @Override
        public int bytesBesides() {
            return FuzzStore.BYTES;
        }

        @Override
        public int slowness() {
            return 2;
        }
    },

    /** The extents of an array: for data, meta and values each a part. */
    ARRAY {
        @Override
        public List<byte[]> valid() {
            return List.of(Parts.join(FuzzArray.instance().extents()));
        }

        @Override
        public void parse(byte[] input) throws IOException {
            FuzzArray.instance().read(Parts.split(input));
        }

        @Override
        public int bytesBesides() {
            return FuzzArray.BYTES;
        }

        @Override
        public int slowness() {
            return 5;
        }
    },

    /** A snapshot as a stream; its checksums are made right, so that what is behind them is read. */
    STREAM {
        @Override
        public List<byte[]> valid() {
            return List.of(stream(true), stream(false));
        }

        @Override
        public void parse(byte[] input) throws IOException {
            byte[] mended = mend(input);
            StreamReader reader = new StreamReader(new ByteArrayInputStream(mended));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            StreamWriter writer = new StreamWriter(out, reader.header());
            List<List<@Nullable ByteBuffer>> read = new ArrayList<>();
            while (reader.next()) {
                ByteBuffer value = reader.value();
                read.add(Arrays.asList(reader.key(), value));
                if (value == null) {
                    writer.delete(reader.key());
                } else {
                    writer.put(reader.key(), value);
                }
            }
            writer.end();
            StreamReader again = new StreamReader(new ByteArrayInputStream(out.toByteArray()));
            assertEquals(reader.header(), again.header());
            for (List<@Nullable ByteBuffer> each : read) {
                assertTrue(again.next());
                assertEquals(each, Arrays.asList(again.key(), again.value()));
            }
            assertFalse(again.next());
        }

        @Override
        public boolean isDeclared(Exception e) {
            return super.isDeclared(e)
                    || (e instanceof StorageException known && known.kind() == StorageException.Kind.NO_STORE);
        }

        /** Puts right checksums into as many chunks as there are. */
        private byte[] mend(byte[] input) {
            byte[] bytes = input.clone();
            if (bytes.length < SnapshotStream.PREAMBLE_BYTES) {
                return bytes;
            }
            ByteBuffer fields = ByteBuffer.wrap(bytes);
            Checksums sum = new Checksums();
            int checked = SnapshotStream.CHECKED_BYTES;
            fields.putInt(checked, sum.begin(0, 0).add(bytes, 0, checked).value());
            int at = SnapshotStream.PREAMBLE_BYTES;
            for (int chunk = 0; at + SnapshotStream.CHUNK_HEADER_BYTES <= bytes.length; chunk++) {
                int body = at + SnapshotStream.CHUNK_HEADER_BYTES;
                int length = fields.getInt(at);
                if (length < 1 || length > bytes.length - body) {
                    return bytes;
                }
                if (bytes[at + Integer.BYTES] == SnapshotStream.END && length > Integer.BYTES) {
                    int whole = sum.begin(0, 0).add(bytes, 0, at).value();
                    fields.putInt(body + length - Integer.BYTES, whole);
                }
                sum.begin(chunk, at)
                        .add(bytes, at, SnapshotStream.CHUNK_CHECKED_BYTES)
                        .add(bytes, body, length);
                fields.putInt(at + SnapshotStream.CHUNK_CHECKED_BYTES, sum.value());
                at = body + length;
            }
            return bytes;
        }
    };

    /** Who has a name, and who stands in a tree. */
    private static void checkNames(VersionForest forest) {
        assertNull(forest.name(VersionForest.ROOT));
        for (int place = VersionForest.ROOT + 1; place < forest.size(); place++) {
            assertTrue(forest.tree(place) > VersionForest.ROOT, "a version in no tree");
            VersionForest.Kind kind = forest.kind(place);
            String name = forest.name(place);
            assertEquals(kind == VersionForest.Kind.HEAD || kind == VersionForest.Kind.SNAPSHOT, name != null);
            int bytes = name == null ? 1 : text(name).length;
            int most = Arguments.NAME_BYTES_MAX + (Hidden.isHidden(forest, place) ? 1 : 0);
            assertTrue(bytes >= 1 && bytes <= most, () -> "a name of " + bytes + " bytes");
        }
    }

    /** Two snapshots as streams: all of one, and an increment of more than one chunk. */
    private static byte[] stream(boolean full) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        UUID base = full ? VersionForest.NOBODY : new UUID(3, 4);
        try {
            StreamWriter writer = new StreamWriter(out, new StreamHeader(new UUID(1, 2), base, 1000, "s", "main"));
            for (int i = 0; i < 5; i++) {
                writer.put(ByteBuffer.wrap(text("key/" + i)), ByteBuffer.wrap(new byte[i * 3]));
            }
            if (!full) {
                writer.put(ByteBuffer.wrap(text("large")), ByteBuffer.wrap(new byte[SnapshotStream.BODY_BYTES]));
                writer.delete(ByteBuffer.wrap(text("nothing")));
            }
            writer.end();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Encoder operations() {
        Encoder operations = new Encoder(256);
        LogOp.keyspace(operations, 1, 1000, "main");
        LogOp.snapshot(operations, 1, 2, 1001, "s", new UUID(7, 8));
        LogOp.cloned(operations, 1, 3, 1002, "clone");
        LogOp.view(operations, 2, 4, 1003);
        LogOp.rename(operations, 1, "t");
        LogOp.rollback(operations, 4, 1, 5, 1004);
        LogOp.drop(operations, 2);
        LogOp.keyspace(operations, 6, 1005, "another");
        LogOp.snapshot(operations, 6, 7, 1006, "of an earlier release", VersionForest.NOBODY);
        return operations;
    }

    private static List<byte[]> checkpoint(ManifestImage image) {
        List<byte[]> parts = new ArrayList<>();
        image.checkpoint(part -> parts.add(part.toBytes()));
        return parts;
    }

    private static List<String> hex(List<byte[]> parts) {
        return parts.stream().map(Arrays::toString).toList();
    }
}
