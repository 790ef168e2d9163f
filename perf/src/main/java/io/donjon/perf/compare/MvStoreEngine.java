package io.donjon.perf.compare;

import io.donjon.perf.IoCounts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;

/**
 * H2's MVStore, tuned as in peers.md: 32 MiB of unsaved changes before it writes by itself, 16 KiB pages, old chunks
 * reused at once. It keeps the arrays it is given, hence the copies. It meters no I/O.
 */
// Engine promises heap buffers; the array is passed on where it holds the key and nothing else.
@SuppressWarnings("ByteBufferBackingArray")
final class MvStoreEngine implements Engine {
    private static final int AUTO_COMMIT_KIB = 32 << 10;
    private static final int PAGE_BYTES = 16 << 10;

    private final MVStore store;
    private final MVMap<byte[], byte[]> map;

    MvStoreEngine(Path folder, Setup setup) {
        if (setup.direct()) {
            throw new IllegalArgumentException("mvstore cannot bypass the page cache");
        }
        store = new MVStore.Builder()
                .fileName(folder.resolve("mvstore").toString())
                .cacheSize(Math.toIntExact(setup.memoryBytes() >>> 20))
                .autoCommitBufferSize(AUTO_COMMIT_KIB)
                .pageSplitSize(PAGE_BYTES)
                .open();
        store.setRetentionTime(0);
        map = store.openMap(
                "bench",
                new MVMap.Builder<byte[], byte[]>()
                        .keyType(ByteArrayDataType.INSTANCE)
                        .valueType(ByteArrayDataType.INSTANCE));
    }

    @Override
    public void write(Batch batch) {
        for (int i = 0; i < batch.size(); i++) {
            put(batch.key(i), batch.value(i));
        }
    }

    @Override
    public void put(ByteBuffer key, ByteBuffer value) {
        map.put(bytes(key), bytes(value));
    }

    @Override
    public void delete(ByteBuffer key) {
        map.remove(bytes(key));
    }

    @Override
    public int get(ByteBuffer key, ByteBuffer into) {
        byte[] value = map.get(key.remaining() == key.array().length ? key.array() : bytes(key));
        if (value == null) {
            return -1;
        }
        if (value.length <= into.remaining()) {
            into.put(value);
        }
        return value.length;
    }

    @Override
    public void scan(ByteBuffer from, Visitor visitor) {
        Cursor<byte[], byte[]> cursor = map.cursor(bytes(from));
        boolean more = true;
        for (Iterator<byte[]> keys = cursor; more && keys.hasNext(); ) {
            byte[] key = keys.next();
            more = visitor.visit(ByteBuffer.wrap(key), ByteBuffer.wrap(cursor.getValue()));
        }
    }

    @Override
    public void sync() {
        store.commit();
        store.sync();
    }

    @Override
    public void quiesce() {
        // Its background thread only writes what a commit would; after a sync it has nothing to do.
    }

    @Override
    public IoCounts counts() {
        return IoCounts.NONE;
    }

    @Override
    public Map<String, Double> figures() {
        return Map.of();
    }

    @Override
    public void close() {
        store.close();
    }

    private static byte[] bytes(ByteBuffer buffer) {
        int at = buffer.arrayOffset() + buffer.position();
        return Arrays.copyOfRange(buffer.array(), at, at + buffer.remaining());
    }
}
