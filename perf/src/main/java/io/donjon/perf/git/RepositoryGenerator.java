package io.donjon.perf.git;

import io.donjon.perf.git.Node.Folder;
import io.donjon.perf.git.Node.Leaf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.eclipse.jgit.internal.storage.file.FileRepository;
import org.eclipse.jgit.internal.storage.file.PackInserter;
import org.eclipse.jgit.lib.BatchRefUpdate;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.NullProgressMonitor;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.TagBuilder;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.transport.ReceiveCommand;
import org.jspecify.annotations.Nullable;

/**
 * Makes a git repository from a seed: the same seed and size give the same commit hashes everywhere.
 *
 * <p>Two commits of three change a few files, as people do. The third comes from a shuffled deck of everything that git
 * allows and importers trip over: merges of two to six parents, criss-cross merges, merges that change what no parent
 * had, several roots of which some are never merged, commits without a change and commits without any file, submodules,
 * symbolic links, changes of mode and of kind, folders renamed whole, names that are not UTF-8 or hold line breaks,
 * paths of thousands of bytes, names whose order as bytes differs from their order in a tree, empty and large files, one
 * blob at many paths, tags on commits that no branch reaches, tags of tags, of trees and of blobs, times that go back.
 * A few hundred commits hold everything; branch names have slashes and at-signs.
 *
 * <p>Objects go straight into pack files; there is no working copy, even if the repository is not bare.
 */
public final class RepositoryGenerator {
    /** Beyond this many files in a commit, deleting gets as likely as adding. */
    private static final int FILES_TARGET = 250;
    /** Beyond this many active branches, one of them rests for good. */
    private static final int ACTIVE_BRANCHES_MAX = 10;

    private static final int LARGE_FILES_MAX = 3;

    private static final String MODULES = ".gitmodules";
    /** Commits between two packs, so that a large repository has more than one. */
    private static final int COMMITS_PER_PACK = 2000;

    private static final Instant EPOCH = Instant.parse("2012-03-04T05:06:07Z");
    private static final List<String> PEOPLE = List.of("Ada Lovelace", "Zoë Grün", "李 明", "O'Brien", "x");

    private final Options options;
    private final SplittableRandom random;
    private final ObjectInserter inserter;
    private final List<Commit> commits = new ArrayList<>();
    private final List<Branch> active = new ArrayList<>();
    private final List<Branch> unmergedRoots = new ArrayList<>();
    private final Map<String, ObjectId> refs = new TreeMap<>();
    private final List<Act> deck = new ArrayList<>();
    /** How often each kind of thing has become each other kind, so that the rarest change comes next. */
    private final Map<KindChange, Integer> kindChanges = new HashMap<>();

    private final Branch main;
    private int names;
    private int roots;
    private int largeFiles;
    private int oddNames;

    /**
     * What to make.
     *
     * @param commits how many commits, at least 1; what is rare needs a few hundred
     * @param seed decides everything
     * @param bare whether the repository is the folder itself, rather than .git in it
     */
    public record Options(int commits, long seed, boolean bare) {
        /** Refuses a repository without commits. */
        public Options {
            if (commits < 1) {
                throw new IllegalArgumentException("commits " + commits + ": must be at least 1");
            }
        }
    }

    /**
     * What was made.
     *
     * @param commits how many commits there are, those without any branch included
     * @param refs full names of branches and tags, and the hashes of what they point to
     */
    public record Result(int commits, Map<String, String> refs) {}

    /** What there is at a path. */
    private enum Kind {
        FILE,
        FOLDER,
        LINK,
        SUBMODULE
    }

    private record KindChange(Kind from, Kind to) {}

    private interface Act {
        void run() throws IOException;
    }

    private record Commit(ObjectId id, Folder tree) {}

    private static final class Branch {
        final String name;
        /** Never part of a merge, so that its root stays on its own. */
        final boolean alone;

        Commit tip;

        Branch(String name, boolean alone, Commit tip) {
            this.name = name;
            this.alone = alone;
            this.tip = tip;
        }
    }

    private RepositoryGenerator(Options options, ObjectInserter inserter) throws IOException {
        this.options = options;
        this.inserter = inserter;
        random = new SplittableRandom(options.seed());
        Folder first = Folder.EMPTY;
        for (int i = 0; i < 20; i++) {
            first = add(first);
        }
        main = new Branch("main", false, commit(List.of(), first, "first"));
        active.add(main);
    }

