package io.donjon.versioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.versioning.VersionForest.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The forest against a model of plain objects, through random births, moves, renames and drops; and read back. */
class VersionForestTest {
    static LongStream seeds() {
        Long one = Long.getLong("seed");
        return one == null ? LongStream.range(0, Integer.getInteger("seeds", 100)) : LongStream.of(one);
    }

    /** A version as the model has it. */
    private static final class Node {
        final long id;
        final int place;

        @Nullable Node parent;

        final Node tree;
        final long created;
        Kind kind = Kind.HEAD;

        @Nullable String name;

        /** Of a head: the version that its keyspace began with. */
        long firstHead;

        Node(long id, int place, @Nullable Node parent, long created) {
            this.id = id;
            this.place = place;
            this.parent = parent;
            this.tree = parent == null ? this : parent.tree;
            this.created = created;
        }
    }

    private final VersionForest forest = new VersionForest();
    private final List<Node> line = new ArrayList<>();
    private final List<Node> all = new ArrayList<>();

    /** What has left and whose places are not free yet. */
    private final List<Node> left = new ArrayList<>();

    private long ids;
    private int names;

    private Node born(int place, @Nullable Node parent, String name) {
        Node node = new Node(ids, place, parent, 7 * ids);
        node.name = name;
        node.firstHead = ids;
        line.add(parent == null ? 0 : line.indexOf(parent) + 1, node);
        all.add(node);
        return node;
    }

    private void step(SplittableRandom random) {
        List<Node> heads = all.stream().filter(node -> node.kind == Kind.HEAD).toList();
        List<Node> alive =
                all.stream().filter(node -> node.kind != Kind.DROPPED).toList();
        if (heads.isEmpty() || random.nextInt(20) == 0) {
            long id = ++ids;
            String name = "tree " + id;
            born(forest.addTree(id, name, forest.freeTreeName(name, id), 7 * id), null, name);
            return;
        }
        Node head = heads.get(random.nextInt(heads.size()));
        Node any = alive.get(random.nextInt(alive.size()));
        String name = (random.nextBoolean() ? "n" : "\u00fc\u4e2d") + names++;
        switch (random.nextInt(8)) {
            case 0, 1 -> {
                String snapshot = random.nextInt(4) == 0 ? null : name;
                int place = forest.freeze(head.place, snapshot, ++ids, 7 * ids);
                Node child = born(place, head, Objects.requireNonNull(head.name));
                head.kind = snapshot == null ? Kind.VIEW : Kind.SNAPSHOT;
                head.name = snapshot;
                child.firstHead = head.firstHead;
            }
            case 2 -> {
                if (any.kind != Kind.HEAD) {
                    born(forest.addHead(++ids, any.place, name, 7 * ids), any, name);
                }
            }
            case 3 -> {
                if (any.kind == Kind.SNAPSHOT) {
                    Node child = born(
                            forest.moveHead(head.place, any.place, ++ids, 7 * ids),
                            any,
                            Objects.requireNonNull(head.name));
                    head.kind = Kind.DROPPED;
                    head.name = null;
                    child.firstHead = head.firstHead;
                }
            }
            case 4 -> {
                int keyspace = any.kind == Kind.HEAD ? forest.keyspaceOf(any.place) : VersionForest.NONE;
                forest.drop(any.place);
                any.kind = Kind.DROPPED;
                any.name = null;
                if (keyspace != VersionForest.NONE) {
                    assertEquals(VersionForest.NONE, forest.head(keyspace, any.firstHead));
                }
            }
            case 5 -> leave(random);
            default -> {
                if (any.kind != Kind.VIEW) {
                    forest.rename(any.place, name);
                    any.name = name;
                }
            }
        }
    }

    /** Some of the dropped ones leave, whoever may; with the next lot their places are free. */
    private void leave(SplittableRandom random) {
        for (int place = VersionForest.ROOT; place != VersionForest.NONE; place = forest.tidy(place, 3)) {
            assertTrue(forest.isSaved(VersionForest.ROOT));
        }
        left.forEach(node -> forest.reuse(node.place));
        left.clear();
        for (int i = line.size() - 1; i >= 0; i--) {
            Node node = line.get(i);
            boolean alone = node.tree == node
                    && line.stream().filter(other -> other.tree == node).count() == 1;
            boolean may = node.kind == Kind.DROPPED && (node.tree != node || alone);
            assertEquals(may, forest.mayLeave(node.place));
            if (!may) {
                assertThrows(IllegalArgumentException.class, () -> forest.leave(node.place));
            } else if (random.nextInt(3) > 0) {
                forest.leave(node.place);
                line.remove(i);
                all.remove(node);
                left.add(node);
                all.forEach(child -> child.parent = child.parent == node ? node.parent : child.parent);
                assertEquals(VersionForest.NONE, forest.place(node.id));
                assertFalse(forest.mayLeave(node.place));
                assertFalse(forest.isAlive(node.place, node.id));
                if (node.tree == node) {
                    assertEquals(VersionForest.NONE, forest.treeNamed("tree " + node.id));
                    assertEquals("tree " + node.id + "~0", forest.freeTreeName("tree " + node.id, 0));
                }
            }
        }
    }

