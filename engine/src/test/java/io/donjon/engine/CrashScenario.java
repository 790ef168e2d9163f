package io.donjon.engine;

import io.donjon.DonjonException;
import io.donjon.Store;
import io.donjon.StoreStats;
import io.donjon.extents.Checkpoints;
import io.donjon.extents.Codec;
import io.donjon.extents.Environment.Worker;
import io.donjon.extents.StorageException;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * A history for the power to be cut in: two lives of a store that hold every kind of step of the {@link Machine} and what
 * takes a script, such as two merges side by side. Everything follows from the seed, but what is asserted of every one
 * ({@link #mustHold}) holds of every seed.
 */
final class CrashScenario {
    /** How often each kind of step comes up in a life. */
    private static final int ROUNDS = 1;

    // What takes a script.
    private static final int LARGE_VALUE = Machine.KINDS;
    private static final int MERGES = LARGE_VALUE + 1;
    private static final int CHECKPOINT = MERGES + 1;
    private static final int LOSE_DISK = CHECKPOINT + 1;

    // Kinds of steps of the machine.
    private static final int PUT = 0;
    private static final int MERGE_BY_HAND = 32;
    private static final long STALL_NANOS = 1_000_000_000L;

    final SimStore store;
    private final long seed;
    private final boolean losesDisk;
    private final boolean mergesByHand;

    CrashScenario(long seed) {
        this.seed = seed;
        int layout = (int) Math.floorMod(seed, 5L);
        int disks = new int[] {3, 1, 2, 2, 3}[layout];
        int copies = new int[] {2, 1, 2, 1, 1}[layout];
        this.losesDisk = layout == 0;
        this.mergesByHand = seed % 2 == 0;
        SplittableRandom random = new SplittableRandom(seed);
        // With so small a ratio merges only begin when they are told to, so that there is something left for them.
        double ratio = mergesByHand ? 0.01 : random.nextBoolean() ? 1.0 : 3.0;
        this.store = new SimStore(
                disks,
                copies,
                Tunings.any(
                        random::nextInt,
                        random.nextBoolean() ? 1 << 10 : 4 << 10,
                        ratio,
                        8 << 10,
                        random.nextBoolean() ? Codec.LZ4 : Codec.RAW));
    }

    /** What must have been noted in a whole run of this scenario. */
    Set<String> mustHold() {
        Set<String> must = new TreeSet<>(Set.of(
                "three buffers flushed",
                "a checkpoint in the other slot",
                "four log segments",
                "a value in pieces in an array",
                "a merge"));
        if (mergesByHand) {
            must.add("merges side by side");
        }
        if (losesDisk) {
            must.add("a disk left out");
        }
        return must;
    }

    /** Lives through it, by a simulated thread; {@code face} is what the machine calls the public API of a store on. */
    void run(SimWorld world, Machine machine, UnaryOperator<Store> face) {
        SplittableRandom random = new SplittableRandom(~seed);
        StoreHandle first = store.open(world);
        machine.attach(first, face.apply(first));
        for (int kind : deal(random, LARGE_VALUE, MERGES, CHECKPOINT)) {
            step(kind, world, first, machine);
        }
        observe(world, first, machine);
        machine.close();
        StoreHandle second = store.open(world);
        machine.attach(second, face.apply(second));
        for (int kind : losesDisk ? deal(random, LOSE_DISK) : deal(random)) {
            step(kind, world, second, machine);
        }
        observe(world, second, machine);
        machine.close();
    }

    /** Every kind of step and these, shuffled. */
    private static List<Integer> deal(SplittableRandom random, int... more) {
        List<Integer> deck = new ArrayList<>();
        for (int kind = 0; kind < ROUNDS * Machine.KINDS; kind++) {
            deck.add(kind % Machine.KINDS);
        }
        for (int kind : more) {
            deck.add(kind);
        }
        List<Integer> dealt = new ArrayList<>();
        while (!deck.isEmpty()) {
            dealt.add(deck.remove(random.nextInt(deck.size())));
        }
        return dealt;
    }

    private void step(int kind, SimWorld world, StoreHandle open, Machine machine) {
        switch (kind) {
            case LARGE_VALUE -> {
                machine.putLarge();
                ByHand.flush(open);
                observe(world, open, machine);
            }
            case MERGES -> mergeSideBySide(world, open, machine);
            case CHECKPOINT -> {
                // Edits go on while it is written.
                open.engine().commits().sealNow();
                Checkpoints.write(open.engine().store());
                if (world.disk("d0").names().containsAll(List.of("manifest-0", "manifest-1"))) {
                    machine.events().add("a checkpoint in the other slot");
                }
            }
            case LOSE_DISK -> world.disk("d1").inject(Fault.ioError().forever());
            case MERGE_BY_HAND, Machine.CLEAN -> {
                try {
                    machine.step(kind);
                } catch (StorageException | DonjonException e) {
                    if (!losesDisk) {
                        throw e;
                    }
                    // As in the background: what it wrote to is lost, the next one writes elsewhere.
                }
            }
            default -> machine.step(kind);
        }
    }

    /** The newer of four arrays or more are merged while the merge of the older ones waits for a slow disk. */
    private static void mergeSideBySide(SimWorld world, StoreHandle open, Machine machine) {
        Engine engine = open.engine();
        // Where there is no keyspace the first one creates it.
        for (int n = 0; n < 5; n++) {
            machine.step(PUT);
            ByHand.flush(open);
        }
        Fault slow = Fault.stall(STALL_NANOS).on(name -> name.startsWith("x-"));
        world.disk("d0").inject(slow);
        List<Worker> workers = new ArrayList<>();
        for (int n = 0; n < 2; n++) {
            workers.add(world.environment()
                    .start(
                            "merger-" + n,
                            () -> engine.background().merges().mergeOne((arrays, busy) -> {
                                List<ArrayRun> newestFirst = new ArrayList<>(arrays);
                                newestFirst.removeIf(array -> busy.stream().anyMatch(group -> group.contains(array)));
                                if (newestFirst.size() < 2) {
                                    return List.of();
                                }
                                List<ArrayRun> group =
                                        engine.background().merges().policy().closed(newestFirst.subList(0, 2), arrays);
                                boolean may =
                                        engine.background().merges().policy().mayRun(group, busy);
                                if (may && !busy.isEmpty()) {
                                    machine.events().add("merges side by side");
                                }
                                return may ? group : List.of();
                            })));
        }
        workers.forEach(Worker::join);
        slow.lift();
    }

    private void observe(SimWorld world, StoreHandle open, Machine machine) {
        StoreStats stats = open.stats();
        if (stats.merging().flushes() >= 3) {
            machine.events().add("three buffers flushed");
        }
        if (stats.merging().merges() > 0) {
            machine.events().add("a merge");
        }
        if (open.engine().states().current().arrays.stream()
                .anyMatch(array -> array.info().values() != 0)) {
            machine.events().add("a value in pieces in an array");
        }
        if (stats.disks().stream().anyMatch(disk -> disk.state() == StoreStats.Disk.State.LEFT_OUT)) {
            machine.events().add("a disk left out");
        }
        for (int disk = 0; disk < store.disks; disk++) {
            for (String name : world.disk("d" + disk).names()) {
                if (name.startsWith("log-") && Long.parseLong(name.substring(4), 16) >= 4) {
                    machine.events().add("four log segments");
                }
            }
        }
    }

    @Override
    public String toString() {
        return "seed " + seed + ": " + store.disks + " disks, " + store.copies + " copies"
                + (losesDisk ? ", one lost" : "");
    }
}
