package io.donjon.cli.kill;

import io.donjon.cli.kill.Script.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What the keeper has made: base keyspaces, snapshots and clones, and what each must hold. */
final class KeeperModel {
    private static final int SNAPSHOTS_MAX = 24;
    private static final int CLONES_MAX = 6;
    private static final String ROOT = "root";
    /** How each base keyspace is made. */
    private static final List<KeeperOp.Kind> STEPS =
            List.of(KeeperOp.Kind.CREATE, KeeperOp.Kind.ROOT, KeeperOp.Kind.FENCE, KeeperOp.Kind.BASE);

    /** What there is. */
    enum Sort {
        BASE,
        SNAPSHOT,
        CLONE;

        static Sort parse(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What a version holds: what the writers had written to a base keyspace at a point in time, and what the keeper has
     * written over it since.
     *
     * @param window the point in time
     * @param tree the base keyspace's number
     * @param over value codes by key; never changed
     */
    record Content(Window window, int tree, Map<Integer, Long> over) {}

    /** Written over anything, it leaves nothing. */
    private static final Map<Integer, Long> NOTHING = IntStream.range(0, Script.KEYS_IN_ALL)
            .boxed()
            .collect(Collectors.toUnmodifiableMap(key -> key, key -> Script.ABSENT));

    /** A snapshot: names are unique within a tree only. */
    record Name(int tree, String name) implements Comparable<Name> {
        @Override
        public int compareTo(Name other) {
            return tree != other.tree ? Integer.compare(tree, other.tree) : name.compareTo(other.name);
        }

        @Override
        public String toString() {
            return Script.keyspace(tree) + "@" + name;
        }
    }

    private final Script script;
    /** How many of the steps that make the base keyspaces have been taken. */
    private int made;

    private final TreeMap<Name, Content> snapshots = new TreeMap<>();
    private final TreeMap<String, Content> clones = new TreeMap<>();

    KeeperModel(Script script) {
        this.script = script;
    }

    KeeperModel copy() {
        KeeperModel copy = new KeeperModel(script);
        copy.made = made;
        copy.snapshots.putAll(snapshots);
        copy.clones.putAll(clones);
        return copy;
    }

    /** What the keeper does as its operation of that number. */
    KeeperOp next(long number) {
        if (!hasBases()) {
            return making();
        }
        SplittableRandom random = script.random(Script.KEEPER, -number);
        int tree = random.nextInt(Script.KEYSPACES);
        if (snapshots.size() > SNAPSHOTS_MAX) {
            Name victim = any(snapshots.keySet(), random);
            return new KeeperOp(KeeperOp.Kind.DROP_SNAPSHOT, victim.tree(), victim.name(), KeeperOp.NO_NAME);
        }
        int choice = random.nextInt(100);
        if (choice < 25 || snapshots.isEmpty()) {
            return new KeeperOp(KeeperOp.Kind.SNAPSHOT, tree, Script.keyspace(tree), "s" + number);
        }
        if (choice < 40) {
            return new KeeperOp(KeeperOp.Kind.SNAPSHOT_ALL, 0, KeeperOp.NO_NAME, "s" + number);
        }
        Name snapshot = any(snapshots.keySet(), random);
        if (choice < 45) {
            return new KeeperOp(KeeperOp.Kind.RENAME_SNAPSHOT, snapshot.tree(), snapshot.name(), "r" + number);
        }
        if (choice < 60 || clones.isEmpty()) {
            return clones.size() < CLONES_MAX
                    ? new KeeperOp(KeeperOp.Kind.CLONE, snapshot.tree(), snapshot.name(), "c" + number)
                    : onClone(KeeperOp.Kind.DROP_CLONE, KeeperOp.NO_NAME, random);
        }
        if (choice < 80) {
            return onClone(KeeperOp.Kind.WRITE, KeeperOp.NO_NAME, random);
        }
        if (choice < 90) {
            return onClone(KeeperOp.Kind.SNAPSHOT_CLONE, "s" + number, random);
        }
        if (choice < 95) {
            return onClone(KeeperOp.Kind.RENAME_CLONE, "d" + number, random);
        }
        KeeperOp rollback = onClone(KeeperOp.Kind.ROLLBACK, snapshot.name(), random);
        return snapshots.containsKey(new Name(rollback.tree(), rollback.name()))
                ? rollback
                : onClone(KeeperOp.Kind.WRITE, KeeperOp.NO_NAME, random);
    }

    /** Whether all base keyspaces have been made. */
    boolean hasBases() {
        return made == Script.KEYSPACES * STEPS.size();
    }

    /**
     * The next step that makes the base keyspaces. Each is cloned from the empty first snapshot of its tree, whose first
     * head, the fence, stays empty behind it for ever: a write that reaches too far on the line shows there.
     */
    private KeeperOp making() {
        int tree = made / STEPS.size();
        String base = Script.keyspace(tree);
        KeeperOp.Kind kind = STEPS.get(made % STEPS.size());
        return switch (kind) {
            case ROOT -> new KeeperOp(kind, tree, base, ROOT);
            case FENCE -> new KeeperOp(kind, tree, base, Script.fence(tree));
            case BASE -> new KeeperOp(kind, tree, ROOT, base);
            default -> new KeeperOp(kind, tree, base, KeeperOp.NO_NAME);
        };
    }

    /** The next drop, for when nothing else can be done; null if there is nothing to be dropped. */
    @Nullable KeeperOp nextDrop() {
        if (!snapshots.isEmpty()) {
            Name oldest = snapshots.firstKey();
            return new KeeperOp(KeeperOp.Kind.DROP_SNAPSHOT, oldest.tree(), oldest.name(), KeeperOp.NO_NAME);
        }
        if (!clones.isEmpty()) {
            String clone = clones.firstKey();
            return new KeeperOp(KeeperOp.Kind.DROP_CLONE, of(clones, clone).tree(), clone, KeeperOp.NO_NAME);
        }
        return null;
    }

    private KeeperOp onClone(KeeperOp.Kind kind, String name, SplittableRandom random) {
        String clone = any(clones.keySet(), random);
        return new KeeperOp(kind, of(clones, clone).tree(), clone, name);
    }

    private static <T> T any(Iterable<T> things, SplittableRandom random) {
        List<T> all = new ArrayList<>();
        things.forEach(all::add);
        return all.get(random.nextInt(all.size()));
    }

    /**
     * Takes it that an operation was done.
     *
     * @param window when it was done
     */
    void apply(KeeperOp op, long number, Window window) {
        Name target = new Name(op.tree(), op.target());
        Name name = new Name(op.tree(), op.name());
        switch (op.kind()) {
            case CREATE, FENCE, BASE -> made++;
            case ROOT -> {
                made++;
                snapshots.put(name, new Content(window, op.tree(), Map.of()));
            }
            case SNAPSHOT -> snapshots.put(name, new Content(window, op.tree(), Map.of()));
            case SNAPSHOT_ALL -> {
                for (int i = 0; i < Script.KEYSPACES; i++) {
                    snapshots.put(new Name(i, op.name()), new Content(window, i, Map.of()));
                }
            }
            case SNAPSHOT_CLONE -> snapshots.put(name, of(clones, op.target()));
            case CLONE -> clones.put(op.name(), of(snapshots, target));
            case WRITE -> clones.put(op.target(), written(of(clones, op.target()), number));
            case ROLLBACK -> clones.put(op.target(), of(snapshots, name));
            case RENAME_SNAPSHOT -> {
                snapshots.put(name, of(snapshots, target));
                snapshots.remove(target);
            }
            case RENAME_CLONE -> {
                clones.put(op.name(), of(clones, op.target()));
                clones.remove(op.target());
            }
            case DROP_SNAPSHOT -> snapshots.remove(target);
            case DROP_CLONE -> clones.remove(op.target());
        }
    }

    private Content written(Content before, long number) {
        Map<Integer, Long> over = new HashMap<>(before.over());
        for (Step step : script.steps(Script.KEEPER, number)) {
            over.put(step.key(), step.value());
        }
        return new Content(before.window(), before.tree(), over);
    }

    private static <K, V> V of(Map<K, V> map, K key) {
        V value = map.get(key);
        if (value == null) {
            throw new IllegalStateException("the journal names " + key + ", which is not there");
        }
        return value;
    }

    /** Everything that the store must hold, by name as on the command line; {@code now} is the present. */
    Map<String, Content> contents(Window now) {
        Map<String, Content> all = new TreeMap<>(clones);
        snapshots.forEach((name, content) -> all.put(name.toString(), content));
        for (int i = 0; i < Script.KEYSPACES; i++) {
            int steps = made - i * STEPS.size();
            if (steps > STEPS.indexOf(KeeperOp.Kind.FENCE)) {
                all.put(Script.fence(i), new Content(now, i, NOTHING));
            }
            if (steps > 0 && steps != STEPS.indexOf(KeeperOp.Kind.BASE)) {
                all.put(Script.keyspace(i), new Content(now, i, Map.of()));
            }
        }
        return all;
    }

    /** Something that is to be remembered of a version. */
    interface Each {
        void take(Sort sort, int tree, String name, String fullName);
    }

    /** Goes through everything that was made; {@code fullName} is that of the command line. */
    void each(Each each) {
        for (int i = 0; i < Script.KEYSPACES; i++) {
            each.take(Sort.BASE, i, Script.keyspace(i), Script.keyspace(i));
        }
        snapshots.keySet().forEach(name -> each.take(Sort.SNAPSHOT, name.tree(), name.name(), name.toString()));
        clones.forEach((name, content) -> each.take(Sort.CLONE, content.tree(), name, name));
    }

    /** Takes it that something is there. */
    void restore(Sort sort, int tree, String name, Content content) {
        switch (sort) {
            case BASE -> made += STEPS.size();
            case SNAPSHOT -> snapshots.put(new Name(tree, name), content);
            case CLONE -> clones.put(name, content);
        }
    }
}
