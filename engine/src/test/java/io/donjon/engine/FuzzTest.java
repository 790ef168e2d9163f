package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.extents.StorageException;
import io.donjon.extents.sim.Fuzzing;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every parser of what the engine keeps in blocks, in the log and in the manifest. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class FuzzTest {
    private static List<byte[]> blocks() {
        List<byte[]> blocks = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(1);
        for (int restartEvery : new int[] {1, 3, 16}) {
            BlockBuilder builder = new BlockBuilder(4096, restartEvery);
            for (int i = 0; i < 24; i++) {
                byte[] key = String.format("key/%03d", i / 3).getBytes(StandardCharsets.UTF_8);
                byte[] value = new byte[1 + random.nextInt(3)];
                if (i % 7 == 6) {
                    builder.addLarge(key, key.length, i, new LargeValue(70_000, 5, 6, 7));
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

    @Test
    void sortedBlocks() throws Exception {
        byte[] sought = "key/004".getBytes(StandardCharsets.UTF_8);
        Fuzzing.fuzz("sorted block", blocks(), StorageException.class, input -> {
            SortedBlock.validate(input, "block");
            BlockEntry entry = new BlockEntry();
            entry.enter(input, 1, 2);
            for (boolean more = entry.next(); more; more = entry.next()) {
                entry.length();
            }
            entry.enter(input, 1, 2);
            entry.seekFloor(sought, sought.length, 11);
            entry.enter(input, 1, 2);
            entry.last();
            for (boolean more = true; more; ) {
                more = entry.previous();
            }
        });
    }

    @Test
    void indexEntries() throws Exception {
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
        Fuzzing.fuzz("index block", List.of(builder.finish().toBytes()), StorageException.class, input -> {
            SortedBlock.validate(input, "block");
            BlockEntry entry = new BlockEntry();
            entry.enter(input, 1, 2);
            while (entry.next()) {
                entry.decodeChild(true, true);
            }
        });
    }

    @Test
    void footersAndSamples() throws Exception {
        ArrayFooter footer = new ArrayFooter(
                new TreeRoot(1, new BlockPointer(9, 90)),
                3,
                List.of(new BlockPointer(1, 20)),
                List.of(new TreeRoot(0, new BlockPointer(5, 50))),
                new BlockPointer(7, 70),
                ArrayCounts.decode(new Decoder("counts", new byte[16])),
                new byte[] {1},
                new byte[] {2},
                4096);
        Fuzzing.fuzz(
                "footer",
                List.of(footer.encode().toBytes()),
                StorageException.class,
                input -> ArrayFooter.decode(new Decoder("footer", input)));
        KeySample.Builder sample = new KeySample.Builder();
        for (int i = 0; i < 20; i++) {
            sample.add(i / 2, new KeySample.Point(i, i % 3, 5, 6));
        }
        Fuzzing.fuzz(
                "key sample",
                List.of(sample.build().encode().toBytes()),
                StorageException.class,
                input -> KeySample.decode(new Decoder("sample", input)));
    }

    @Test
    void theEnginesPartOfTheManifest() throws Exception {
        List<byte[]> valid = new ArrayList<>();
        Catalog catalog = new Catalog();
        ManifestImage image = new ManifestImage(catalog, () -> {});
        Encoder operations = new Encoder(256);
        LogOp.keyspace(operations, 1, 1000, "main");
        LogOp.snapshot(operations, 1, 2, 1001, "s");
        LogOp.cloned(operations, 1, 3, 1002, "clone");
        LogOp.view(operations, 2, 4, 1003);
        LogOp.drop(operations, 2);
        Encoder part = new Encoder(512);
        ManifestImage.operations(part, operations);
        valid.add(part.toBytes());
        image.restore(new Decoder("operations", valid.get(0)));
        image.checkpoint(each -> valid.add(each.toBytes()));
        valid.removeIf(each -> each.length == 0);
        Fuzzing.fuzz("engine's state", valid, StorageException.class, input -> {
            new ManifestImage(new Catalog(), () -> {}).restore(new Decoder("part", input));
        });
    }
}
