package io.donjon.engine;

import io.donjon.StoreOptions;
import io.donjon.extents.Codec;
import io.donjon.extents.Decoder;
import io.donjon.extents.Directory;
import io.donjon.extents.Environment;
import io.donjon.extents.IoMeter;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimPower;
import io.donjon.versioning.VersionForest;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Small stores on a disk in memory, with real threads. */
final class FuzzStore {
    /** What a buffer begins with. */
    static final int BYTES = 4 << 20;

    private static final Tuning TUNING = new Tuning(
            64 << 10,
            1,
            0,
            64 << 20,
            256,
            8,
            10,
            1.0,
            new Tuning.Strata(1.0, 512),
            1 << 20,
            1,
            4096,
            4096,
            16 << 10,
            16,
            Codec.LZ4,
            HeapSlab::new);

    private static final byte[] KEY = {'k', 'e', 'y'};

    private static @Nullable StoreHandle store;

    private FuzzStore() {}

    static StoreHandle open(Directory disk) {
        StoreOptions options =
                StoreOptions.at(Path.of("/d0")).createIfMissing(true).memoryBytes(StoreOptions.MEMORY_BYTES_MIN);
        return new StoreHandle(
                new Engine(options, TUNING, Environment.system(), List.of(disk), List.of(), new IoMeter()));
    }

    /** Replays a commit into an empty buffer of a store without versions, and looks a key up in every keyspace. */
    static synchronized void replay(byte[] operations) {
        StoreHandle opened = store == null ? open(new SimDisk("/d0", new SimPower(1))) : store;
        store = opened;
        Engine engine = opened.engine();
        Catalog catalog = new Catalog();
        VersionForest forest = catalog.forest();
        SlabPool slabs = new SlabPool(TUNING.slabs(), 0);
        WriteBuffer buffer = new WriteBuffer(slabs, forest.line(), 1);
        ReadStates states = new ReadStates(new Generation(buffer), List.of(), List.of());
        WorkMemory memory = new WorkMemory(engine.store().cache(), TUNING.workBytes());
        Reads reads = new Reads(states, catalog, engine.store(), TUNING, engine.environment(), memory, 0);
        Commits commits = new Commits(
                catalog,
                engine.image(),
                states,
                reads,
                engine.store().log(),
                TUNING,
                engine.environment(),
                slabs,
                new Throttle(engine.environment()),
                0,
                () -> {});
        commits.replay(1, 1, new Decoder("commit", operations));
        ReadState state = states.acquire();
        for (int place = 1; place < forest.size(); place++) {
            FullKey key = new FullKey().set(forest.id(forest.tree(place)), KEY);
            new Lookup().find(state, Long.MAX_VALUE, key, place, Ranks.of(List.of(), place, forest, null));
        }
        states.release(state);
    }
}
