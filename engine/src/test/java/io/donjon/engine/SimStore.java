package io.donjon.engine;

import io.donjon.Durability;
import io.donjon.StoreOptions;
import io.donjon.extents.Directory;
import io.donjon.extents.IoMeter;
import io.donjon.extents.sim.SimWorld;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A store in a simulated world. */
final class SimStore {
    final int disks;
    final int copies;
    final Tuning tuning;
    private final Durability durability;

    SimStore(int disks, int copies, Tuning tuning) {
        this(disks, copies, tuning, Durability.SYNC);
    }

    SimStore(int disks, int copies, Tuning tuning, Durability durability) {
        this.disks = disks;
        this.copies = copies;
        this.tuning = tuning;
        this.durability = durability;
    }

    /** Opens it, or makes it. To be called by a simulated thread. */
    StoreHandle open(SimWorld world) {
        List<Directory> directories = new ArrayList<>();
        Path[] more = new Path[disks - 1];
        for (int i = 0; i < disks; i++) {
            directories.add(world.disk("d" + i));
            if (i > 0) {
                more[i - 1] = Path.of("/d" + i);
            }
        }
        StoreOptions options = StoreOptions.at(Path.of("/d0"), more)
                .createIfMissing(true)
                .copies(copies)
                .durability(durability)
                .memoryBytes(StoreOptions.MEMORY_BYTES_MIN);
        return new StoreHandle(new Engine(options, tuning, world.environment(), directories, List.of(), new IoMeter()));
    }
}
