package io.donjon.cli.git;

import io.donjon.cli.Failure;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.eclipse.jgit.errors.ConfigInvalidException;
import org.eclipse.jgit.errors.RepositoryNotFoundException;
import org.eclipse.jgit.lib.Config;
import org.eclipse.jgit.lib.ConfigConstants;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.RepositoryCache;
import org.eclipse.jgit.storage.file.FileBasedConfig;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.util.FS;
import org.eclipse.jgit.util.SystemReader;
import org.jspecify.annotations.Nullable;

/**
 * A git repository on this machine, for reading: bare, ordinary, or a further working tree of one. Environment variables
 * and the user's and the system's git configuration do not count, nor do replacements ({@code git replace}).
 */
final class GitRepository implements AutoCloseable {
    private final Path folder;
    private final Repository repository;

    /** What a branch or tag points to, in the end. */
    record Pointer(String ref, ObjectId commit) {}

    /** What the branches, tags and HEAD come to. */
    record Pointers(@Nullable Pointer head, boolean detached, List<Pointer> branches, List<Pointer> tags) {}

    private GitRepository(Path folder, Repository repository) {
        this.folder = folder;
        this.repository = repository;
    }

    /**
     * Opens the repository whose working tree or git folder this is.
     *
     * @throws Failure if there is none, or if it cannot be read
     */
    static GitRepository open(Path folder) {
        if (!(SystemReader.getInstance() instanceof Hermetic)) {
            SystemReader.setInstance(new Hermetic(SystemReader.getInstance()));
        }
        FileRepositoryBuilder builder =
                new FileRepositoryBuilder().setFS(FS.DETECTED).setMustExist(true);
        if (Files.exists(folder.resolve(Constants.DOT_GIT))) {
            builder.setWorkTree(folder.toFile());
        } else if (RepositoryCache.FileKey.isGitRepository(folder.toFile(), FS.DETECTED)) {
            builder.setGitDir(folder.toFile());
        } else {
            throw new Failure(folder + ": there is no git repository here");
        }
        Repository repository;
        try {
            repository = builder.build();
        } catch (RepositoryNotFoundException e) {
            throw new Failure(folder + ": there is no git repository here (" + e.getMessage() + ")");
        } catch (IOException | IllegalArgumentException e) {
            throw new Failure(folder + ": this git repository cannot be read: " + e.getMessage());
        }
        GitRepository opened = new GitRepository(folder, repository);
        String hash = repository.getConfig().getString("extensions", null, "objectFormat");
        if (hash != null && !hash.toLowerCase(Locale.ROOT).equals("sha1")) {
            opened.close();
            throw new Failure(folder + ": this git repository names objects by " + hash
                    + ", which cannot be read yet; only sha1 can");
        }
        return opened;
    }

    /** The nearest folder from here upwards that has a git repository, or null. */
    static @Nullable Path around(Path folder) {
        for (Path at = folder.toAbsolutePath().normalize(); at != null; at = at.getParent()) {
            if (Files.exists(at.resolve(Constants.DOT_GIT))
                    || RepositoryCache.FileKey.isGitRepository(at.toFile(), FS.DETECTED)) {
                return at;
            }
        }
        return null;
    }

    /** The folder as it was named. */
    Path folder() {
        return folder;
    }

    /** The folder of git's own files. */
    Path gitFolder() {
        return repository.getDirectory().toPath();
    }

    ObjectReader newReader() {
        return repository.newObjectReader();
    }

    /** Commits whose parents were left out by a shallow clone. */
    Set<ObjectId> shallowCommits() throws IOException {
        return repository.getObjectDatabase().getShallowCommits();
    }

    /**
     * HEAD, local and remote-tracking branches by name, and tags by name.
     *
     * @param notes gets a line for what is left out
     */
    Pointers pointers(List<String> notes) throws IOException {
        List<String> others = new ArrayList<>();
        try (ObjectReader reader = newReader()) {
            List<Pointer> branches = new ArrayList<>();
            for (String prefix : List.of(Constants.R_HEADS, Constants.R_REMOTES)) {
                for (Ref ref : refs(prefix)) {
                    add(ref, reader, branches, others);
                }
            }
            List<Pointer> tags = new ArrayList<>();
            for (Ref ref : refs(Constants.R_TAGS)) {
                add(ref, reader, tags, others);
            }
            Ref head = repository.exactRef(Constants.HEAD);
            List<Pointer> heads = new ArrayList<>();
            if (head != null && head.getObjectId() != null) {
                // Its leaf is the branch that it is on, or HEAD itself.
                add(head.getLeaf(), reader, heads, others);
            }
            if (!others.isEmpty()) {
                notes.add(others.size() + " refs point to no commit and are left out, such as " + others.get(0));
            }
            boolean detached = head != null && !head.isSymbolic();
            return new Pointers(heads.isEmpty() ? null : heads.get(0), detached, branches, tags);
        }
    }

    /** The refs below a prefix by name, without those that only point to others, such as origin/HEAD. */
    private List<Ref> refs(String prefix) throws IOException {
        return repository.getRefDatabase().getRefsByPrefix(prefix).stream()
                .filter(ref -> !ref.isSymbolic())
                .sorted(Comparator.comparing(Ref::getName))
                .toList();
    }

    private void add(Ref ref, ObjectReader reader, List<Pointer> pointers, List<String> others) throws IOException {
        Ref peeled = repository.getRefDatabase().peel(ref);
        ObjectId target = peeled.getPeeledObjectId() == null ? ref.getObjectId() : peeled.getPeeledObjectId();
        if (target == null) {
            return;
        }
        int type = reader.open(target).getType();
        if (type == Constants.OBJ_COMMIT) {
            pointers.add(new Pointer(ref.getName(), target.copy()));
        } else {
            others.add(ref.getName() + ", a " + Constants.typeString(type));
        }
    }

    @Override
    public void close() {
        repository.close();
    }

    /** A system without any configuration of git beyond the repository's own. */
    private static final class Hermetic extends SystemReader.Delegate {
        Hermetic(SystemReader system) {
            super(system);
        }

        @Override
        public @Nullable String getenv(String variable) {
            return variable.startsWith("GIT_") ? null : super.getenv(variable);
        }

        @Override
        public FileBasedConfig openUserConfig(Config parent, FS fs) {
            return new Empty(parent, fs);
        }

        @Override
        public FileBasedConfig openSystemConfig(Config parent, FS fs) {
            return new Empty(parent, fs);
        }

        @Override
        public FileBasedConfig openJGitConfig(Config parent, FS fs) {
            return new Empty(parent, fs);
        }
    }

    /** A file of settings that has none and keeps none. */
    private static final class Empty extends FileBasedConfig {
        /** More than any file system's clock takes from one tick to the next. */
        private static final Duration CLOCK_TICK = Duration.ofSeconds(2);

        Empty(Config parent, FS fs) {
            super(parent, new File("nowhere"), fs);
        }

        @Override
        public void load() throws IOException, ConfigInvalidException {}

        @Override
        public void save() throws IOException {}

        @Override
        public boolean isOutdated() {
            return false;
        }

        /** What JGit would otherwise measure, for seconds and with files of its own in the repository. */
        @Override
        public long getTimeUnit(
                String section, @Nullable String subsection, String name, long otherwise, TimeUnit unit) {
            return section.equals(ConfigConstants.CONFIG_FILESYSTEM_SECTION)
                    ? unit.convert(CLOCK_TICK)
                    : super.getTimeUnit(section, subsection, name, otherwise, unit);
        }
    }
}
