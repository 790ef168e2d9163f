package io.donjon.cli;

import io.donjon.Compression;
import io.donjon.perf.compare.Compare;
import io.donjon.perf.compare.Fairness;
import io.donjon.perf.compare.MemoryCheck;
import io.donjon.perf.compare.Report;
import io.donjon.perf.compare.Versions;
import io.donjon.perf.git.RepositoryGenerator;
import io.donjon.perf.micro.Micro;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon bench}. */
@Command(
        name = "bench",
        header = "Measure, and make what is measured.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "Example: donjon bench compare --records 300000 --cache-mb 8"},
        subcommands = {
            BenchCommand.CompareCommand.class,
            BenchCommand.VersionsCommand.class,
            BenchCommand.FairnessCommand.class,
            BenchCommand.MicroCommand.class,
            BenchCommand.MemoryCommand.class,
            BenchCommand.GitCommand.class
        })
final class BenchCommand extends BaseCommand {
    @Override
    public Integer call() {
        throw usage("which benchmark: compare, versions, fairness, micro, memory or generate-git?");
    }

    /** {@code donjon bench compare}. */
    @Command(
            name = "compare",
            header = "Race Donjon and a plain B+Tree over the same data.",
            footer = {
                "",
                "Example:",
                "  donjon bench compare --records 300000 --cache-mb 8 --workloads load-random,scan-full --json rows.json"
            })
    static final class CompareCommand extends BaseCommand {
        private static final Compare.Options STANDARD = Compare.Options.standard(1_000_000);

        @Option(
                names = "--engines",
                split = ",",
                paramLabel = "NAME",
                description = "Engines: donjon, btree (default: both).")
        private List<String> engines = STANDARD.engines();

        @Option(
                names = "--workloads",
                split = ",",
                paramLabel = "NAME",
                description = "Workloads: load-random, load-sequential, read-hit, read-miss, scan-full, scan-100, mixed"
                        + " (default: all).")
        private List<String> workloads = STANDARD.workloads();

        @Option(names = "--records", paramLabel = "N", description = "Records (default: 1000000).")
        private long records = STANDARD.records();

        @Option(names = "--key", paramLabel = "BYTES", description = "Length of keys (default: 16).")
        private int keyBytes = STANDARD.keyBytes();

        @Option(names = "--value", paramLabel = "BYTES", description = "Length of values (default: 100).")
        private int valueBytes = STANDARD.valueBytes();

        @Option(
                names = "--operations",
                paramLabel = "N",
                description = "Operations of the workloads on single records (default: 100000).")
        private long operations = STANDARD.operations();

        @Option(
                names = "--cache-mb",
                paramLabel = "MIB",
                description =
                        "Memory of each engine, whose files then bypass the page cache (default: 256 MiB, and they do"
                                + " not).")
        private long cacheMb = STANDARD.cacheMb();

        @Option(
                names = "--compression",
                paramLabel = "METHOD",
                description = "How Donjon compresses: none, lz4, zstd (default: lz4).")
        private Compression compression = STANDARD.compression();

        @Option(names = "--seed", paramLabel = "S", description = "Decides the data and all orders (default: 1).")
        private long seed = STANDARD.seed();

        @Option(
                names = "--repetitions",
                paramLabel = "N",
                description = "How often all is measured; the medians count (default: 1).")
        private int repetitions = STANDARD.repetitions();

        @Option(
                names = "--folder",
                paramLabel = "DIR",
                description = "Where the stores go while they are measured (default: the folder of temporary files).")
        private @Nullable Path folder;

        @Option(names = "--json", paramLabel = "FILE", description = "Write the rows to this file.")
        private @Nullable Path json;

        @Option(names = "--plot", paramLabel = "DIR", description = "Draw the rates into this folder, as SVG.")
        private @Nullable Path plots;

        @Override
        public Integer call() throws IOException {
            Compare.Options options = new Compare.Options(
                    engines,
                    workloads,
                    records,
                    keyBytes,
                    valueBytes,
                    operations,
                    cacheMb,
                    compression,
                    seed,
                    repetitions,
                    folder,
                    json,
                    plots);
            Report report = Compare.run(options, terminal().progress());
            terminal().print(report.text());
            return ExitCode.OK;
        }
    }

