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
        final @Nullable Node parent;
        final Node tree;
        final long created;
        Kind kind = Kind.HEAD;

        @Nullable String name;

        @Nullable Node successor;

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
    private long ids;
    private int names;

    private Node born(int place, @Nullable Node parent, String name) {
        Node node = new Node(ids, place, parent, 7 * ids);
        node.name = name;
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
        switch (random.nextInt(7)) {
            case 0, 1 -> {
                String snapshot = random.nextInt(4) == 0 ? null : name;
                int place = forest.freeze(head.place, snapshot, ++ids, 7 * ids);
                Node child = born(place, head, Objects.requireNonNull(head.name));
                head.kind = snapshot == null ? Kind.VIEW : Kind.SNAPSHOT;
                head.name = snapshot;
                head.successor = child;
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
                    head.successor = child;
                }
            }
            case 4 -> {
                forest.drop(any.place);
                any.kind = Kind.DROPPED;
                any.name = null;
            }
            default -> {
                if (any.kind != Kind.VIEW) {
                    forest.rename(any.place, name);
                    any.name = name;
                }
            }
        }
    }

    private static void check(VersionForest forest, List<Node> line, boolean successors) {
        int place = VersionForest.ROOT;
        long heads = 0;
        for (int i = 0; i < line.size(); i++) {
            Node node = line.get(i);
            place = forest.next(place);
            assertEquals(place, forest.place(node.id));
            assertEquals(node.id, forest.id(place));
            assertEquals(node.kind, forest.kind(place));
            assertEquals(node.kind == Kind.HEAD, forest.isHead(place));
            assertEquals(node.name, forest.name(place));
            assertEquals(node.created, forest.createdMillis(place));
            assertEquals(node.parent == null ? 0 : node.parent.id, forest.id(forest.parent(place)));
            assertEquals(node.tree.id, forest.id(forest.tree(place)));
            assertEquals("tree " + node.tree.id, forest.treeName(forest.tree(place)));
            assertEquals(forest.tree(place), forest.treeNamed("tree " + node.tree.id));
            Node next = i + 1 < line.size() ? line.get(i + 1) : null;
            boolean sameTree = next != null && next.tree == node.tree;
            assertEquals(sameTree ? forest.next(place) : VersionForest.NONE, forest.nextInTree(place));
            if (node.kind == Kind.HEAD) {
                assertEquals(place, forest.keyspace(Objects.requireNonNull(node.name)));
                heads++;
            }
            if (node.kind == Kind.SNAPSHOT) {
                assertEquals(place, forest.snapshot(forest.tree(place), Objects.requireNonNull(node.name)));
                assertEquals(VersionForest.NONE, forest.keyspace(node.name));
                assertEquals(VersionForest.NONE, forest.snapshot(place + 1_000_000, node.name));
            }
            if (successors) {
                Node successor = node.successor;
                assertEquals(
                        successor == null ? VersionForest.NONE : forest.place(successor.id), forest.successor(place));
            }
        }
        assertEquals(VersionForest.NONE, forest.next(place));
        assertEquals(heads, forest.keyspaceCount());
        assertEquals(line.size() + 1, forest.size());
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void agreesWithTheModelAndIsReadBack(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 200; i++) {
            step(random);
        }
        check(forest, line, true);
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
        NameIndex index = new NameIndex(text, at::get);
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
                index.add(scope, at.size() - 1);
                expected.put(key, at.size() - 1);
            } else if (random.nextBoolean()) {
                index.remove(scope, there);
                expected.remove(key);
            }
        }
        expected.forEach((key, place) -> {
            assertEquals(place, index.find(key.charAt(0) - '0', key.substring(1)));
            assertEquals(key.substring(1), text.get(at.get(place)));
        });
        assertThrows(IllegalStateException.class, () -> index.remove(7, 0));
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
        PlaceIndex index = new PlaceIndex();
        SplittableRandom random = new SplittableRandom(1);
        TreeMap<Long, Integer> expected = new TreeMap<>();
        for (int place = 0; place < 3_000; place++) {
            long id = random.nextLong(place % 10 == 0 ? 3_000_000 : 5_000);
            index.put(id, place);
            expected.put(id, place);
        }
        for (long id = 0; id < 6_000; id++) {
            assertEquals(expected.getOrDefault(id, Line.NONE), index.get(id));
        }
        expected.forEach((id, place) -> assertEquals(place, index.get(id)));
        assertEquals(Line.NONE, index.get(Long.MAX_VALUE));
        assertEquals(Line.NONE, index.get(-1));
    }
}
