package io.donjon.engine;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The oracle: a sorted map for every version that can be read, copied at birth. Slow and obviously right.
 */
final class Model {
    static final Comparator<byte[]> KEY_ORDER = Arrays::compareUnsigned;

    /** A keyspace's present content, and the name of its tree. */
    static final class Head {
        final String tree;
        NavigableMap<byte[], byte[]> content;

        Head(String tree, NavigableMap<byte[], byte[]> content) {
            this.tree = tree;
            this.content = content;
        }
    }

    /** A change, as it is made in the store and here. */
    interface Op {
        void apply(Model model);
    }

    final TreeMap<String, Head> heads = new TreeMap<>();

    /** By tree and name. */
    final TreeMap<String, TreeMap<String, NavigableMap<byte[], byte[]>>> snapshots = new TreeMap<>();

    static NavigableMap<byte[], byte[]> copy(NavigableMap<byte[], byte[]> content) {
        return new TreeMap<>(content);
    }

    Head head(String keyspace) {
        Head head = heads.get(keyspace);
        if (head == null) {
            throw new AssertionError("no keyspace " + keyspace);
        }
        return head;
    }

    void createKeyspace(String name) {
        heads.put(name, new Head(name, new TreeMap<>(KEY_ORDER)));
    }

    void put(String keyspace, byte[] key, byte[] value) {
        head(keyspace).content.put(key, value);
    }

    void delete(String keyspace, byte[] key) {
        head(keyspace).content.remove(key);
    }

    void snapshot(String keyspace, String name) {
        Head head = head(keyspace);
        snapshots.computeIfAbsent(head.tree, tree -> new TreeMap<>()).put(name, copy(head.content));
    }

    NavigableMap<byte[], byte[]> snapshotOf(String tree, String name) {
        NavigableMap<byte[], byte[]> content =
                snapshots.getOrDefault(tree, new TreeMap<>()).get(name);
        if (content == null) {
            throw new AssertionError("no snapshot " + tree + "@" + name);
        }
        return content;
    }

    /** Comes in as a keyspace of its own, or is what the keyspace goes on from. */
    void importSnapshot(String keyspace, String name, NavigableMap<byte[], byte[]> content) {
        if (!heads.containsKey(keyspace)) {
            createKeyspace(keyspace);
        }
        head(keyspace).content = copy(content);
        snapshot(keyspace, name);
    }

    void cloneAs(String tree, String snapshot, String keyspace) {
        heads.put(keyspace, new Head(tree, copy(snapshotOf(tree, snapshot))));
    }

    void rollback(String keyspace, String snapshot) {
        Head head = head(keyspace);
        head.content = copy(snapshotOf(head.tree, snapshot));
    }

    void renameKeyspace(String from, String to) {
        Head head = head(from);
        heads.remove(from);
        heads.put(to, head);
    }

    void renameSnapshot(String tree, String from, String to) {
        NavigableMap<byte[], byte[]> content = snapshotOf(tree, from);
        dropSnapshot(tree, from);
        snapshots.computeIfAbsent(tree, t -> new TreeMap<>()).put(to, content);
    }

    void dropKeyspace(String name) {
        heads.remove(name);
    }

    void dropSnapshot(String tree, String name) {
        snapshotOf(tree, name);
        snapshots.computeIfAbsent(tree, t -> new TreeMap<>()).remove(name);
    }

    /** Everything that can be read, by a description of what it is. */
    Map<String, NavigableMap<byte[], byte[]>> everything() {
        Map<String, NavigableMap<byte[], byte[]>> all = new TreeMap<>();
        heads.forEach((name, head) -> all.put("keyspace " + name + " of " + head.tree, head.content));
        snapshots.forEach(
                (tree, named) -> named.forEach((name, content) -> all.put("snapshot " + tree + "@" + name, content)));
        return all;
    }

    static boolean equal(NavigableMap<byte[], byte[]> a, NavigableMap<byte[], byte[]> b) {
        if (a.size() != b.size()) {
            return false;
        }
        var left = a.entrySet().iterator();
        var right = b.entrySet().iterator();
        while (left.hasNext()) {
            var one = left.next();
            var other = right.next();
            if (!Arrays.equals(one.getKey(), other.getKey()) || !Arrays.equals(one.getValue(), other.getValue())) {
                return false;
            }
        }
        return true;
    }
}
