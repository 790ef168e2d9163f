package io.donjon.perf.git;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.perf.git.RepositoryGenerator.Options;
import io.donjon.perf.git.RepositoryGenerator.Result;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.jgit.internal.storage.file.FileRepository;
import org.eclipse.jgit.internal.storage.file.Pack;
import org.eclipse.jgit.internal.storage.file.PackIndex;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectChecker;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectLoader;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevObject;
import org.eclipse.jgit.revwalk.RevSort;
import org.eclipse.jgit.revwalk.RevTag;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Looks for every feature in what was written, not in what the generator says of it. */
final class RepositoryGeneratorTest {
    private static final int COMMITS = 400;

    @TempDir
    private static Path shared;

    private static Path folder = Path.of("");
    private static Result result = new Result(0, Map.of());

    /** The commits that some ref reaches, parents first. */
    private static final List<RevCommit> COMMITS_FOUND = new ArrayList<>();

    /** The leaves of each commit's tree: path, one character for each byte, and mode with object. */
    private static final Map<ObjectId, Map<String, String>> TREES = new HashMap<>();

    @BeforeAll
    static void generate() throws IOException {
        folder = shared.resolve("repository.git");
        result = RepositoryGenerator.generate(folder, new Options(COMMITS, 1, true));
        try (Repository repository = open(folder);
                RevWalk walk = new RevWalk(repository)) {
            for (Ref ref : repository.getRefDatabase().getRefs()) {
                if (walk.peel(walk.parseAny(ref.getObjectId())) instanceof RevCommit commit) {
                    walk.markStart(commit);
                }
            }
            walk.sort(RevSort.TOPO);
            walk.sort(RevSort.REVERSE, true);
            for (RevCommit commit : walk) {
                COMMITS_FOUND.add(commit);
                TREES.put(commit, leaves(repository, commit));
            }
        }
    }

    private static Repository open(Path gitFolder) throws IOException {
        return new FileRepositoryBuilder()
                .setGitDir(gitFolder.toFile())
                .setMustExist(true)
                .build();
    }

    private static Map<String, String> leaves(Repository repository, RevCommit commit) throws IOException {
        Map<String, String> leaves = new TreeMap<>();
        try (TreeWalk walk = new TreeWalk(repository)) {
            walk.addTree(commit.getTree());
            walk.setRecursive(true);
            while (walk.next()) {
                String path = new String(walk.getRawPath(), StandardCharsets.ISO_8859_1);
                leaves.put(path, walk.getFileMode() + " " + walk.getObjectId(0).name());
            }
        }
        return leaves;
    }

    private static Map<String, String> tree(RevCommit commit) {
        return TREES.getOrDefault(commit, Map.of());
    }

    private static long commits(Predicate<RevCommit> which) {
        return COMMITS_FOUND.stream().filter(which).count();
    }

    private static Set<String> paths() {
        Set<String> paths = new TreeSet<>();
        TREES.values().forEach(tree -> paths.addAll(tree.keySet()));
        return paths;
    }

    @Test
    void allCommitsAreReachable() {
        // Those whose branch ended are reached through a merge or not at all.
        assertEquals(COMMITS, result.commits());
        assertTrue(COMMITS_FOUND.size() > COMMITS * 0.95 && COMMITS_FOUND.size() <= COMMITS, COMMITS_FOUND.size() + "");
    }

    @Test
    void gitFindsNothingWrong() throws IOException, InterruptedException {
        Path out = shared.resolve("fsck");
        Process git;
        try {
            git = new ProcessBuilder("git", "--git-dir=" + folder, "fsck", "--strict", "--full", "--no-dangling")
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
        } catch (IOException e) {
            // No git here; what JGit says is asked elsewhere.
            return;
        }
        assertTrue(git.waitFor(60, TimeUnit.SECONDS));
        String said = Files.readString(out);
        assertEquals(0, git.exitValue(), said);
        assertEquals(
                "", said.lines().filter(line -> !line.startsWith("notice:")).collect(Collectors.joining("\n")));
    }

    @Test
    void jgitFindsNothingWrong() throws IOException {
        try (FileRepository repository = (FileRepository) open(folder);
                ObjectReader reader = repository.newObjectReader()) {
            ObjectChecker checker = new ObjectChecker();
            int objects = 0;
            for (Pack pack : repository.getObjectDatabase().getPacks()) {
                for (PackIndex.MutableEntry entry : pack) {
                    ObjectId id = entry.toObjectId();
                    ObjectLoader object = reader.open(id);
                    if (object.getType() != Constants.OBJ_BLOB) {
                        checker.check(id, object.getType(), object.getBytes());
                    }
                    objects++;
                }
            }
            assertTrue(objects > 3 * COMMITS, objects + " objects");
        }
    }