    /**
     * Makes a repository in a folder, which is created if need be and must not hold a repository.
     *
     * @throws IOException if the disk fails
     * @throws IllegalStateException if there is a repository already
     */
    public static Result generate(Path folder, Options options) throws IOException {
        FileRepositoryBuilder builder = new FileRepositoryBuilder();
        if (options.bare()) {
            builder.setBare().setGitDir(folder.toFile());
        } else {
            builder.setWorkTree(folder.toFile());
        }
        try (FileRepository repository = (FileRepository) builder.build();
                PackInserter inserter = repository.getObjectDatabase().newPackInserter()) {
            repository.create(options.bare());
            inserter.checkExisting(false);
            var generator = new RepositoryGenerator(options, inserter);
            generator.run();
            inserter.flush();
            generator.writeRefs(repository);
            Map<String, String> names = new TreeMap<>();
            generator.refs.forEach((name, id) -> names.put(name, id.name()));
            return new Result(generator.commits.size(), Collections.unmodifiableMap(names));
        }
    }

    private void run() throws IOException {
        while (left() > 0) {
            if (random.nextInt(3) == 0) {
                deal().run();
            } else {
                edit(anyBranch());
            }
        }
        for (Branch branch : active) {
            refs.put(Constants.R_HEADS + branch.name, branch.tip.id());
        }
    }

    private int left() {
        return options.commits() - commits.size();
    }

    private Act deal() {
        if (deck.isEmpty()) {
            deck.addAll(List.of(
                    this::merge,
                    this::merge,
                    this::octopusMerge,
                    this::crissCrossMerge,
                    this::evilMerge,
                    this::newRoot,
                    this::mergeRoot,
                    this::branchFromOldCommit,
                    this::branchFromOldCommit,
                    this::emptyTree,
                    this::noChange,
                    () -> change("mode", this::changeMode),
                    this::changeKinds,
                    this::changeKinds,
                    () -> change("odd names", this::addOddNames),
                    () -> change("long path", this::addLongPath),
                    () -> change("submodule", this::changeSubmodule),
                    () -> change("link", this::addLink),
                    () -> change("rename", this::renameFolder),
                    () -> change("empty file", this::addEmptyFile),
                    () -> change("large file", this::addLargeFile),
                    () -> change("same blob", this::addSameBlob),
                    () -> change("order", this::addOrderedNames),
                    () -> change("empty folder", this::addEmptyFolder),
                    this::tagWithoutBranch,
                    this::tagOddly));
            for (int i = deck.size() - 1; i > 0; i--) {
                Collections.swap(deck, i, random.nextInt(i + 1));
            }
        }
        return deck.remove(deck.size() - 1);
    }

    // Commits, branches and tags.

    private Commit commit(List<Commit> parents, Folder tree, String message) throws IOException {
        int number = commits.size();
        CommitBuilder builder = new CommitBuilder();
        builder.setTreeId(tree.write(inserter));
        builder.setParentIds(parents.stream().map(Commit::id).toList());
        builder.setAuthor(person(number));
        builder.setCommitter(person(number));
        String text = message + " " + number + "\n";
        if (random.nextInt(10) == 0) {
            text += "\nWith a body, über mehrere Zeilen.\n\nSigned-off-by: nobody\n";
        }
        if (random.nextInt(20) == 0) {
            builder.setEncoding(StandardCharsets.ISO_8859_1);
        }
        builder.setMessage(text);
        Commit commit = new Commit(inserter.insert(builder), tree);
        commits.add(commit);
        if (commits.size() % COMMITS_PER_PACK == 0) {
            inserter.flush();
        }
        if (random.nextInt(12) == 0) {
            tag(commit.id(), Constants.OBJ_COMMIT);
        }
        return commit;
    }

    /** Times go up by ten minutes a commit, but now and then a clock is days behind. */
    private PersonIdent person(int number) {
        long seconds = number * 600L + random.nextInt(600) - (random.nextInt(30) == 0 ? random.nextInt(400_000) : 0);
        String name = PEOPLE.get(random.nextInt(PEOPLE.size()));
        return new PersonIdent(
                name,
                "someone@example.org",
                EPOCH.plusSeconds(seconds),
                ZoneOffset.ofTotalSeconds(1800 * (random.nextInt(49) - 24)));
    }

