package io.donjon.cli.git;

import io.donjon.cli.git.CommitGraph.Node;
import io.donjon.cli.git.GitRepository.Pointer;
import io.donjon.cli.git.GitRepository.Pointers;
import io.donjon.perf.compare.Progress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.jspecify.annotations.Nullable;

/**
 * What an import is to bring.
 *
 * @param graph all commits
 * @param head the keyspace that is to stand at HEAD's commit, null if HEAD has none
 * @param tips what keyspaces are to stand at, HEAD first, then local and then remote-tracking branches by name
 * @param notes a line for everything that is left out
 */
record History(CommitGraph graph, @Nullable String head, List<Tip> tips, List<String> notes) {
    /** What a keyspace is to stand at. */
    record Tip(String keyspace, String ref, Node commit) {}

    static History read(GitRepository repository, KeyspaceNames names, ObjectReader reader, Progress progress)
            throws IOException {
        List<String> notes = new ArrayList<>();
        Pointers pointers = repository.pointers(notes);
        Map<String, Pointer> wanted = keyspaces(pointers, names, notes);
        List<ObjectId> from = new ArrayList<>();
        Stream.of(wanted.values(), pointers.branches(), pointers.tags())
                .forEach(some -> some.forEach(at -> from.add(at.commit())));
        Set<ObjectId> shallow = repository.shallowCommits();
        if (!shallow.isEmpty()) {
            notes.add("the repository is a shallow clone: commits whose parents it lacks count as roots");
        }
        CommitGraph graph = CommitGraph.read(reader, from, shallow, progress);
        List<Tip> tips = new ArrayList<>();
        wanted.forEach((name, at) -> tips.add(new Tip(name, at.ref(), graph.node(at.commit()))));
        String head = null;
        if (pointers.head() != null) {
            String ref = pointers.head().ref();
            tips.sort(Comparator.comparing(tip -> !tip.ref().equals(ref)));
            head = tips.isEmpty() || !tips.get(0).ref().equals(ref)
                    ? null
                    : tips.get(0).keyspace();
        }
        return new History(graph, head, List.copyOf(tips), List.copyOf(notes));
    }

    private static Map<String, Pointer> keyspaces(Pointers pointers, KeyspaceNames names, List<String> notes) {
        Map<String, Pointer> keyspaces = new LinkedHashMap<>();
        Pointer head = pointers.head();
        if (head == null && !pointers.branches().isEmpty()) {
            head = pointers.branches().get(0);
        }
        if (head != null && (names.isNamed() || pointers.detached())) {
            keyspaces.put(names.head(), head);
        }
        for (Pointer branch : pointers.branches()) {
            String name = names.branch(branch.ref());
            if (KeyspaceNames.isTooLong(name)) {
                notes.add(branch.ref() + " has too long a name for a keyspace; its commits are there");
            } else if (keyspaces.putIfAbsent(name, branch) != null) {
                notes.add(branch.ref() + " gets no keyspace, for " + name + " is another one's; its commits are there");
            }
        }
        return keyspaces;
    }
}