    private static void check(VersionForest forest, List<Node> line, boolean sameLife) {
        int place = VersionForest.ROOT;
        long heads = 0;
        for (int i = 0; i < line.size(); i++) {
            Node node = line.get(i);
            place = forest.next(place);
            assertEquals(place, forest.place(node.id));
            assertEquals(node.id, forest.id(place));
            assertEquals(node.kind, forest.kind(place));
            assertEquals(node.kind == Kind.HEAD, forest.isHead(place, node.id));
            assertEquals(node.kind != Kind.DROPPED, forest.isAlive(place, node.id));
            assertFalse(forest.isHead(place, node.id + 1_000_000));
            assertFalse(forest.isAlive(place, node.id + 1_000_000));
            assertEquals(node.name, forest.name(place));
            assertEquals(node.created, forest.createdMillis(place));
            assertEquals(node.parent == null ? 0 : node.parent.id, forest.id(forest.parent(place)));
            assertEquals(node.tree.id, forest.id(forest.tree(place)));
            assertEquals("tree " + node.tree.id, forest.treeName(forest.tree(place)));
            assertEquals(forest.tree(place), forest.treeNamed("tree " + node.tree.id));
            Node next = i + 1 < line.size() ? line.get(i + 1) : null;
            boolean sameTree = next != null && next.tree == node.tree;
            assertEquals(sameTree ? forest.next(place) : VersionForest.NONE, forest.nextInTree(place));
            long behind = line.stream()
                    .skip(i)
                    .filter(other -> other.tree != node.tree)
                    .findFirst()
                    .map(other -> other.id)
                    .orElse(-1L);
            int end = forest.endOfTree(place);
            assertEquals(behind, end == VersionForest.NONE ? -1 : forest.id(end));
            if (node.kind == Kind.HEAD) {
                assertEquals(place, forest.keyspace(Objects.requireNonNull(node.name)));
                int keyspace = forest.keyspaceOf(place);
                assertEquals(sameLife ? node.firstHead : node.id, forest.firstHead(keyspace));
                assertEquals(place, forest.head(keyspace, forest.firstHead(keyspace)));
                assertEquals(VersionForest.NONE, forest.head(keyspace, 0));
                heads++;
            }
            if (node.kind == Kind.SNAPSHOT) {
                assertEquals(place, forest.snapshot(forest.tree(place), Objects.requireNonNull(node.name)));
                assertEquals(VersionForest.NONE, forest.keyspace(node.name));
                assertEquals(VersionForest.NONE, forest.snapshot(place + 1_000_000, node.name));
            }
        }
        assertEquals(VersionForest.NONE, forest.next(place));
        assertEquals(heads, forest.keyspaceCount());
        assertEquals(line.stream().filter(node -> node.kind == Kind.VIEW).count(), forest.viewCount());
        assertEquals(line.size() + 1, forest.size());
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void agreesWithTheModelAndIsReadBack(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 300; i++) {
            step(random);
            if (i % 100 == 99) {
                check(forest, line, true);
            }
        }
        forest.line().check();
        VersionForest again = new VersionForest();
        int last = VersionForest.ROOT;
        // In line order a parent comes before its children.
        for (Node node : line) {
            last = again.restore(
                    node.id,
                    node.parent == null ? 0 : node.parent.id,
                    node.kind,
                    node.kind == Kind.DROPPED,
                    node.created,
                    node.name,
                    node.parent == null ? "tree " + node.id : null,
                    last);
            assertTrue(again.isSaved(last));
            assertEquals(node.kind == Kind.DROPPED, again.isDropSaved(last));
        }
        check(again, line, false);
    }

