package io.donjon.perf.compare;

import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.ScanOption;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.StoreStats;
import io.donjon.WriteBatch;
import io.donjon.perf.IoCounts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Donjon, with one keyspace in a store of one directory, and asynchronous writes. */
final class DonjonEngine implements Engine {
    /** The name of the figure that holds the size at which a write buffer is flushed: M of the doubling array. */
    static final String BUFFER_BYTES = "bufferBytes";

    private static final String KEYSPACE = "bench";
    private static final long POLL_MILLIS = 2;

    private final Store store;
    private final Keyspace keyspace;
    private final WriteBatch writeBatch;

    DonjonEngine(Path folder, Setup setup) {
        store = Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .memoryBytes(setup.memoryBytes())
                .durability(Durability.ASYNC)
                .compression(setup.compression())
                .directIo(setup.direct()));
        Keyspace existing = store.keyspace(KEYSPACE);
        keyspace = existing == null ? store.createKeyspace(KEYSPACE) : existing;
        writeBatch = store.newBatch();
    }

    @Override
    public void write(Batch batch) {
        writeBatch.clear();
        for (int i = 0; i < batch.size(); i++) {
            writeBatch.put(keyspace, batch.key(i), batch.value(i));
        }
        store.write(writeBatch, Durability.ASYNC);
    }

    @Override
    public void put(ByteBuffer key, ByteBuffer value) {
        keyspace.put(key, value);
    }

    @Override
    public void delete(ByteBuffer key) {
        keyspace.delete(bytes(key));
    }

    @Override
    public int get(ByteBuffer key, ByteBuffer into) {
        return keyspace.get(key, into);
    }

    @Override
    public void scan(ByteBuffer from, Visitor visitor) {
        try (Cursor cursor = keyspace.scan(KeyRange.from(bytes(from)), ScanOption.NO_CACHE_FILL)) {
            boolean more = true;
            while (more && cursor.next()) {
                more = visitor.visit(cursor.key(), cursor.value());
            }
        }
    }

    @Override
    public void sync() {
        store.sync();
    }

    @Override
    public void quiesce() {
        StoreStats stats = store.stats();
        while (busy(stats)) {
            String failure = stats.merging().lastFailure();
            if (failure != null) {
                throw new IllegalStateException("a flush or merge failed: " + failure);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while merges went on", e);
            }
            stats = store.stats();
        }
    }

    private static boolean busy(StoreStats stats) {
        return stats.buffer().sealed() > 0
                || stats.merging().running() > 0
                || stats.merging().debt() > 0;
    }

    @Override
    public IoCounts counts() {
        StoreStats.Io io = store.stats().io();
        return new IoCounts(
                io.reads(),
                io.readsRandom(),
                io.readBytes(),
                io.readBytesRandom(),
                io.writes(),
                io.writesRandom(),
                io.writtenBytes(),
                io.writtenBytesRandom(),
                io.forces());
    }

    @Override
    public Map<String, Double> figures() {
        StoreStats stats = store.stats();
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put(BUFFER_BYTES, (double) stats.buffer().capacity());
        figures.put("arrays", (double) stats.arrays().size());
        figures.put("logWritten", (double) stats.log().written());
        figures.put("flushes", (double) stats.merging().flushes());
        figures.put("flushWritten", (double) stats.merging().flushWritten());
        figures.put("merges", (double) stats.merging().merges());
        figures.put("mergeRead", (double) stats.merging().mergeRead());
        figures.put("mergeWritten", (double) stats.merging().mergeWritten());
        figures.put("delayedMillis", stats.merging().delayedNanos() / 1e6);
        return figures;
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
