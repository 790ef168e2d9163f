package io.donjon.cli;

import io.donjon.Store;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon export}. */
@Command(
        name = "export",
        header = "Write a snapshot to standard output, for import into another store.",
        description = {
            "",
            "The stream is the same on every machine, describes itself and is checked by checksums (docs/format.md"
                    + " section 8). With --base it has only what has changed since another snapshot of the tree.",
            ""
        },
        footer = {
            "",
            "Example:",
            "  donjon export /tmp/store fruit@monday > monday",
            "  donjon export /tmp/store fruit@tuesday --base fruit@monday > tuesday",
            "  donjon import /tmp/other fruit < monday",
            "  donjon import /tmp/other fruit < tuesday"
        })
final class ExportCommand extends StoreCommand {
    @Parameters(
            index = "1",
            paramLabel = "KEYSPACE@SNAPSHOT",
            converter = Target.Converter.class,
            description = "What to write.")
    private @Nullable Target target;

    @Option(
            names = "--base",
            paramLabel = "KEYSPACE@SNAPSHOT",
            converter = Target.Converter.class,
            description = "The snapshot that the other store has already.")
    private @Nullable Target base;

    @Override
    protected void check() {
        if (terminal().people()) {
            throw usage("a snapshot is written as bytes: lead standard output into a file or a program");
        }
    }

    @Override
    protected int run(Store store) throws IOException {
        store.exportSnapshot(
                Objects.requireNonNull(target, "picocli requires it").snapshot(store),
                base == null ? null : base.snapshot(store),
                terminal().out());
        return ExitCode.OK;
    }
}