    /** {@code donjon bench versions}. */
    @Command(
            name = "versions",
            header = "The papers' experiment: versions in Donjon and in a copy-on-write B+Tree, over growing data.",
            description = {
                "",
                "Every row is measured after so many inserts. An engine that has used up its time is measured where it"
                        + " stopped, and the others there too.",
                ""
            },
            footer = {
                "",
                "Example:",
                "  donjon bench versions --workload paper --records 1000000 --versions 20 --cache-mb 8 --plot plots"
            })
    static final class VersionsCommand extends BaseCommand {
        private static final String PAPER = "paper";
        private static final Versions.Options STANDARD = Versions.Options.standard(PAPER);

        @Option(
                names = "--workload",
                paramLabel = "NAME",
                description = "paper, chain, star, forest, hotkeys or keyspaces (default: paper).")
        private String workload = PAPER;

        @Option(
                names = "--engines",
                split = ",",
                paramLabel = "NAME",
                description = "Engines: donjon, donjon-flat (strata off), cow-btree (default: all).")
        private List<String> engines = STANDARD.engines();

        @Option(
                names = "--records",
                paramLabel = "N",
                description =
                        "paper, keyspaces: records written in all; else records of the base, of which each version"
                                + " changes 1 %% (default: 1000000; keyspaces: 200000).")
        private @Nullable Integer records;

        @Option(
                names = "--versions",
                paramLabel = "N",
                description = "paper: versions in all; keyspaces: keyspaces; else versions beside the base (default:"
                        + " 100; keyspaces: 10000).")
        private @Nullable Integer versions;

        @Option(names = "--key", paramLabel = "BYTES", description = "Length of keys (default: 16).")
        private int keyBytes = STANDARD.keyBytes();

        @Option(names = "--value", paramLabel = "BYTES", description = "Length of values (default: 84).")
        private int valueBytes = STANDARD.valueBytes();

        @Option(
                names = "--operations",
                paramLabel = "N",
                description = "Point reads at each point, and a twentieth as many ranges of 1000 (default: 10000).")
        private int operations = STANDARD.operations();

        @Option(
                names = "--seconds",
                paramLabel = "S",
                description = "How long each engine may write in all (default: 600).")
        private int seconds = STANDARD.seconds();

        @Option(
                names = "--cache-mb",
                paramLabel = "MIB",
                description =
                        "Memory of each engine, whose files then bypass the page cache (default: 256 MiB, and they do"
                                + " not).")
        private long cacheMb = STANDARD.cacheMb();

        @Option(
                names = "--compression",
                paramLabel = "METHOD",
                description = "How Donjon compresses: none, lz4, zstd (default: none).")
        private Compression compression = STANDARD.compression();

        @Option(names = "--seed", paramLabel = "S", description = "Decides the data and all orders (default: 1).")
        private long seed = STANDARD.seed();

        @Option(
                names = "--repetitions",
                paramLabel = "N",
                description = "How often that is timed which is compared with a store of its own; the medians count"
                        + " (default: 5).")
        private int repetitions = STANDARD.repetitions();

        @Option(
                names = "--folder",
                paramLabel = "DIR",
                description = "Where the stores go while they are measured (default: the folder of temporary files).")
        private @Nullable Path folder;

        @Option(names = "--json", paramLabel = "FILE", description = "Write the rows to this file.")
        private @Nullable Path json;

        @Option(names = "--plot", paramLabel = "DIR", description = "Draw the rates into this folder, as SVG.")
        private @Nullable Path plots;

        @Override
        public Integer call() throws IOException {
            Versions.Options standard = Versions.Options.standard(workload);
            Versions.Options options = new Versions.Options(
                    workload,
                    engines,
                    Objects.requireNonNullElse(records, standard.records()),
                    Objects.requireNonNullElse(versions, standard.versions()),
                    keyBytes,
                    valueBytes,
                    operations,
                    seconds,
                    cacheMb,
                    compression,
                    seed,
                    repetitions,
                    folder,
                    json,
                    plots);
            terminal().print(Versions.run(options, terminal().progress()).text());
            return ExitCode.OK;
        }
    }

