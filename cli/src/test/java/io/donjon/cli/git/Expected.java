package io.donjon.cli.git;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.treewalk.TreeWalk;

/**
 * What a repository holds, as JGit's own walks tell it: whole trees, no differences.
 *
 * @param commits every commit that a ref reaches, with its first parent's name, or "" for a root
 * @param files of each commit: path, one character for each byte, and mode with object id
 */
record Expected(Map<String, String> commits, Map<String, Map<String, String>> files) {
    static Expected of(Path gitFolder) throws IOException {
        try (Repository repository = new FileRepositoryBuilder()
                .setGitDir(gitFolder.toFile())
                .setMustExist(true)
                .build()) {
            return of(repository);
        }
    }

    static Expected of(Repository repository) throws IOException {
        Map<String, String> commits = new LinkedHashMap<>();
        Map<String, Map<String, String>> files = new HashMap<>();
        try (RevWalk walk = new RevWalk(repository)) {
            for (Ref ref : repository.getRefDatabase().getRefs()) {
                ObjectId target = ref.getObjectId();
                if (target != null && walk.peel(walk.parseAny(target)) instanceof RevCommit commit) {
                    walk.markStart(commit);
                }
            }
            for (RevCommit commit : walk) {
                commits.put(
                        commit.name(),
                        commit.getParentCount() == 0 ? "" : commit.getParent(0).name());
                files.put(commit.name(), files(repository, commit));
            }
        }
        return new Expected(commits, files);
    }

    Map<String, String> filesOf(String commit) {
        return Objects.requireNonNull(files.get(commit), commit);
    }

    private static Map<String, String> files(Repository repository, RevCommit commit) throws IOException {
        Map<String, String> files = new TreeMap<>();
        if (commit.getTree().equals(Constants.EMPTY_TREE_ID)) {
            return files;
        }
        try (TreeWalk walk = new TreeWalk(repository)) {
            walk.addTree(commit.getTree());
            walk.setRecursive(true);
            while (walk.next()) {
                FileMode mode = walk.getFileMode();
                files.put(
                        new String(walk.getRawPath(), StandardCharsets.ISO_8859_1),
                        "%06o %s".formatted(mode.getBits(), walk.getObjectId(0).name()));
            }
        }
        return files;
    }
}