    @Test
    void objectsAreInPacksAlone() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("objects"))) {
            Set<String> kinds = files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString().replaceAll(".*\\.", ""))
                    .collect(Collectors.toSet());
            assertTrue(Set.of("pack", "idx", "rev").containsAll(kinds), "" + kinds);
        }
    }

    @Test
    void mergesHaveTwoToSixParents() {
        Map<Integer, Long> byParents =
                COMMITS_FOUND.stream().collect(Collectors.groupingBy(RevCommit::getParentCount, Collectors.counting()));
        assertTrue(byParents.getOrDefault(2, 0L) > 10, "" + byParents);
        assertTrue(byParents.keySet().stream().filter(n -> n > 2).count() >= 2, "" + byParents);
        assertTrue(byParents.keySet().stream().allMatch(n -> n <= 6), "" + byParents);
    }

    @Test
    void someMergesCrossEachOther() {
        Map<Set<RevCommit>, Long> byParents = COMMITS_FOUND.stream()
                .filter(commit -> commit.getParentCount() == 2)
                .collect(Collectors.groupingBy(
                        commit -> new HashSet<>(Arrays.asList(commit.getParents())), Collectors.counting()));
        assertTrue(byParents.values().stream().filter(count -> count == 2).count() >= 2, "" + byParents.values());
    }

    @Test
    void someRootsAreMergedAndSomeNever() {
        List<RevCommit> roots = COMMITS_FOUND.stream()
                .filter(commit -> commit.getParentCount() == 0)
                .toList();
        assertTrue(roots.size() >= 4, roots.size() + " roots");
        Map<RevCommit, Set<RevCommit>> rootsOf = new HashMap<>();
        Set<RevCommit> merged = new HashSet<>();
        for (RevCommit commit : COMMITS_FOUND) {
            Set<RevCommit> own = new HashSet<>(commit.getParentCount() == 0 ? Set.of(commit) : Set.of());
            for (RevCommit parent : commit.getParents()) {
                own.addAll(rootsOf.getOrDefault(parent, Set.of()));
            }
            rootsOf.put(commit, own);
            if (own.size() > 1) {
                merged.addAll(own);
            }
        }
        assertTrue(merged.size() >= 2 && roots.size() - merged.size() >= 2, merged.size() + " of " + roots.size());
    }

    @Test
    void someMergesHaveTheTreeOfAParentAndSomeThatOfNone() {
        long ofFirst =
                commits(commit -> commit.getParentCount() == 2 && tree(commit).equals(tree(commit.getParent(0))));
        long ofNone = commits(commit -> commit.getParentCount() > 1
                && Arrays.stream(commit.getParents())
                        .noneMatch(parent -> tree(commit).equals(tree(parent))));
        long withNews = commits(commit -> commit.getParentCount() > 1
                && tree(commit).entrySet().stream()
                        .anyMatch(leaf -> Arrays.stream(commit.getParents())
                                .noneMatch(parent ->
                                        leaf.getValue().equals(tree(parent).get(leaf.getKey())))));
        assertTrue(ofFirst >= 1 && ofNone >= 5 && withNews >= 2, ofFirst + ", " + ofNone + ", " + withNews);
    }

    @Test
    void someCommitsHaveNoFilesAndSomeChangeNothing() {
        assertTrue(commits(commit -> tree(commit).isEmpty()) >= 2);
        assertTrue(commits(commit -> commit.getParentCount() == 1
                        && commit.getTree().equals(commit.getParent(0).getTree()))
                >= 2);
    }

    @Test
    void everyKindOfThingBecomesEveryOther() {
        Set<String> changes = new TreeSet<>();
        for (RevCommit commit : COMMITS_FOUND) {
            if (commit.getParentCount() == 1) {
                for (int i = 0; i < 4; i++) {
                    String from = kind(tree(commit.getParent(0)), "kinds/thing" + i);
                    String to = kind(tree(commit), "kinds/thing" + i);
                    if (!from.equals(to) && !from.equals("nothing") && !to.equals("nothing")) {
                        changes.add(from + " to " + to);
                    }
                }
            }
        }
        assertEquals(12, changes.size(), "" + changes);
    }

    private static String kind(Map<String, String> tree, String path) {
        String leaf = tree.get(path);
        if (leaf == null) {
            return tree.keySet().stream().anyMatch(other -> other.startsWith(path + "/")) ? "folder" : "nothing";
        }
        return leaf.startsWith("120000") ? "link" : leaf.startsWith("160000") ? "submodule" : "file";
    }

    @Test
    void modesChangeInBothDirectionsUnderTheSameContent() {
        Set<String> changes = new TreeSet<>();
        for (RevCommit commit : COMMITS_FOUND) {
            if (commit.getParentCount() == 1) {
                tree(commit).forEach((path, leaf) -> {
                    String before = tree(commit.getParent(0)).get(path);
                    if (before != null && !before.equals(leaf) && before.endsWith(leaf.substring(6))) {
                        changes.add(before.substring(0, 6) + leaf.substring(0, 6));
                    }
                });
            }
        }
        assertTrue(changes.containsAll(Set.of("100644100755", "100755100644")), "" + changes);
    }

    @Test
    void submodulesAndLinksOccur() {
        Set<String> modes = new TreeSet<>();
        TREES.values().forEach(tree -> tree.values().forEach(leaf -> modes.add(leaf.substring(0, 6))));
        assertEquals(Set.of("100644", "100755", "120000", "160000"), modes);
        assertTrue(paths().contains(".gitmodules"));
    }

    @Test
    void namesHoldEveryTrap() {
        Set<String> paths = paths();
        for (String part :
                List.of(" ", "\"", "'", "\\", "\n", "\r", "\t", "\u0001", "\u007f", "*", ":", "|", "@", "%")) {
            assertTrue(paths.stream().anyMatch(path -> path.contains(part)), "no name with " + part);
        }
        assertTrue(paths.stream().anyMatch(path -> path.startsWith("odd/-")));
        assertTrue(paths.stream().anyMatch(path -> path.endsWith(" ")));
        long notUtf8 = paths.stream().filter(path -> !isUtf8(path)).count();
        assertTrue(notUtf8 >= 4, notUtf8 + " names are not UTF-8");
    }

    private static boolean isUtf8(String path) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(path.getBytes(StandardCharsets.ISO_8859_1)));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    @Test
    void somePathsHaveThousandsOfBytesInLongNamesAndInManyShortOnes() {
        List<String> longOnes =
                paths().stream().filter(path -> path.length() > 2000).toList();
        List<Integer> depths = longOnes.stream()
                .map(path -> (int) path.chars().filter(c -> c == '/').count())
                .toList();
        assertTrue(depths.stream().anyMatch(depth -> depth > 200), "" + depths);
        assertTrue(depths.stream().anyMatch(depth -> depth < 20), "" + depths);
        assertTrue(longOnes.stream().allMatch(path -> path.length() < 4096));
    }

    @Test
    void namesInOrderAsBytesAreNotInTheOrderOfATree() {
        long asFolder = TREES.values().stream()
                .filter(tree -> tree.keySet().stream().anyMatch(path -> path.startsWith("order/a/")))
                .count();
        long asFile = TREES.values().stream()
                .filter(tree -> tree.containsKey("order/a"))
                .count();
        assertTrue(asFolder > 0 && asFile > 0, asFolder + " as a folder, " + asFile + " as a file");
        assertTrue(
                paths().containsAll(List.of("order/a-", "order/a.b", "order/a0", "order/a ", "order/A", "order/aa")));
    }

    @Test
    void foldersAreRenamedWhole() {
        long renames = commits(commit -> commit.getParentCount() == 1
                && tree(commit).keySet().stream().anyMatch(path -> isRenamed(commit, path)));
        assertTrue(renames >= 2, renames + " renames");
    }

    private static boolean isRenamed(RevCommit commit, String path) {
        Map<String, String> before = tree(commit.getParent(0));
        int end = path.indexOf('/');
        String folderName = end < 0 ? "" : path.substring(0, end);
        if (!folderName.startsWith("renamed-")
                || before.keySet().stream().anyMatch(old -> old.startsWith(folderName + "/"))) {
            return false;
        }
        return before.keySet().stream()
                .anyMatch(old ->
                        old.endsWith(path.substring(end)) && !tree(commit).containsKey(old));
    }

    @Test
    void filesAreEmptyLargeAndTheSameAtManyPaths() throws IOException {
        Set<String> blobs = new HashSet<>();
        int most = 0;
        for (Map<String, String> tree : TREES.values()) {
            Map<String, Integer> counts = new HashMap<>();
            for (String leaf : tree.values()) {
                if (leaf.startsWith("100")) {
                    blobs.add(leaf.substring(7));
                    most = Math.max(most, counts.merge(leaf, 1, Integer::sum));
                }
            }
        }
        assertTrue(most >= 4, "at most " + most + " paths have one blob");
        int empty = 0;
        int large = 0;
        try (Repository repository = open(folder);
                ObjectReader reader = repository.newObjectReader()) {
            for (String blob : blobs) {
                long size = reader.getObjectSize(ObjectId.fromString(blob), Constants.OBJ_BLOB);
                empty += size == 0 ? 1 : 0;
                large += size > 1 << 20 ? 1 : 0;
            }
        }
        assertTrue(empty == 1 && large >= 1 && large <= 3, empty + " empty, " + large + " large");
    }

    @Test
    void someFoldersHaveNothingInThem() throws IOException {
        int empty = 0;
        try (Repository repository = open(folder)) {
            for (RevCommit commit : COMMITS_FOUND) {
                try (TreeWalk walk = new TreeWalk(repository)) {
                    walk.addTree(commit.getTree());
                    while (walk.next()) {
                        boolean folderEntry = walk.getFileMode(0).equals(FileMode.TREE);
                        empty += folderEntry && walk.getObjectId(0).equals(Constants.EMPTY_TREE_ID) ? 1 : 0;
                    }
                }
            }
        }
        assertTrue(empty > 0);
    }

    @Test
    void tagsAreLightAnnotatedNestedAndOfThingsThatAreNoCommits() throws IOException {
        int light = 0;
        int annotated = 0;
        int nested = 0;
        int trees = 0;
        int blobs = 0;
        int withoutBranch = 0;
        try (Repository repository = open(folder);
                RevWalk walk = new RevWalk(repository)) {
            List<RevCommit> tips = new ArrayList<>();
            for (Ref ref : repository.getRefDatabase().getRefsByPrefix(Constants.R_HEADS)) {
                tips.add(walk.parseCommit(ref.getObjectId()));
            }
            assertTrue(tips.size() >= 10, tips.size() + " branches");
            for (Ref ref : repository.getRefDatabase().getRefsByPrefix(Constants.R_TAGS)) {
                RevObject object = walk.parseAny(ref.getObjectId());
                RevObject peeled = walk.peel(object);
                light += object instanceof RevCommit ? 1 : 0;
                annotated += object instanceof RevTag ? 1 : 0;
                nested += object instanceof RevTag tag && tag.getObject() instanceof RevTag ? 1 : 0;
                trees += object.getType() == Constants.OBJ_TREE ? 1 : 0;
                blobs += object.getType() == Constants.OBJ_BLOB ? 1 : 0;
                if (peeled instanceof RevCommit commit) {
                    boolean reached = false;
                    for (RevCommit tip : tips) {
                        reached |= walk.isMergedInto(commit, tip);
                    }
                    withoutBranch += reached ? 0 : 1;
                }
            }
        }
        List<Integer> counts = List.of(light, annotated, nested, trees, blobs, withoutBranch);
        assertTrue(counts.stream().allMatch(count -> count >= 2), "" + counts);
    }

    @Test
    void someCommitsAreOlderThanTheirParents() {
        long back = commits(commit ->
                Arrays.stream(commit.getParents()).anyMatch(parent -> parent.getCommitTime() > commit.getCommitTime()));
        assertTrue(back >= 3, back + " go back");
    }

    @Test
    void refsAreThoseThatTheResultNames() throws IOException {
        Map<String, String> found = new TreeMap<>();
        try (Repository repository = open(folder)) {
            for (Ref ref : repository.getRefDatabase().getRefsByPrefix("refs/")) {
                found.put(ref.getName(), ObjectId.toString(ref.getObjectId()));
            }
            assertEquals("refs/heads/main", repository.getFullBranch());
        }
        assertEquals(result.refs(), found);
    }

    @Test
    void theSameSeedGivesTheSameHashesAndAnotherOthers() throws IOException {
        Path again = shared.resolve("again");
        assertEquals(
                result.refs(),
                RepositoryGenerator.generate(again, new Options(COMMITS, 1, true))
                        .refs());
        try (Repository repository = open(again)) {
            assertTrue(repository.getObjectDatabase().has(Constants.EMPTY_TREE_ID));
        }
        Result other = RepositoryGenerator.generate(shared.resolve("other"), new Options(COMMITS, 2, true));
        assertNotEquals(result.refs().get("refs/heads/main"), other.refs().get("refs/heads/main"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 10, 57})
    void anySizeHasExactlyAsManyCommits(int commits) throws IOException {
        for (int seed = 0; seed < 8; seed++) {
            Path at = shared.resolve("size-" + commits + "-" + seed);
            assertEquals(
                    commits,
                    RepositoryGenerator.generate(at, new Options(commits, seed, true))
                            .commits());
        }
    }

    @Test
    void aRepositoryThatIsNotBareHasNoFilesCheckedOut() throws IOException {
        Path at = shared.resolve("work");
        Result made = RepositoryGenerator.generate(at, new Options(5, 1, false));
        try (Repository repository = open(at.resolve(".git"));
                Stream<Path> files = Files.list(at)) {
            assertFalse(repository.isBare());
            assertEquals(List.of(at.resolve(".git")), files.toList());
            assertEquals(made.refs().get("refs/heads/main"), ObjectId.toString(repository.resolve("HEAD")));
        }
    }

    @Test
    void aFolderThatHoldsARepositoryIsRefused() {
        assertThrows(IllegalStateException.class, () -> RepositoryGenerator.generate(folder, new Options(5, 1, true)));
        assertThrows(IllegalArgumentException.class, () -> new Options(0, 1, true));
    }
}
