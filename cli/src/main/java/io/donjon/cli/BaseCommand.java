package io.donjon.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What all commands have. */
public abstract class BaseCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("unused") // picocli acts on it
    private boolean help;

    @Option(names = "--stacktrace", description = "Show where in the program an error came from.")
    private boolean stacktrace;

    /** What the command reads from and writes to. */
    protected final Terminal terminal() {
        return ((Main) spec().root().userObject()).terminal();
    }

    /** Whether errors are to be shown with their stack trace. */
    final boolean stacktrace() {
        return stacktrace;
    }

    /** Something is wrong with the command line; to be thrown. */
    protected final ParameterException usage(String message) {
        return new ParameterException(spec().commandLine(), message);
    }

    /** Standard input can be read once only. */
    final void requireOneInput(Stream<? extends @Nullable Argument> arguments) {
        if (arguments.filter(argument -> argument != null && argument.isInput()).count() > 1) {
            throw usage("only one of the arguments can be on standard input");
        }
    }

    /** Where a scan begins or ends is said on the command line. */
    final void requireNoInput(Stream<? extends @Nullable Argument> bounds) {
        if (bounds.anyMatch(bound -> bound != null && bound.isInput())) {
            throw usage("a bound of a scan cannot be on standard input: text:- is the text '-'");
        }
    }

    private CommandSpec spec() {
        return Objects.requireNonNull(spec, "picocli has not set it");
    }
}