    @Test
    void whatIsSavedIsSaidByTheManifest() {
        int tree = forest.addTree(1, "k", "k", 0);
        assertFalse(forest.isSaved(tree));
        forest.markSaved(tree);
        assertTrue(forest.isSaved(tree));
        forest.drop(tree);
        assertFalse(forest.isDropSaved(tree));
        forest.markDropSaved(tree);
        assertTrue(forest.isDropSaved(tree) && forest.isSaved(tree));
        assertEquals(Kind.DROPPED, forest.kind(tree));
        assertNull(forest.name(tree));
    }

    @Test
    void impossibleVersionsAreRefused() {
        forest.restore(1, 0, Kind.HEAD, false, 0, "k", "k", VersionForest.ROOT);
        assertThrows(IllegalArgumentException.class, () -> forest.restore(1, 0, Kind.HEAD, false, 0, "l", "l", 1));
        assertThrows(IllegalArgumentException.class, () -> forest.restore(2, 9, Kind.HEAD, false, 0, "l", null, 1));
        assertEquals(2, forest.size());
        assertEquals(VersionForest.NONE, forest.place(2));
        assertThrows(IndexOutOfBoundsException.class, () -> forest.id(2));
        assertThrows(IndexOutOfBoundsException.class, () -> forest.id(-1));
    }

    @Test
    void treeNamesAreFree() {
        assertEquals("a", forest.freeTreeName("a", 3));
        forest.addTree(1, "a", "a", 0);
        assertEquals("a~3", forest.freeTreeName("a", 3));
        forest.addTree(2, "a~3", "a~3", 0);
        assertEquals("a~3~3", forest.freeTreeName("a", 3));
    }

    /** Names by scope, against a map: many that collide, removed and added again. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void namesAreFoundInTheirScopes(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        NameText text = new NameText();
        List<Long> at = new ArrayList<>();
        List<Integer> scopes = new ArrayList<>();
        NameIndex index = new NameIndex(text, at::get, scopes::get);
        TreeMap<String, Integer> expected = new TreeMap<>();
        for (int i = 0; i < 600; i++) {
            int scope = random.nextInt(3);
            // "Aa" and "BB" have one hash.
            String name =
                    (random.nextBoolean() ? "Aa" : "BB") + (random.nextBoolean() ? "Aa" : "BB") + random.nextInt(20);
            String key = scope + name;
            Integer there = expected.get(key);
            assertEquals(there == null ? Line.NONE : there, index.find(scope, name));
            if (there == null) {
                at.add(text.add(name));
                scopes.add(scope);
                index.add(at.size() - 1);
                expected.put(key, at.size() - 1);
            } else if (random.nextBoolean()) {
                index.remove(there);
                expected.remove(key);
            }
        }
        expected.forEach((key, place) -> {
            assertEquals(place, index.find(key.charAt(0) - '0', key.substring(1)));
            assertEquals(key.substring(1), text.get(at.get(place)));
        });
        at.add(text.add("never added"));
        scopes.add(0);
        assertThrows(IllegalStateException.class, () -> index.remove(at.size() - 1));
    }

    @Test
    void textsOfAllLengthsAreKept() {
        NameText text = new NameText();
        List<Long> at = new ArrayList<>();
        for (int length = 0; length < 3_000; length += 7) {
            at.add(text.add("\u00e9".repeat(length)));
        }
        for (int i = 0; i < at.size(); i++) {
            byte[] bytes = "\u00e9".repeat(7 * i).getBytes(StandardCharsets.UTF_8);
            assertEquals("\u00e9".repeat(7 * i), text.get(at.get(i)));
            assertTrue(text.equals(at.get(i), bytes));
            assertEquals(NameText.hash(bytes, 0, bytes.length), text.hash(at.get(i)));
            assertFalse(text.equals(at.get(i), new byte[14 * i + 1]));
        }
        assertNotEquals(at.get(0), at.get(1));
        assertThrows(IllegalArgumentException.class, () -> text.add("x".repeat(1 << 16)));
    }

    @Test
    void placesAreFoundByTheirIds() {
        SplittableRandom random = new SplittableRandom(1);
        List<Long> ids = new ArrayList<>();
        PlaceIndex index = new PlaceIndex(ids::get);
        TreeMap<Long, Integer> expected = new TreeMap<>();
        for (int place = 0; place < 6_000; place++) {
            long id = random.nextLong(place % 10 == 0 ? Long.MAX_VALUE : 5_000);
            ids.add(id);
            Integer there = expected.get(id);
            assertEquals(there == null ? Line.NONE : there, index.get(id));
            if (there == null) {
                index.add(place);
                expected.put(id, place);
            } else {
                index.remove(there);
                expected.remove(id);
            }
        }
        for (long id = 0; id < 6_000; id++) {
            assertEquals(expected.getOrDefault(id, Line.NONE), index.get(id));
        }
        expected.forEach((id, place) -> assertEquals(place, index.get(id)));
        assertEquals(Line.NONE, index.get(Long.MAX_VALUE));
        assertEquals(Line.NONE, index.get(-1));
        ids.add(5_001L);
        assertThrows(IllegalStateException.class, () -> index.remove(6_000));
    }

    /** What is left when of each sixteen versions only one was kept, or of each few; also in tables that are nearly half full. */
    @Test
    void placesAreFoundByIdsThatAreFarApart() {
        for (int step : new int[] {1, 3, 15, 16, 17, 32, 64, 1 << 16}) {
            for (int count = 25; count < 10_000; count += 1 + count / 25) {
                PlaceIndex index = new PlaceIndex(place -> (long) step * place);
                for (int place = 0; place < count; place++) {
                    index.add(place);
                }
                for (int place = 0; place < count; place += 3) {
                    index.remove(place);
                }
                for (int place = 0; place < count; place++) {
                    int expected = place % 3 == 0 ? Line.NONE : place;
                    assertEquals(expected, index.get((long) step * place), count + " ids, each " + step);
                }
            }
        }
    }

