package io.donjon.cli.git;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.RefUpdate;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.StoredConfig;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;

/** A repository that is made commit by commit. Paths are written with one character for each byte. */
final class TestRepository implements AutoCloseable {
    private static final Set<RefUpdate.Result> ACCEPTED = EnumSet.of(
            RefUpdate.Result.NEW, RefUpdate.Result.FORCED, RefUpdate.Result.FAST_FORWARD, RefUpdate.Result.NO_CHANGE);

    private final Repository repository;
    private final Map<String, Integer> modes = new HashMap<>();
    private int commits;

    TestRepository(Path folder, boolean bare) throws IOException {
        FileRepositoryBuilder builder = new FileRepositoryBuilder();
        if (bare) {
            builder.setBare().setGitDir(folder.toFile());
        } else {
            builder.setWorkTree(folder.toFile());
        }
        repository = builder.build();
        repository.create(bare);
        RefUpdate head = repository.updateRef(Constants.HEAD);
        head.link("refs/heads/main");
    }

    Repository repository() {
        return repository;
    }

    /** From now on, this path has a mode that JGit need not know. */
    void mode(String path, int mode) {
        modes.put(path, mode);
    }

    /** A commit of files with these texts. */
    ObjectId commit(Map<String, String> files, ObjectId... parents) throws IOException {
        try (ObjectInserter inserter = repository.newObjectInserter()) {
            CommitBuilder commit = new CommitBuilder();
            commit.setTreeId(tree("", new TreeMap<>(files), inserter));
            commit.setParentIds(parents);
            PersonIdent who =
                    new PersonIdent("x", "x@x", Instant.ofEpochSecond(1_000_000_000L + commits++), ZoneOffset.UTC);
            commit.setAuthor(who);
            commit.setCommitter(who);
            commit.setMessage("commit " + commits);
            ObjectId id = inserter.insert(commit);
            inserter.flush();
            return id;
        }
    }

    private ObjectId tree(String folder, Map<String, String> files, ObjectInserter inserter) throws IOException {
        Map<String, Map<String, String>> folders = new LinkedHashMap<>();
        List<Leaf> leaves = new ArrayList<>();
        for (Map.Entry<String, String> file : files.entrySet()) {
            String rest = file.getKey().substring(folder.length());
            int slash = rest.indexOf('/');
            if (slash >= 0) {
                folders.computeIfAbsent(rest.substring(0, slash), name -> new TreeMap<>())
                        .put(file.getKey(), file.getValue());
            } else {
                ObjectId blob =
                        inserter.insert(Constants.OBJ_BLOB, file.getValue().getBytes(StandardCharsets.UTF_8));
                leaves.add(new Leaf(rest, modes.getOrDefault(file.getKey(), FileMode.REGULAR_FILE.getBits()), blob));
            }
        }
        for (Map.Entry<String, Map<String, String>> below : folders.entrySet()) {
            ObjectId tree = tree(folder + below.getKey() + "/", below.getValue(), inserter);
            leaves.add(new Leaf(below.getKey(), FileMode.TREE.getBits(), tree));
        }
        leaves.sort((a, b) -> a.sortedAs().compareTo(b.sortedAs()));
        StringBuilder bytes = new StringBuilder();
        for (Leaf leaf : leaves) {
            byte[] id = new byte[20];
            leaf.id().copyRawTo(id, 0);
            bytes.append(Integer.toOctalString(leaf.mode()))
                    .append(' ')
                    .append(leaf.name())
                    .append('\0')
                    .append(new String(id, StandardCharsets.ISO_8859_1));
        }
        return inserter.insert(Constants.OBJ_TREE, bytes.toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    private record Leaf(String name, int mode, ObjectId id) {
        String sortedAs() {
            return mode == FileMode.TREE.getBits() ? name + "/" : name;
        }
    }

    /** Lets a ref, such as refs/heads/main, point to an object. */
    void point(String ref, ObjectId target) throws IOException {
        RefUpdate update = repository.updateRef(ref, true);
        update.setNewObjectId(target);
        RefUpdate.Result result = update.forceUpdate();
        if (!ACCEPTED.contains(result)) {
            throw new IllegalStateException(ref + ": " + result);
        }
    }

    void delete(String ref) throws IOException {
        RefUpdate update = repository.updateRef(ref);
        update.setForceUpdate(true);
        update.delete();
    }

    void setting(String section, String name, String value) throws IOException {
        StoredConfig config = repository.getConfig();
        config.setString(section, null, name, value);
        config.save();
    }

    @Override
    public void close() {
        repository.close();
    }
}
