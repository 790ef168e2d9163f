package io.donjon.cli;

import io.donjon.DonjonException;
import io.donjon.cli.git.CheckGitCommand;
import io.donjon.cli.git.DemoCommand;
import io.donjon.cli.git.ImportGitCommand;
import io.donjon.cli.kill.KillTestCommand;
import io.donjon.perf.compare.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.logging.LogManager;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;

/** {@code donjon}: all commands, and how they end. */
@Command(
        name = "donjon",
        versionProvider = Main.Version.class,
        header = "A versioned, write-optimised key-value store.",
        description = {
            "",
            "A version is written KEYSPACE or KEYSPACE@SNAPSHOT. Keys and values are bytes: an argument stands for its"
                    + " text in UTF-8, hex:00ff for bytes in hexadecimal, text:... for text that begins with \"hex:\""
                    + " or \"text:\", - for what is on standard input.",
            ""
        },
        footer = {
            "",
            "Example:",
            "  donjon create /tmp/store",
            "  donjon put /tmp/store fruit apple red",
            "  donjon snapshot /tmp/store fruit monday",
            "  donjon put /tmp/store fruit apple green",
            "  donjon get /tmp/store fruit@monday apple"
        },
        subcommands = {
            CreateCommand.class,
            GetCommand.class,
            PutCommand.class,
            DeleteCommand.class,
            ScanCommand.class,
            SnapshotCommand.class,
            CloneCommand.class,
            RollbackCommand.class,
            DropCommand.class,
            RenameCommand.class,
            DiffCommand.class,
            ExportCommand.class,
            ImportCommand.class,
            BackupCommand.class,
            RestoreCommand.class,
            VersionsCommand.class,
            StatsCommand.class,
            VerifyCommand.class,
            CleanCommand.class,
            ImportGitCommand.class,
            CheckGitCommand.class,
            DemoCommand.class,
            BenchCommand.class,
            KillTestCommand.class,
            HelpCommand.class
        })
public final class Main implements Callable<Integer> {
    private final Terminal terminal;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("unused") // picocli acts on it
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version.")
    @SuppressWarnings("unused") // picocli acts on it
    private boolean version;

    private Main(Terminal terminal) {
        this.terminal = terminal;
    }

    Terminal terminal() {
        return terminal;
    }

    /** Without a command, what the commands are. */
    @Override
    public Integer call() {
        commandLine(terminal).usage(terminal.err());
        return ExitCode.USAGE;
    }

    /** The process's entry. */
    public static void main(String[] args) throws IOException {
        try (InputStream settings = Main.class.getResourceAsStream("logging.properties")) {
            LogManager.getLogManager().readConfiguration(settings);
        }
        System.exit(run(args, Terminal.ofProcess()));
    }

    /** Runs one command on streams that nobody looks at; for tests. */
    static int run(String[] args, InputStream in, OutputStream out, PrintStream err) {
        return run(args, new Terminal(in, out, err, Progress.NONE, false, true));
    }

    static int run(String[] args, Terminal terminal) {
        StringWriter help = new StringWriter();
        int code = commandLine(terminal)
                .setOut(new PrintWriter(help))
                .setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8))
                .execute(args);
        try {
            terminal.print(help.toString());
            terminal.out().flush();
        } catch (IOException e) {
            return report(terminal, e, false);
        }
        return code;
    }

    static CommandLine commandLine(Terminal terminal) {
        CommandLine line = new CommandLine(new Main(terminal));
        line.setParameterExceptionHandler((e, args) -> {
            terminal.err().println("donjon: " + oneLine(e.getMessage()));
            String name = e.getCommandLine().getCommandSpec().qualifiedName();
            terminal.err().println("donjon: '" + name + " --help' shows how it is called");
            return ExitCode.USAGE;
        });
        line.setExecutionExceptionHandler((e, failed, parsed) -> {
            boolean stacktrace = failed.getCommand() instanceof BaseCommand command && command.stacktrace();
            return report(terminal, e, stacktrace);
        });
        describe(line);
        return line;
    }

    /** Gives every command's help what all have in common. */
    private static void describe(CommandLine line) {
        line.setUsageHelpWidth(100).setCaseInsensitiveEnumValuesAllowed(true);
        line.getCommandSpec()
                .usageMessage()
                .exitCodeListHeading("%nExit codes:%n")
                .exitCodeList(ExitCode.descriptions())
                .sortOptions(false);
        line.getSubcommands().values().forEach(Main::describe);
    }

    private static int report(Terminal terminal, Exception e, boolean stacktrace) {
        boolean closed = e instanceof IOException && "Broken pipe".equals(e.getMessage());
        if (stacktrace) {
            e.printStackTrace(terminal.err());
        } else if (!closed) {
            terminal.err().println("donjon: " + message(e));
        }
        return e instanceof IllegalArgumentException ? ExitCode.USAGE : ExitCode.FAILED;
    }

    private static String message(Exception e) {
        Throwable cause = e instanceof UncheckedIOException ? Objects.requireNonNullElse(e.getCause(), e) : e;
        if (cause instanceof NoSuchFileException missing) {
            return missing.getFile() + ": there is no such file or folder";
        }
        if (cause instanceof AccessDeniedException denied) {
            return denied.getFile() + ": access is not allowed";
        }
        boolean known = e instanceof DonjonException
                || e instanceof Failure
                || e instanceof IllegalArgumentException
                || cause instanceof FileSystemException;
        String message = oneLine(cause.getMessage());
        return known && !message.isEmpty() ? message : cause.getClass().getSimpleName() + ": " + message;
    }

    private static String oneLine(@Nullable String message) {
        return message == null ? "" : message.strip().replaceAll("\\s*[\r\n]+\\s*", "; ");
    }

    /** The version of the build. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() throws IOException {
            Properties properties = new Properties();
            try (InputStream in = Main.class.getResourceAsStream("version.properties")) {
                properties.load(in);
            }
            return new String[] {"donjon " + properties.getProperty("version")};
        }
    }
}
