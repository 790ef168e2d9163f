package io.donjon.perf.compare;

import io.donjon.perf.IoCounts;
import io.donjon.perf.btree.CowCursor;
import io.donjon.perf.btree.CowTree;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;

/** The copy-on-write tree. A sync is a checkpoint; there is no log. It does not compress. */
// Engine promises heap buffers, and at() counts the array's offset.
@SuppressWarnings("ByteBufferBackingArray")
final class CowVersions implements VersionedEngine {
    private final CowTree tree;
    private final byte[] value = new byte[CowTree.RECORD_BYTES_MAX];
    private long scannedBefore;

    CowVersions(Path folder, Setup setup) {
        tree = CowTree.create(folder.resolve("tree"), setup.memoryBytes(), setup.direct());
    }

    @Override
    public void make(int version, int parent) {
        int made = parent < 0 ? tree.create() : tree.clone(parent);
        if (made != version) {
            throw new IllegalStateException("version " + made + " was made, expected " + version);
        }
    }

    @Override
    public void write(Batch batch, int[] versions) {
        for (int i = 0; i < batch.size(); i++) {
            ByteBuffer key = batch.key(i);
            ByteBuffer to = batch.value(i);
            tree.put(versions[i], key.array(), at(key), key.remaining(), to.array(), at(to), to.remaining());
        }
    }

    @Override
    public int get(int version, ByteBuffer key, ByteBuffer into) {
        int length = tree.get(version, key.array(), at(key), key.remaining(), value);
        if (length >= 0 && length <= into.remaining()) {
            into.put(value, 0, length);
        }
        return length;
    }

    @Override
    public void scan(int version, ByteBuffer from, Engine.Visitor visitor) {
        CowCursor cursor = tree.scan(version, from.array(), at(from), from.remaining());
        ByteBuffer key = ByteBuffer.wrap(cursor.bytes()).asReadOnlyBuffer();
        ByteBuffer to = key.duplicate();
        boolean more = true;
        while (more && cursor.next()) {
            key.limit(cursor.keyAt() + cursor.keyLength()).position(cursor.keyAt());
            to.limit(cursor.valueAt() + cursor.valueLength()).position(cursor.valueAt());
            more = visitor.visit(key, to);
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
    public boolean clean() {
        return false;
    }

    @Override
    public IoCounts counts() {
        return tree.counts();
    }

    @Override
    public long dataBytes() {
        return tree.usedBytes();
    }

    @Override
    public Map<String, Double> figures() {
        return Map.of();
    }

    /** Entries of all leaves that ranges came to, those before and behind the range included. */
    @Override
    public Map<String, Double> readFigures(int[] live, long elements) {
        double scanned = tree.entriesScanned() - scannedBefore;
        scannedBefore = tree.entriesScanned();
        return Map.of(Versions.ENTRIES_READ, scanned / elements);
    }

    @Override
    public void close() {
        tree.close();
    }

    private static int at(ByteBuffer buffer) {
        return buffer.arrayOffset() + buffer.position();
    }
}