    /** Names come and go for a long time; what is kept stays the same, and in proportion. */
    @Test
    void namesThatAreNotWantedAreForgotten() {
        SplittableRandom random = new SplittableRandom(3);
        NameText text = new NameText();
        TreeMap<String, Long> kept = new TreeMap<>();
        for (int i = 0; i < 100_000; i++) {
            String name = "name " + i + "x".repeat(random.nextInt(60));
            kept.put(name, text.add(name));
            if (kept.size() > 3_000) {
                String some = kept.ceilingKey("name " + random.nextInt(i));
                String old = some == null ? kept.firstKey() : some;
                text.remove(Objects.requireNonNull(kept.remove(old)));
            }
            if (i % 1_000 == 0 && text.isWasteful()) {
                kept.replaceAll((name2, at) -> text.isSparse(at) ? text.move(at) : at);
            }
        }
        kept.forEach((name, at) -> assertEquals(name, text.get(at)));
        assertTrue(text.heapBytes() < 1 << 20, text.heapBytes() + " bytes");
    }

    @Test
    void aWalkMeetsWhatStays() {
        int tree = forest.addTree(1, "k", "k", 0);
        int head = tree;
        for (int id = 2; id <= 6; id++) {
            head = forest.freeze(head, "s" + id, id, 0);
        }
        VersionForest.Walk all = forest.walk(VersionForest.ROOT);
        VersionForest.Walk inTree = forest.walk(tree);
        assertEquals(tree, all.next());
        for (int id = 2; id <= 4; id++) {
            forest.drop(forest.place(id));
            forest.leave(forest.place(id));
        }
        assertEquals(5, forest.id(all.next()));
        assertEquals(tree, inTree.next());
        assertEquals(5, forest.id(inTree.next()));
        forest.addTree(7, "l", "l", 0);
        forest.addHead(8, forest.place(5), "m", 0);
        assertEquals(6, forest.id(inTree.next()));
        assertEquals(VersionForest.NONE, inTree.next());
        assertEquals(6, forest.id(all.next()));
        assertEquals(VersionForest.NONE, all.next());
        assertEquals(VersionForest.NONE, all.next());
    }

    /** The way from a version up to its parent is as long as the chain of those that have left in between. */
    @Test
    void manyGenerationsLeaveAtOnce() {
        int head = forest.addTree(1, "k", "k", 0);
        int versions = 100_000;
        for (int id = 2; id <= versions; id++) {
            head = forest.freeze(head, "s" + id, id, 0);
        }
        int last = forest.parent(head);
        for (int i = 0; i < versions; i++) {
            forest.addHead(versions + 1 + i, last, "clone" + i, 0);
        }
        for (int id = 2; id < versions; id++) {
            forest.drop(forest.place(id));
            forest.leave(forest.place(id));
        }
        int place = VersionForest.ROOT;
        while (place != VersionForest.NONE) {
            place = forest.tidy(place, 1000);
        }
        for (int i = 0; i < versions; i++) {
            assertEquals(1, forest.id(forest.parent(forest.place(versions + 1 + i))));
        }
        assertEquals(versions + 3, forest.size());
    }
}
