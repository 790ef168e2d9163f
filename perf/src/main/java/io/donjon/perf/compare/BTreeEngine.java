package io.donjon.perf.compare;

import io.donjon.perf.IoCounts;
import io.donjon.perf.btree.BPlusTree;
import io.donjon.perf.btree.TreeCursor;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;

/**
 * The plain {@link BPlusTree}. A batch is applied record by record in the order in which it comes; a sync is a
 * checkpoint, since the tree has no log. It does not compress.
 */
// Engine promises heap buffers, and at() counts the array's offset.
@SuppressWarnings("ByteBufferBackingArray")
final class BTreeEngine implements Engine {
    private final BPlusTree tree;
    private final byte[] value = new byte[BPlusTree.RECORD_BYTES_MAX];

    BTreeEngine(Path folder, Setup setup) {
        tree = BPlusTree.open(folder.resolve("tree"), setup.memoryBytes(), setup.direct());
    }

    @Override
    public void write(Batch batch) {
        for (int i = 0; i < batch.size(); i++) {
            put(batch.key(i), batch.value(i));
        }
    }

    @Override
    public void put(ByteBuffer key, ByteBuffer value) {
        tree.put(key.array(), at(key), key.remaining(), value.array(), at(value), value.remaining());
    }

    @Override
    public void delete(ByteBuffer key) {
        tree.delete(key.array(), at(key), key.remaining());
    }

    @Override
    public int get(ByteBuffer key, ByteBuffer into) {
        int length = tree.get(key.array(), at(key), key.remaining(), value);
        if (length >= 0 && length <= into.remaining()) {
            into.put(value, 0, length);
        }
        return length;
    }

    @Override
    public void scan(ByteBuffer from, Visitor visitor) {
        TreeCursor cursor = tree.scan(from.array(), at(from), from.remaining());
        ByteBuffer key = ByteBuffer.wrap(cursor.bytes()).asReadOnlyBuffer();
        ByteBuffer value = key.duplicate();
        boolean more = true;
        while (more && cursor.next()) {
            key.limit(cursor.keyAt() + cursor.keyLength()).position(cursor.keyAt());
            value.limit(cursor.valueAt() + cursor.valueLength()).position(cursor.valueAt());
            more = visitor.visit(key, value);
        }
    }

    @Override
    public void sync() {
        tree.checkpoint();
    }

    @Override
    public void quiesce() {
        // Nothing goes on in the background.
    }

    @Override
    public IoCounts counts() {
        return tree.counts();
    }

    @Override
    public Map<String, Double> figures() {
        return Map.of("treeHeight", (double) tree.height());
    }

    @Override
    public void close() {
        tree.close();
    }

    private static int at(ByteBuffer buffer) {
        return buffer.arrayOffset() + buffer.position();
    }
}
