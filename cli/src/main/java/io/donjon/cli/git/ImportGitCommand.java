package io.donjon.cli.git;

import io.donjon.Store;
import io.donjon.cli.ExitCode;
import io.donjon.cli.StoreCommand;
import io.donjon.cli.git.ImportResult.Branch;
import io.donjon.cli.git.ImportResult.Root;
import io.donjon.perf.compare.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon import-git}. */
@Command(
        name = "import-git",
        header = "Import a git repository: every commit a snapshot, every branch a clone.",
        description = {
            "",
            "All commits that HEAD, a branch (local or remote-tracking) or a tag reaches become snapshots named by their"
                    + " full hash; a commit's parent is its first parent. A key is a path; 'donjon scan STORE"
                    + " KEYSPACE@HASH --format git' prints what 'git ls-tree -r --full-tree HASH' prints.",
            "",
            "Every branch becomes a keyspace of its name, in which '/', '@', '%%' and control characters are written"
                    + " %%XX: feature/x is feature%%2Fx. A detached HEAD becomes HEAD. Each root commit begins a tree of"
                    + " its own, and KEYSPACE@HASH is any commit of the keyspace's tree; a tree in which no branch ends"
                    + " gets a keyspace 'root:' and 12 digits of its root. With --keyspace NAME, HEAD's commit is the"
                    + " keyspace NAME, and all others are NAME:branch and NAME:root:..., so that several repositories"
                    + " fit in a store.",
            "",
            "Run again, it adds new commits only and moves the keyspaces to where their branches are; also after it was"
                    + " interrupted. A keyspace that was written to is not moved: if its branch has moved, nothing is"
                    + " imported and the error names it. Keyspaces of branches that are gone stay. A store that is not"
                    + " there is created.",
            ""
        },
        footer = {"", "Example: donjon import-git /tmp/store ~/src/project"})
public final class ImportGitCommand extends StoreCommand {
    /** Branches that are listed for people. */
    private static final int LISTED_MAX = 12;

    @Parameters(
            index = "1",
            paramLabel = "REPO",
            description = "A bare repository, a working tree, or the .git folder of one.")
    private @Nullable Path repository;

    @Option(
            names = "--keyspace",
            paramLabel = "NAME",
            description = "HEAD's keyspace, and what the other keyspaces' names begin with.")
    private @Nullable String keyspace;

    @Option(names = "--json", description = "Print a JSON object.")
    private boolean json;

    @Override
    protected boolean createsStore() {
        return true;
    }

    @Override
    protected void check() {
        KeyspaceNames.check(keyspace);
        GitRepository.open(folder()).close();
    }

    private Path folder() {
        return Objects.requireNonNull(repository, "picocli requires it");
    }

    @Override
    protected int run(Store store) throws IOException {
        ImportResult result =
                GitImport.run(store, folder(), keyspace, terminal().progress());
        terminal().print(json ? json(result) + "\n" : text(result));
        return ExitCode.OK;
    }

    private static String json(ImportResult result) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("commits", result.commits());
        fields.put("commitsThere", result.commitsThere());
        fields.put("changes", result.changes());
        fields.put("seconds", result.seconds());
        fields.put("head", result.head());
        fields.put(
                "branches",
                result.branches().stream().map(ImportGitCommand::fields).toList());
        fields.put(
                "roots", result.roots().stream().map(ImportGitCommand::fields).toList());
        fields.put("notes", result.notes());
        return Json.of(fields);
    }

    private static Map<String, Object> fields(Branch branch) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("keyspace", branch.keyspace());
        fields.put("ref", branch.ref());
        fields.put("commit", branch.commit());
        fields.put("action", branch.action().name().toLowerCase(Locale.ROOT));
        return fields;
    }

    private static Map<String, Object> fields(Root root) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("commit", root.commit());
        fields.put("keyspace", root.keyspace());
        return fields;
    }

    static String text(ImportResult result) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "imported %,d new commits, %,d were there: %,d changes of files in %.1f s%n",
                result.commits(),
                result.commitsThere(),
                result.changes(),
                result.seconds()));
        result.branches().stream()
                .limit(LISTED_MAX)
                .forEach(branch -> text.append(String.format(
                        "  %s@%s  %s%n",
                        branch.keyspace(),
                        branch.commit(),
                        branch.action().name().toLowerCase(Locale.ROOT))));
        if (result.branches().size() > LISTED_MAX) {
            text.append(String.format(
                    Locale.ROOT, "  and %,d more branches%n", result.branches().size() - LISTED_MAX));
        }
        result.notes().forEach(note -> text.append("note: ").append(note).append('\n'));
        return text.toString();
    }
}