    private void tag(ObjectId object, int type) throws IOException {
        String name = "v" + names++;
        refs.put(Constants.R_TAGS + name, random.nextBoolean() ? object : annotated(name, object, type));
    }

    private ObjectId annotated(String name, ObjectId object, int type) throws IOException {
        TagBuilder builder = new TagBuilder();
        builder.setTag(name);
        builder.setObjectId(object, type);
        builder.setTagger(person(commits.size()));
        builder.setMessage("Tag " + name + "\n");
        return inserter.insert(builder);
    }

    private String branchName() {
        String[] styles = {"topic/%s-%d", "%s-%d", "user@host/%s/%d", "release/%s.%d", "%s#%d"};
        return styles[random.nextInt(styles.length)].formatted(Names.word(random), names++);
    }

    private void advance(Branch branch, Folder tree, String message, Branch... merged) throws IOException {
        List<Commit> parents = new ArrayList<>(List.of(branch.tip));
        for (Branch other : merged) {
            parents.add(other.tip);
        }
        branch.tip = commit(parents, tree, message);
    }

    private Branch anyBranch() {
        return active.get(random.nextInt(active.size()));
    }

    private Branch branchAt(Commit commit, boolean alone) {
        Branch branch = new Branch(branchName(), alone, commit);
        if (active.size() == ACTIVE_BRANCHES_MAX) {
            Branch resting = active.remove(1 + random.nextInt(active.size() - 1));
            refs.put(Constants.R_HEADS + resting.name, resting.tip.id());
        }
        active.add(branch);
        return branch;
    }

    /** Branches with different tips that may be merged, in random order, main perhaps among them. */
    private List<Branch> mergeable() {
        List<Branch> found = new ArrayList<>();
        for (Branch branch : active) {
            boolean known = found.stream().anyMatch(other -> other.tip.id().equals(branch.tip.id()));
            if (!branch.alone && !known) {
                found.add(branch);
            }
        }
        for (int i = found.size() - 1; i > 0; i--) {
            Collections.swap(found, i, random.nextInt(i + 1));
        }
        return found;
    }

    /** As many mergeable branches as asked for, some of them made for it; null if there are too few commits left. */
    private @Nullable List<Branch> mergeable(int count) throws IOException {
        List<Branch> found = mergeable();
        while (found.size() < count) {
            if (left() < 2) {
                return null;
            }
            edit(branchAt(commits.get(random.nextInt(commits.size())), false));
            found = mergeable();
        }
        return found.subList(0, count);
    }

    /** A merged branch often ends: its commits are then reachable through the merge alone. */
    private void mayEnd(Branch branch) {
        unmergedRoots.remove(branch);
        if (branch != main && random.nextInt(4) == 0) {
            active.remove(branch);
        }
    }

    private void merge() throws IOException {
        List<Branch> two = mergeable(2);
        if (two == null || left() < 1) {
            return;
        }
        Branch into = two.get(0);
        Branch from = two.get(1);
        boolean ours = random.nextInt(4) == 0;
        advance(into, ours ? into.tip.tree() : merged(into.tip.tree(), from.tip.tree()), "merge", from);
        mayEnd(from);
    }

    private void evilMerge() throws IOException {
        List<Branch> two = mergeable(2);
        if (two == null || left() < 1) {
            return;
        }
        Folder tree = merged(two.get(0).tip.tree(), two.get(1).tip.tree());
        advance(two.get(0), tree.with("evil-" + names++, file(text())), "evil merge", two.get(1));
    }

    private void octopusMerge() throws IOException {
        List<Branch> all = mergeable(3 + random.nextInt(4));
        if (all == null || left() < 1) {
            return;
        }
        Branch into = all.get(0);
        List<Branch> others = all.subList(1, all.size());
        Folder tree = into.tip.tree();
        for (Branch other : others) {
            tree = merged(tree, other.tip.tree());
        }
        advance(into, tree, "octopus", others.toArray(Branch[]::new));
        others.forEach(this::mayEnd);
    }

    private void crissCrossMerge() throws IOException {
        List<Branch> two = mergeable(2);
        if (two == null || left() < 2) {
            return;
        }
        Commit one = two.get(0).tip;
        Commit other = two.get(1).tip;
        two.get(0).tip = commit(List.of(one, other), merged(one.tree(), other.tree()), "criss");
        two.get(1).tip = commit(List.of(other, one), merged(other.tree(), one.tree()), "cross");
    }

