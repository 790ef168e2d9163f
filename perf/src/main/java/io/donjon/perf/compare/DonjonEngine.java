package io.donjon.perf.compare;

import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.ScanOption;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.WriteBatch;
import io.donjon.perf.IoCounts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** Donjon, with one keyspace in a store of one directory, and asynchronous writes. */
final class DonjonEngine implements Engine {
    private static final String KEYSPACE = "bench";

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
        DonjonMeter.quiesce(store);
    }

    @Override
    public void rest() {
        DonjonMeter.rest(store);
    }

    @Override
    public IoCounts counts() {
        return DonjonMeter.counts(store);
    }

    @Override
    public Map<String, Double> figures() {
        return DonjonMeter.figures(store);
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