    /** {@code donjon bench fairness}. */
    @Command(
            name = "fairness",
            header = "Compare the plain B+Tree with H2's MVStore, to see that it is a fair rival.",
            description = {"", "The exit code is 1 if it is not.", ""},
            footer = {"", "Example: donjon bench fairness"})
    static final class FairnessCommand extends BaseCommand {
        @Option(names = "--json", paramLabel = "FILE", description = "Write the rows to this file.")
        private @Nullable Path json;

        @Override
        public Integer call() throws IOException {
            Fairness.Result result =
                    Fairness.run(Fairness.Options.standard(), terminal().progress());
            terminal().print(result.text());
            if (json != null) {
                Files.writeString(json, result.json());
            }
            return result.fair() ? ExitCode.OK : ExitCode.FINDING;
        }
    }

    /** {@code donjon bench micro}. */
    @Command(
            name = "micro",
            header = "Time single operations, by JMH.",
            footer = {"", "Example: donjon bench micro get"})
    static final class MicroCommand extends BaseCommand {
        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "PATTERN",
                defaultValue = "",
                description = "Only benchmarks of whose name this regular expression matches a part.")
        private String pattern = "";

        @Option(names = "--json", paramLabel = "FILE", description = "Write the rows to this file.")
        private @Nullable Path json;

        @Override
        public Integer call() throws IOException {
            List<Micro.Row> rows = Micro.run(pattern);
            terminal().print(Micro.text(rows));
            if (json != null) {
                Files.writeString(json, Micro.json(rows));
            }
            return ExitCode.OK;
        }
    }

    /** {@code donjon bench memory}. */
    @Command(
            name = "memory",
            header = "Load and read records in a process of its own, and see that it stays within its memory limit.",
            description = {
                "",
                "The process has a heap of half the limit and 64 MiB. The exit code is 1 if more of it was in memory"
                        + " at a time than the limit and 300 MiB.",
                ""
            },
            footer = {"", "Example: donjon bench memory --records 10000000 --memory-mb 256"})
    static final class MemoryCommand extends BaseCommand {
        @Option(names = "--records", paramLabel = "N", description = "Records (default: 10000000).")
        private long records = 10_000_000;

        @Option(names = "--memory-mb", paramLabel = "MIB", description = "The limit (default: 256).")
        private long memoryMb = 256;

        @Option(names = "--seed", paramLabel = "S", description = "Decides the data and all orders (default: 1).")
        private long seed = 1;

        @Option(
                names = "--folder",
                paramLabel = "DIR",
                description = "Where the store goes meanwhile (default: the folder of temporary files).")
        private @Nullable Path folder;

        @Override
        public Integer call() throws IOException {
            MemoryCheck.Result result = MemoryCheck.run(
                    new MemoryCheck.Options(records, memoryMb << 20, seed, folder), terminal()::println);
            terminal().println(result.text());
            return result.holds() ? ExitCode.OK : ExitCode.FINDING;
        }
    }

    /** {@code donjon bench generate-git}. */
    @Command(
            name = "generate-git",
            header = "Make a git repository with everything that git allows.",
            description = {"", "The same number and seed give the same hashes everywhere.", ""},
            footer = {"", "Example: donjon bench generate-git /tmp/repo --commits 3000 --seed 1"})
    static final class GitCommand extends BaseCommand {
        @Parameters(index = "0", paramLabel = "FOLDER", description = "Where it goes.")
        private @Nullable Path folder;

        @Option(names = "--commits", required = true, paramLabel = "N", description = "How many commits.")
        private int commits;

        @Option(names = "--seed", required = true, paramLabel = "S", description = "Decides everything.")
        private long seed;

        @Option(names = "--bare", description = "The repository is the folder itself, rather than .git in it.")
        private boolean bare;

        @Override
        public Integer call() throws IOException {
            RepositoryGenerator.Result result = RepositoryGenerator.generate(
                    Objects.requireNonNull(folder, "picocli requires it"),
                    new RepositoryGenerator.Options(commits, seed, bare));
            terminal().println(result.commits() + " commits, " + result.refs().size() + " refs");
            return ExitCode.OK;
        }
    }
}