    private void newRoot() throws IOException {
        if (left() < 1) {
            return;
        }
        Folder tree = Folder.EMPTY;
        for (int i = random.nextInt(8); i >= 0; i--) {
            tree = add(tree);
        }
        boolean alone = roots++ % 2 == 0;
        Branch branch = branchAt(commit(List.of(), tree, "root"), alone);
        if (!alone) {
            unmergedRoots.add(branch);
        }
    }

    private void mergeRoot() throws IOException {
        unmergedRoots.retainAll(active);
        if (unmergedRoots.isEmpty()) {
            newRoot();
        } else {
            Branch root = unmergedRoots.get(0);
            advance(main, merged(main.tip.tree(), root.tip.tree()), "merge root", root);
            mayEnd(root);
        }
    }

    private void branchFromOldCommit() throws IOException {
        edit(branchAt(commits.get(random.nextInt(commits.size())), false));
    }

    private void emptyTree() throws IOException {
        Branch branch = anyBranch();
        Folder before = branch.tip.tree();
        advance(branch, Folder.EMPTY, "all gone");
        if (left() > 0) {
            advance(branch, add(before), "all back");
        }
    }

    private void noChange() throws IOException {
        Branch branch = anyBranch();
        advance(branch, branch.tip.tree(), "no change");
    }

    private void tagWithoutBranch() throws IOException {
        Commit from = commits.get(random.nextInt(commits.size()));
        Commit commit = commit(List.of(from), add(from.tree()), "without branch");
        tag(commit.id(), Constants.OBJ_COMMIT);
    }

    /** Tags of a tag, of a tree and of a blob: git allows them, and they name no commit or none at once. */
    private void tagOddly() throws IOException {
        Commit commit = commits.get(random.nextInt(commits.size()));
        ObjectId inner = annotated("inner" + names, commit.id(), Constants.OBJ_COMMIT);
        refs.put(Constants.R_TAGS + "nested" + names, annotated("nested" + names, inner, Constants.OBJ_TAG));
        refs.put(Constants.R_TAGS + "tree" + names, commit.tree().write(inserter));
        refs.put(Constants.R_TAGS + "blob" + names, blob(text()));
        names++;
    }

    // Changes to trees.

    private interface Change {
        Folder of(Folder tree) throws IOException;
    }

    private void change(String message, Change change) throws IOException {
        Branch branch = anyBranch();
        advance(branch, change.of(branch.tip.tree()), message);
    }

    /** An ordinary commit. */
    private void edit(Branch branch) throws IOException {
        Folder tree = branch.tip.tree();
        for (int i = random.nextInt(4); i >= 0; i--) {
            int what = random.nextInt(10);
            int addsOfTen = tree.leaves() < FILES_TARGET ? 5 : 2;
            if (what < addsOfTen) {
                tree = add(tree);
            } else {
                List<String> path = tree.anyLeaf(random);
                if (path == null || path.equals(List.of(MODULES))) {
                    // What .gitmodules says must stay readable to git.
                    tree = add(tree);
                } else if (what < 8) {
                    tree = tree.with(path, new Leaf(modeOf(tree, path), blob(text())));
                } else {
                    tree = tree.without(path);
                }
            }
        }
        advance(branch, tree, "edit");
    }

    /** The mode for new content of a path: what is executable stays so. */
    private static FileMode modeOf(Folder tree, List<String> path) {
        boolean executable = tree.find(path) instanceof Leaf leaf && leaf.mode().equals(FileMode.EXECUTABLE_FILE);
        return executable ? FileMode.EXECUTABLE_FILE : FileMode.REGULAR_FILE;
    }

    private Folder add(Folder tree) throws IOException {
        List<String> path = folderPath(tree);
        path.add(Names.file(random));
        return tree.with(path, file(text()));
    }

    /** The path of a folder, mostly one that there is, at most four deep. */
    private List<String> folderPath(Folder tree) {
        List<String> path = new ArrayList<>();
        Folder folder = tree;
        for (int depth = random.nextInt(5); depth > 0; depth--) {
            List<String> folders = new ArrayList<>();
            for (String name : folder.names()) {
                if (folder.get(name) instanceof Folder) {
                    folders.add(name);
                }
            }
            boolean old = !folders.isEmpty() && random.nextInt(5) > 0;
            String name = old ? folders.get(random.nextInt(folders.size())) : Names.word(random);
            path.add(name);
            folder = folder.get(name) instanceof Folder below ? below : Folder.EMPTY;
        }
        return path;
    }

