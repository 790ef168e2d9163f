package io.donjon.extents.sim;

import io.donjon.extents.sim.SimEnvironment.Client;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything a store runs on, simulated: an environment, a power supply and disks, all following from one seed.
 *
 * <p>{@link #reboot} gives the world after a power cut, with the same disks by the same names and what survived on
 * them. It can be cut again, for recovery to be interrupted, too.
 */
public final class SimWorld {
    private final String description;
    private final long seed;
    private final SimEnvironment environment;
    private final SimPower power;
    private final Map<String, SimDisk> disks = new TreeMap<>();

    /** The first of this line of worlds, and the last one that was born in it. */
    private final SimWorld root;

    private SimWorld newest = this;

    /** Reboots so far: each gets a chance of its own. */
    private int reboots;

    /** A world without disks yet. */
    public SimWorld(long seed) {
        this(seed, "seed=" + seed, null);
    }

    SimWorld(long seed, String description, @Nullable SimWorld root) {
        this.seed = seed;
        this.description = description;
        this.root = root == null ? this : root;
        this.environment = new SimEnvironment(seed, description);
        this.power = new SimPower(environment);
    }

    /** The disk of this name; an empty one the first time. */
    public SimDisk disk(String name) {
        return disks.computeIfAbsent(name, n -> new SimDisk("/" + n, power));
    }

    /** The environment. */
    public SimEnvironment environment() {
        return environment;
    }

    /** The power supply of all its disks. */
    public SimPower power() {
        return power;
    }

    /**
     * Runs these clients to their ends, or until the power is cut.
     *
     * @return whether the power held
     * @throws SimFailure if a thread threw, all were blocked, or there was no end to it
     */
    public boolean run(Client... clients) {
        return environment.run(clients) == null;
    }

    /** The world that is found when the power comes back, given this survival. This one is not changed. */
    public SimWorld reboot(Survival survival) {
        SplittableRandom random = new SplittableRandom(seed + 0x9e3779b97f4a7c15L * ++reboots);
        SimWorld next = new SimWorld(random.nextLong(), description + " " + survival + '#' + reboots, root);
        root.newest = next;
        disks.forEach((name, disk) -> next.disks.put(name, disk.reboot(survival, random, next.power)));
        return next;
    }

    /** The world that came last of all that began with this one. */
    SimWorld newest() {
        return newest;
    }

    /** How this world came about: seed, cut and reboots. */
    @Override
    public String toString() {
        return description;
    }
}
