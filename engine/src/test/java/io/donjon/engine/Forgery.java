package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Block;
import io.donjon.extents.BlockType;
import io.donjon.extents.Codec;
import io.donjon.extents.Extent;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.ExtentWriter;
import io.donjon.extents.ManifestEdit;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Writes an array once more, with something in it changed and every checksum right: what a defect of the writer would
 * leave. The array must have been written without compression, and be smaller than a chunk.
 */
final class Forgery {
    /** Changes the content of one block, but not its length. */
    interface Change {
        /** {@code number} counts the blocks of each type in the order in which they stand. */
        void apply(BlockType type, int number, long offset, byte[] plain);
    }

    private final ExtentStore store;
    private final ArrayRun original;

    /** The blocks of each extent by their offsets, in their order. */
    private final Map<Long, Integer> data = new TreeMap<>();

    private final Map<Long, Integer> meta = new TreeMap<>();
    private final Map<Long, Integer> values = new TreeMap<>();

    Forgery(ExtentStore store, ArrayRun original) {
        this.store = store;
        this.original = original;
        ArrayFooter footer = original.footer();
        walk(footer.index(), true);
        footer.directory().forEach(section -> walk(section, false));
        footer.table().forEach(block -> meta.put(block.offset(), block.size()));
        meta.put(footer.sample().offset(), footer.sample().size());
    }

    private void walk(TreeRoot root, boolean index) {
        walk(root.level(), root.block().offset(), root.block().size(), index);
    }

    private void walk(int level, long offset, int size, boolean index) {
        meta.put(offset, size);
        BlockEntry entry = new BlockEntry();
        entry.enter(original.meta().read(offset, size).bytes(), 0, 0);
        while (entry.next()) {
            if (level > 0 || index) {
                entry.decodeChild(level > 0 && index, level == 1 && index);
            }
            if (level == 1 && index && entry.filterSize() > 0) {
                meta.put(entry.filterOffset(), entry.filterSize());
            }
            if (level > 0) {
                walk(level - 1, entry.childOffset(), entry.childSize(), index);
            } else if (index) {
                data.put(entry.childOffset(), entry.childSize());
                walkValues(entry.childOffset(), entry.childSize());
            }
        }
    }

    private void walkValues(long offset, int size) {
        BlockEntry entry = new BlockEntry();
        entry.enter(original.data().read(offset, size).bytes(), 0, 0);
        while (entry.next()) {
            if (entry.storedKind() == StepKind.LARGE) {
                LargeValue value = entry.large();
                values.put(value.offset(), value.size());
                assertTrue(value.length() <= LargeValue.PIECE_BYTES, "values of one piece only");
            }
        }
    }

    /** The array that comes of it; its band ends at {@code to}. The manifest names its extents, and no array of them. */
    ArrayRun make(Change change, UnaryOperator<ArrayFooter> footer, UnaryOperator<ArrayInfo> info, int to) {
        ManifestEdit edit = new ManifestEdit();
        ExtentWriter newMeta = store.create(4096, 0);
        copy(original.meta(), meta, newMeta, change);
        byte[] bytes = footer.apply(original.footer()).encode().toBytes();
        long footerAt = newMeta.append(BlockType.FOOTER, Codec.RAW, bytes, bytes.length);
        BlockPointer pointer = new BlockPointer(footerAt, newMeta.lastSize());
        long metaId = finish(newMeta, edit);
        long dataId = written(original.data(), data, change, edit);
        Extent large = original.values();
        long valuesId = large == null ? 0 : written(large, values, change, edit);
        store.commit(edit);
        ArrayInfo old = original.info();
        ArrayInfo forged = new ArrayInfo(
                old.id() + 1,
                old.age(),
                old.from(),
                old.to(),
                old.keysFrom(),
                old.keysTo(),
                dataId,
                metaId,
                valuesId,
                pointer,
                old.breakpoints(),
                old.keys(),
                old.bytes() - old.footer().size() + pointer.size());
        return ArrayRun.open(info.apply(forged), store, original.from(), to, array -> {});
    }

    private long written(Extent from, Map<Long, Integer> blocks, Change change, ManifestEdit edit) {
        ExtentWriter to = store.create(4096, 0);
        copy(from, blocks, to, change);
        return finish(to, edit);
    }

    private static long finish(ExtentWriter writer, ManifestEdit edit) {
        ExtentWriter.Written written = writer.finish();
        edit.add(written);
        return written.id();
    }

    private static void copy(Extent from, Map<Long, Integer> blocks, ExtentWriter to, Change change) {
        Map<BlockType, @Nullable Integer> numbers = new TreeMap<>();
        blocks.forEach((offset, size) -> {
            Block block = from.read(offset, size);
            byte[] plain = block.bytes().clone();
            int number = Objects.requireNonNull(numbers.merge(block.type(), 1, Integer::sum)) - 1;
            change.apply(block.type(), number, offset, plain);
            assertEquals(offset, to.append(block.type(), Codec.RAW, plain, plain.length));
        });
    }
}
