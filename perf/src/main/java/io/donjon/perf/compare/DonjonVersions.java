package io.donjon.perf.compare;

import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.ScanOption;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.StoreStats;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.WriteBatch;
import io.donjon.perf.IoCounts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Donjon in a store of one directory, with asynchronous writes. A version without children is a keyspace, one with
 * children a snapshot: the first child takes the keyspace over, each further one is a clone.
 */
// Engine promises heap buffers, and bytes() counts the array's offset.
@SuppressWarnings("ByteBufferBackingArray")
final class DonjonVersions implements VersionedEngine {
    /** With fewer live keys a version's ratio of what is read to what is live says little. */
    private static final int LIVE_MIN = 50;

    private final Store store;
    private final WriteBatch writeBatch;
    private final List<Reader> readers = new ArrayList<>();

    private DonjonVersions(Path folder, Setup setup, boolean strata) {
        store = Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .memoryBytes(setup.memoryBytes())
                .durability(Durability.ASYNC)
                .compression(setup.compression())
                .strata(strata)
                .directIo(setup.direct()));
        writeBatch = store.newBatch();
    }

    static DonjonVersions cut(Path folder, Setup setup) {
        return new DonjonVersions(folder, setup, true);
    }

    static DonjonVersions flat(Path folder, Setup setup) {
        return new DonjonVersions(folder, setup, false);
    }

    @Override
    public void make(int version, int parent) {
        String name = "v" + version;
        if (parent < 0) {
            readers.add(store.createKeyspace(name));
        } else if (readers.get(parent) instanceof Keyspace leaf) {
            readers.set(parent, leaf.snapshot("v" + parent));
            readers.add(leaf);
        } else {
            readers.add(((Snapshot) readers.get(parent)).cloneAs(name));
        }
    }

    @Override
    public void write(Batch batch, int[] versions) {
        writeBatch.clear();
        for (int i = 0; i < batch.size(); i++) {
            writeBatch.put((Keyspace) readers.get(versions[i]), batch.key(i), batch.value(i));
        }
        store.write(writeBatch, Durability.ASYNC);
    }

    @Override
    public int get(int version, ByteBuffer key, ByteBuffer into) {
        return readers.get(version).get(key, into);
    }

    @Override
    public void scan(int version, ByteBuffer from, Engine.Visitor visitor) {
        int at = from.arrayOffset() + from.position();
        byte[] first = Arrays.copyOfRange(from.array(), at, at + from.remaining());
        Reader reader = readers.get(version);
        try (Cursor cursor = first.length == 0
                ? reader.scan(KeyRange.all(), ScanOption.NO_CACHE_FILL)
                : reader.scan(KeyRange.from(first))) {
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
    public boolean clean() {
        store.clean().result();
        rest();
        return true;
    }

    @Override
    public IoCounts counts() {
        return DonjonMeter.counts(store);
    }

    /** Arrays, and the part of the log that is not in them yet. */
    @Override
    public long dataBytes() {
        StoreStats stats = store.stats();
        return stats.buffer().bytes()
                + stats.arrays().stream().mapToLong(StoreStats.Array::bytes).sum();
    }

    @Override
    public Map<String, Double> figures() {
        return DonjonMeter.figures(store);
    }

    /** What a scan of all of a version would read: all breakpoints of the arrays whose band holds it. */
    @Override
    public Map<String, Double> readFigures(int[] live, long elements) {
        Map<Long, Integer> places = new HashMap<>();
        try (Stream<Version> line = store.versions(VersionQuery.all())) {
            line.forEach(version -> places.put(version.id(), places.size() + 1));
        }
        List<StoreStats.Array> arrays = store.stats().arrays();
        List<Double> entries = new ArrayList<>();
        List<Double> counts = new ArrayList<>();
        for (int version = 0; version < readers.size(); version++) {
            Integer place = places.get(id(readers.get(version)));
            if (place == null || live[version] < LIVE_MIN) {
                continue;
            }
            long read = 0;
            int count = 0;
            for (StoreStats.Array array : arrays) {
                // A band may begin at the root of the line, before all versions, and end with the line.
                int from = Objects.requireNonNullElse(places.get(array.from()), 0);
                int to = Objects.requireNonNullElse(places.get(array.to()), Integer.MAX_VALUE);
                if (from <= place && place < to) {
                    read += array.breakpoints();
                    count++;
                }
            }
            entries.add((double) read / live[version]);
            counts.add((double) count);
        }
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put(Versions.ENTRIES_READ, Versions.median(entries));
        figures.put(Versions.ENTRIES_READ + "Max", max(entries));
        figures.put("arraysPerVersion", Versions.median(counts));
        figures.put("arraysPerVersionMax", max(counts));
        return figures;
    }

    private static long id(Reader reader) {
        return reader instanceof Keyspace keyspace
                ? keyspace.version().id()
                : ((Snapshot) reader).version().id();
    }

    private static double max(List<Double> figures) {
        return figures.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
    }

    @Override
    public void close() {
        store.close();
    }
}
