package io.donjon.engine;

import io.donjon.Compression;
import io.donjon.StoreOptions;
import io.donjon.extents.ChannelDirectory;
import io.donjon.extents.Directory;
import io.donjon.extents.Environment;
import io.donjon.extents.Extent;
import io.donjon.extents.ExtentConfig;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.IoMeter;
import io.donjon.extents.ManifestEdit;
import io.donjon.versioning.Line;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does a merge cost for each record that goes into it, all included: reading and checking blocks, the order of the
 * inputs, the overlay, new blocks with index, filters and directory, and the force at the end? The records of 16 + 100
 * bytes are not compressed, and the page cache has them.
 */
@NullUnmarked // JMH fills the fields before it calls anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class MergeBenchmark {
    private static final int RECORDS = 100_000;

    /** Arrays that the records are dealt out to; every tenth key is in two of them. */
    @Param({"2", "8"})
    public int arrays;

    private final Catalog catalog = new Catalog();
    private final SlabPool pool = new SlabPool(SlabPool.standardSource(), 0);
    private final List<ArrayRun> inputs = new ArrayList<>();
    private Path folder;
    private Tuning tuning;
    private Directory directory;
    private ExtentStore store;
    private ManifestImage image;
    private Merge.Result result;

    /** Writes the arrays. */
    @Setup
    public void write() throws IOException {
        folder = Files.createTempDirectory("donjon-merge");
        tuning = Tuning.of(StoreOptions.at(folder).compression(Compression.NONE));
        directory = ChannelDirectory.open(folder, new IoMeter());
        image = new ManifestImage(catalog, () -> {});
        ExtentConfig config =
                new ExtentConfig(List.of(directory), List.of(), true, 1, false, false, 0, tuning.segmentBytes(), 0, 16);
        store = ExtentStore.open(config, Environment.system(), image);
        store.replay((sequence, position, operations) -> {});
        int place = catalog.forest().addTree(catalog.newVersion(), "records", "records", 0);
        for (int array = 0; array < arrays; array++) {
            inputs.add(open(flush(place, array)));
        }
    }

    private Flush.Result flush(int place, int array) {
        WriteBuffer buffer = new WriteBuffer(pool, catalog.forest().line(), 1);
        FullKey key = new FullKey();
        ByteBuffer keyBytes = ByteBuffer.allocate(16);
        ByteBuffer value = ByteBuffer.allocate(100);
        for (int i = array; i < RECORDS; i += arrays) {
            // Neighbours are in different arrays; the last of ten has the key of the one before.
            int number = i % 10 == 9 ? i - 1 : i;
            key.set(1, keyBytes.putLong(0, number * 0x9E3779B97F4A7C15L).putLong(Long.BYTES, number));
            buffer.paint(key, place, Line.NONE, i, StepKind.VALUE, value.putInt(0, i));
        }
        Flush.Result written = new Flush(store, catalog.forest(), tuning, 1)
                .write(buffer, List.of())
                .get(0);
        buffer.free();
        return written;
    }

    /** Names an array and opens it. */
    private ArrayRun open(Flush.Result flushed) {
        ArrayWriter.Written written = flushed.written();
        ManifestEdit edit = new ManifestEdit();
        written.addTo(edit);
        store.commit(edit);
        long id = image.newArray();
        ArrayInfo info =
                written.info(id, id, catalog.forest().id(flushed.from()), ArrayInfo.END_OF_LINE, new byte[0], null);
        return ArrayRun.open(info, store, flushed.from(), flushed.to(), array -> {});
    }

    /** All arrays into one. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public Merge.Result merge() {
        result = new Merge(
                        store,
                        catalog,
                        tuning,
                        inputs,
                        List.of(),
                        RankMap.of(inputs, catalog),
                        new int[0],
                        Long.MAX_VALUE,
                        () -> false)
                .run();
        return result;
    }

    /** Removes what came of it. */
    @TearDown(Level.Invocation)
    public void free() {
        ArrayWriter.Written written = result.outputs().get(0).written();
        ManifestEdit edit = new ManifestEdit();
        written.addTo(edit);
        store.commit(edit);
        List<Extent> extents = List.of(
                store.extent(written.data().id()), store.extent(written.meta().id()));
        store.commit(
                new ManifestEdit().drop(written.data().id()).drop(written.meta().id()));
        extents.forEach(store::free);
    }

    /** Takes the store away again. */
    @TearDown
    public void remove() throws IOException {
        store.close();
        for (String name : directory.list()) {
            directory.delete(name);
        }
        Files.delete(folder);
    }
}
