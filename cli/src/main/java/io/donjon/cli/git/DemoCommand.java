package io.donjon.cli.git;

import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.cli.BaseCommand;
import io.donjon.cli.ExitCode;
import io.donjon.perf.git.RepositoryGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon demo}. */
@Command(
        name = "demo",
        header = "See it work: a git history in a store, a clone that is changed, a race with a B+Tree.",
        description = {
            "",
            "Imports the repository that it stands in, or REPO, and compares up to 50 commits with git. Then it clones a"
                    + " snapshot, changes the clone, shows that the snapshot is as it was, and races a plain B+Tree for"
                    + " about a minute. Where there is no git history, it makes one. The store stays; run again, the"
                    + " demo goes on with it.",
            ""
        },
        footer = {"", "Example: donjon demo ~/src/project"})
public final class DemoCommand extends BaseCommand {
    private static final int SAMPLE = 50;
    private static final int COMMITS_MADE = 500;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "REPO",
            description = "A bare repository or a working tree (default: the one around the current folder).")
    private @Nullable Path repository;

    @Option(
            names = "--store",
            paramLabel = "DIR",
            description = "The store's folder (default: donjon-demo; in Donjon's own working tree target/demo).")
    private @Nullable Path store;

    @Option(names = "--quick", description = "Race over a tenth of the data: figures of little worth in seconds.")
    private boolean quick;

    @Override
    public Integer call() throws IOException {
        Path folder = store == null ? standardFolder() : store;
        Path source = source(folder);
        title("1. The history of " + source.toAbsolutePath().normalize()
                + ": every commit a snapshot, every branch a clone");
        GitRepository.open(source).close();
        boolean clean;
        DemoClone clone;
        boolean isNew = !Files.exists(folder);
        try (Store opened = Store.open(StoreOptions.at(folder).createIfMissing(true))) {
            if (isNew) {
                // Whatever repository it stands in need not know of it.
                Files.writeString(folder.resolve(".gitignore"), "*\n");
            }
            ImportResult imported =
                    GitImport.run(opened, source, null, terminal().progress());
            say(ImportGitCommand.text(imported));

            title("2. Commits chosen at random, read back and compared byte for byte");
            CheckResult checked =
                    GitCheck.run(opened, source, null, SAMPLE, terminal().progress());
            say(CheckGitCommand.text(checked));
            clean = checked.isClean();

            title("3. A snapshot is cloned, and the clone changed");
            clone = DemoClone.make(opened, imported);
            say(clone.text());
        }
        title("4. A race with a plain B+Tree");
        DemoRace race = new DemoRace(quick, folder.toAbsolutePath().getParent());
        say(race.before());
        terminal().println("");
        terminal().out().flush();
        say(race.run(terminal()));

        title("5. What to try next");
        say(clone.nextCommands(quoted(folder.toString()), quoted(source.toString())));
        return clean && clone.isUntouched() ? ExitCode.OK : ExitCode.FINDING;
    }

    private static Path standardFolder() {
        boolean own = Files.isExecutable(Path.of("donjon")) && Files.exists(Path.of("cli", "pom.xml"));
        return own ? Path.of("target", "demo") : Path.of("donjon-demo");
    }

    /** The repository asked for, or the one around the current folder, or one made for the purpose. */
    private Path source(Path folder) throws IOException {
        if (repository != null) {
            return repository;
        }
        Path here = Path.of("").toAbsolutePath();
        Path around = GitRepository.around(here);
        if (around != null && hasCommits(around)) {
            return around.equals(here) ? Path.of(".") : around;
        }
        Path made = folder.resolveSibling(folder.getFileName() + "-repository");
        if (!Files.exists(made)) {
            say("There is no git history here, so one of " + COMMITS_MADE + " commits is made in " + made + ".\n");
            terminal().out().flush();
            RepositoryGenerator.generate(made, new RepositoryGenerator.Options(COMMITS_MADE, 1, true));
        }
        return made;
    }

    private static boolean hasCommits(Path folder) throws IOException {
        try (GitRepository opened = GitRepository.open(folder)) {
            return !opened.pointers(new ArrayList<>()).branches().isEmpty();
        }
    }

    private void title(String text) throws IOException {
        terminal().println("\n" + text + "\n");
        terminal().out().flush();
    }

    /** Prints lines, indented. */
    private void say(String text) throws IOException {
        for (String line : text.stripTrailing().split("\n", -1)) {
            if (!line.isEmpty()) {
                terminal().print("   " + line);
            }
            terminal().print("\n");
        }
    }

    /** As a shell takes it for one word. */
    static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
