package io.donjon.perf.git;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.TreeFormatter;
import org.jspecify.annotations.Nullable;

/**
 * What a name in a tree of git stands for. Immutable: a change gives a new folder that shares all else with the old one,
 * so that a commit costs what it changes, and an object is written once however many commits hold it.
 *
 * <p>Names and paths are strings in which each character is one byte (ISO 8859-1), since git knows only bytes.
 */
sealed interface Node {
    /** How many leaves there are in it. */
    int leaves();

    /** A file, a symbolic link or a submodule. */
    record Leaf(FileMode mode, ObjectId id) implements Node {
        @Override
        public int leaves() {
            return 1;
        }
    }

    /** Names and what they stand for. */
    final class Folder implements Node {
        static final Folder EMPTY = new Folder(new TreeMap<>());

        private final NavigableMap<String, Node> entries;
        private final int leaves;
        private @Nullable ObjectId id;

        private Folder(NavigableMap<String, Node> entries) {
            this.entries = entries;
            leaves = entries.values().stream().mapToInt(Node::leaves).sum();
        }

        @Override
        public int leaves() {
            return leaves;
        }

        List<String> names() {
            return List.copyOf(entries.keySet());
        }

        @Nullable Node get(String name) {
            return entries.get(name);
        }

        /** What a path leads to, or null. */
        @Nullable Node find(List<String> path) {
            Node node = this;
            for (String name : path) {
                node = node instanceof Folder folder ? folder.get(name) : null;
            }
            return node;
        }

        Folder with(String name, Node node) {
            NavigableMap<String, Node> changed = new TreeMap<>(entries);
            changed.put(name, node);
            return new Folder(changed);
        }

        Folder without(String name) {
            NavigableMap<String, Node> changed = new TreeMap<>(entries);
            changed.remove(name);
            return new Folder(changed);
        }

        /** With a node at a path; a leaf on the way gives way to a folder. */
        Folder with(List<String> path, Node node) {
            String name = path.get(0);
            if (path.size() == 1) {
                return with(name, node);
            }
            Folder below = entries.get(name) instanceof Folder folder ? folder : EMPTY;
            return with(name, below.with(path.subList(1, path.size()), node));
        }

        /** Without what a path leads to, and without the folders that this empties. */
        Folder without(List<String> path) {
            String name = path.get(0);
            if (path.size() == 1) {
                return without(name);
            }
            if (!(entries.get(name) instanceof Folder folder)) {
                return this;
            }
            Folder below = folder.without(path.subList(1, path.size()));
            return below.entries.isEmpty() ? without(name) : with(name, below);
        }

        /** The path of some leaf, or null if there is none on the way taken. */
        @Nullable List<String> anyLeaf(SplittableRandom random) {
            List<String> path = new ArrayList<>();
            Node node = this;
            while (node instanceof Folder folder) {
                if (folder.entries.isEmpty()) {
                    return null;
                }
                List<String> names = folder.names();
                String name = names.get(random.nextInt(names.size()));
                path.add(name);
                node = folder.get(name);
            }
            return path;
        }

        /** Writes what is not written yet. */
        ObjectId write(ObjectInserter inserter) throws IOException {
            ObjectId known = id;
            if (known != null) {
                return known;
            }
            // Git sorts a folder as if its name ended with a slash.
            List<String> sorted = new ArrayList<>(entries.keySet());
            sorted.sort(Comparator.comparing(name -> entries.get(name) instanceof Folder ? name + "/" : name));
            TreeFormatter formatter = new TreeFormatter();
            for (String name : sorted) {
                byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
                if (entries.get(name) instanceof Leaf leaf) {
                    formatter.append(bytes, leaf.mode(), leaf.id());
                } else if (entries.get(name) instanceof Folder folder) {
                    formatter.append(bytes, FileMode.TREE, folder.write(inserter));
                }
            }
            ObjectId written = inserter.insert(formatter);
            if (!entries.isEmpty()) {
                // EMPTY serves every repository, so that what one of them has says nothing of the next.
                id = written;
            }
            return written;
        }
    }
}