    private Leaf file(byte[] content) throws IOException {
        boolean executable = random.nextInt(10) == 0;
        return new Leaf(executable ? FileMode.EXECUTABLE_FILE : FileMode.REGULAR_FILE, blob(content));
    }

    private ObjectId blob(byte[] content) throws IOException {
        return inserter.insert(Constants.OBJ_BLOB, content);
    }

    private byte[] text() {
        StringBuilder text = new StringBuilder();
        for (int lines = 1 + random.nextInt(30); lines > 0; lines--) {
            for (int words = 1 + random.nextInt(8); words > 0; words--) {
                text.append(Names.word(random)).append(words == 1 ? "\n" : " ");
            }
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private Leaf link() throws IOException {
        String target = "../".repeat(random.nextInt(3)) + Names.file(random);
        return new Leaf(FileMode.SYMLINK, blob(target.getBytes(StandardCharsets.UTF_8)));
    }

    private Leaf submodule() {
        byte[] commit = new byte[Constants.OBJECT_ID_LENGTH];
        random.nextBytes(commit);
        return new Leaf(FileMode.GITLINK, ObjectId.fromRaw(commit));
    }

    /** The first tree, and of the second what the first has not, or what differs, each by chance. */
    private Folder merged(Folder first, Folder second) {
        Folder result = first;
        for (String name : second.names()) {
            Node mine = first.get(name);
            Node theirs = Objects.requireNonNull(second.get(name), name);
            if (mine == theirs) {
                continue;
            }
            boolean roomy = result.leaves() + theirs.leaves() < 2 * FILES_TARGET;
            if (mine instanceof Folder ours && theirs instanceof Folder others && roomy) {
                result = result.with(name, merged(ours, others));
            } else if (roomy && random.nextBoolean()) {
                result = result.with(name, theirs);
            }
        }
        return result;
    }

    /** A file becomes executable, or one that is, if it is found soon, ceases to be. */
    private Folder changeMode(Folder tree) throws IOException {
        FileMode from = random.nextBoolean() ? FileMode.EXECUTABLE_FILE : FileMode.REGULAR_FILE;
        FileMode to = from == FileMode.REGULAR_FILE ? FileMode.EXECUTABLE_FILE : FileMode.REGULAR_FILE;
        for (int tries = 0; tries < 50; tries++) {
            List<String> path = tree.anyLeaf(random);
            if (path != null
                    && tree.find(path) instanceof Leaf leaf
                    && leaf.mode().equals(from)) {
                return tree.with(path, new Leaf(to, leaf.id()));
            }
        }
        return add(tree);
    }

    /** Four things change their kind, each to the one that it has become most rarely, where there are such things. */
    private void changeKinds() throws IOException {
        Branch branch = active.stream()
                .filter(each -> each.tip.tree().get("kinds") != null)
                .findFirst()
                .orElse(main);
        Folder result = branch.tip.tree();
        for (int i = 0; i < 4; i++) {
            List<String> path = List.of("kinds", "thing" + i);
            Kind kind = kindOf(result.find(path));
            Kind next = kind == null ? Kind.values()[i] : rarestAfter(kind);
            result = result.with(path, thing(next));
        }
        advance(branch, result, "kinds");
    }

    private Kind rarestAfter(Kind kind) {
        KindChange rarest = Stream.of(Kind.values())
                .filter(next -> next != kind)
                .map(next -> new KindChange(kind, next))
                .min(Comparator.comparingInt(change -> kindChanges.getOrDefault(change, 0)))
                .orElseThrow();
        kindChanges.merge(rarest, 1, Integer::sum);
        return rarest.to();
    }

    private static @Nullable Kind kindOf(@Nullable Node node) {
        if (node instanceof Leaf leaf) {
            if (leaf.mode().equals(FileMode.SYMLINK)) {
                return Kind.LINK;
            }
            return leaf.mode().equals(FileMode.GITLINK) ? Kind.SUBMODULE : Kind.FILE;
        }
        return node == null ? null : Kind.FOLDER;
    }

    private Node thing(Kind kind) throws IOException {
        return switch (kind) {
            case FILE -> file(text());
            case FOLDER -> add(Folder.EMPTY.with("in", file(text())));
            case LINK -> link();
            case SUBMODULE -> submodule();
        };
    }

    private Folder addOddNames(Folder tree) throws IOException {
        Folder result = tree;
        for (int i = 0; i < 10; i++) {
            List<String> path = new ArrayList<>(List.of("odd"));
            if (random.nextInt(3) == 0) {
                path.add(Names.odd(random) + "-folder");
            }
            path.add(Names.odd(oddNames++));
            result = result.with(path, file(text()));
        }
        return result;
    }

    private Folder addLongPath(Folder tree) throws IOException {
        List<String> path = new ArrayList<>(List.of("deep" + random.nextInt(3)));
        path.addAll(Names.longPath(random));
        // One such path for each of few names, so that the trees of later commits do not swell.
        return tree.without(path.get(0)).with(path, file(text()));
    }

    private Folder changeSubmodule(Folder tree) throws IOException {
        String name = Names.word(random);
        List<String> path = List.of("modules", name);
        if (tree.find(path) != null) {
            return random.nextBoolean() ? tree.without(path) : tree.with(path, submodule());
        }
        String modules = """
                [submodule "%1$s"]
                \tpath = modules/%1$s
                \turl = https://example.org/%1$s.git
                """.formatted(name);
        return tree.with(path, submodule())
                .with(MODULES, new Leaf(FileMode.REGULAR_FILE, blob(modules.getBytes(StandardCharsets.UTF_8))));
    }

    private Folder addLink(Folder tree) throws IOException {
        List<String> path = folderPath(tree);
        path.add(Names.word(random) + ".link");
        return tree.with(path, link());
    }

    private Folder renameFolder(Folder tree) throws IOException {
        for (String name : tree.names()) {
            if (tree.get(name) instanceof Folder folder && random.nextInt(3) == 0) {
                return tree.without(name).with("renamed-" + names++, folder);
            }
        }
        return add(tree);
    }

    private Folder addEmptyFile(Folder tree) throws IOException {
        List<String> path = folderPath(tree);
        path.add(Names.word(random) + ".empty");
        return tree.with(path, file(new byte[0]));
    }

    private Folder addLargeFile(Folder tree) throws IOException {
        if (largeFiles == LARGE_FILES_MAX) {
            return add(tree);
        }
        largeFiles++;
        byte[] content = new byte[(2 << 20) + random.nextInt(2 << 20)];
        random.nextBytes(content);
        return tree.with("large-" + largeFiles + ".bin", file(content));
    }

    private Folder addSameBlob(Folder tree) throws IOException {
        Leaf leaf = file(text());
        Folder result = tree;
        for (int i = 3 + random.nextInt(6); i > 0; i--) {
            List<String> path = folderPath(result);
            path.add("copy-" + random.nextInt(100));
            result = result.with(path, leaf);
        }
        return result;
    }

    /** In a tree "a-" and "a.b" come before the folder "a", and "a0" after it; the folder turns into a file and back. */
    private Folder addOrderedNames(Folder tree) throws IOException {
        Folder order = tree.get("order") instanceof Folder folder ? folder : Folder.EMPTY;
        boolean asFile = order.get("a") instanceof Folder;
        for (String name : List.of("a-", "a.b", "a0", "a ", "A", "aa")) {
            order = order.with(name, file(text()));
        }
        return tree.with("order", order.with("a", asFile ? file(text()) : add(Folder.EMPTY)));
    }

    /** A folder without anything in it, which git's own commands never record but its format allows. */
    private Folder addEmptyFolder(Folder tree) {
        return tree.with("empty-" + random.nextInt(3), Folder.EMPTY);
    }

    private void writeRefs(Repository repository) throws IOException {
        BatchRefUpdate update = repository.getRefDatabase().newBatchUpdate();
        refs.forEach((name, id) -> update.addCommand(new ReceiveCommand(ObjectId.zeroId(), id, name)));
        try (RevWalk walk = new RevWalk(repository)) {
            update.execute(walk, NullProgressMonitor.INSTANCE);
        }
        List<String> refused = update.getCommands().stream()
                .filter(command -> command.getResult() != ReceiveCommand.Result.OK)
                .map(command -> command.getRefName() + ": " + command.getResult() + " " + command.getMessage())
                .toList();
        if (!refused.isEmpty()) {
            throw new IOException("refs were refused: " + refused);
        }
        repository.updateRef(Constants.HEAD).link(Constants.R_HEADS + main.name);
    }
}
