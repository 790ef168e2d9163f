package io.donjon.cli.git;

import io.donjon.Store;
import io.donjon.cli.ExitCode;
import io.donjon.cli.StoreCommand;
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

/** {@code donjon check-git}. */
@Command(
        name = "check-git",
        header = "Compare an imported git repository with the store, byte for byte.",
        description = {
            "",
            "What the store reads as KEYSPACE@HASH is compared with what 'git ls-tree -r --full-tree HASH' prints, for"
                    + " every commit or for some chosen at random; where git is not installed, with what JGit reads."
                    + " Every branch's keyspace must go on from the branch's tip.",
            ""
        },
        footer = {"", "Example: donjon check-git /tmp/store ~/src/project --sample 50"})
public final class CheckGitCommand extends StoreCommand {
    @Parameters(
            index = "1",
            paramLabel = "REPO",
            description = "A bare repository, a working tree, or the .git folder of one.")
    private @Nullable Path repository;

    @Option(names = "--keyspace", paramLabel = "NAME", description = "The name that it was imported under.")
    private @Nullable String keyspace;

    @Option(names = "--sample", paramLabel = "N", description = "How many commits to compare (default: all).")
    private int sample = Integer.MAX_VALUE;

    @Option(names = "--json", description = "Print a JSON object.")
    private boolean json;

    @Override
    protected void check() {
        KeyspaceNames.check(keyspace);
        if (sample < 1) {
            throw usage("--sample " + sample + ": must be at least 1");
        }
    }

    @Override
    protected int run(Store store) throws IOException {
        Path folder = Objects.requireNonNull(repository, "picocli requires it");
        CheckResult result =
                GitCheck.run(store, folder, keyspace, sample, terminal().progress());
        terminal().print(json ? json(result) + "\n" : text(result));
        return result.isClean() ? ExitCode.OK : ExitCode.FINDING;
    }

    private static String json(CheckResult result) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("commits", result.commits());
        fields.put("checked", result.checked());
        fields.put("lines", result.lines());
        fields.put("against", result.against());
        fields.put("mismatches", result.mismatches());
        fields.put("examples", result.examples());
        fields.put("seconds", result.seconds());
        return Json.of(fields);
    }

    static String text(CheckResult result) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%,d of %,d commits compared with %s, %,d lines: %s (%.1f s)%n",
                result.checked(),
                result.commits(),
                result.against(),
                result.lines(),
                result.isClean() ? "all equal" : String.format(Locale.ROOT, "%,d mismatches", result.mismatches()),
                result.seconds()));
        result.examples().forEach(example -> text.append("  ").append(example).append('\n'));
        if (result.mismatches() > result.examples().size()) {
            text.append(String.format(
                    Locale.ROOT,
                    "  and %,d more%n",
                    result.mismatches() - result.examples().size()));
        }
        return text.toString();
    }
}
