package io.donjon.cli.git;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jgit.lib.AnyObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.treewalk.TreeWalk;

/** Whole trees as JGit reads them, for machines without git. */
final class JGitLister implements Lister {
    private final GitRepository repository;

    JGitLister(GitRepository repository) {
        this.repository = repository;
    }

    @Override
    public String name() {
        return "JGit";
    }

    @Override
    public byte[] list(AnyObjectId commit) throws IOException {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        try (ObjectReader reader = repository.newReader();
                TreeWalk walk = new TreeWalk(reader)) {
            CommitGraph.addTree(walk, CommitGraph.tree(reader, commit));
            walk.setRecursive(true);
            while (walk.next()) {
                byte[] value = GitFormat.encode(GitFormat.Kind.ofMode(walk.getRawMode(0)), walk.getObjectId(0));
                GitFormat.write(ByteBuffer.wrap(walk.getRawPath()), ByteBuffer.wrap(value), false, lines);
            }
        }
        return lines.toByteArray();
    }
}
