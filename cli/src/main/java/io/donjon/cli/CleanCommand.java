package io.donjon.cli;

import io.donjon.CleanReport;
import io.donjon.Store;
import io.donjon.perf.compare.Json;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code donjon clean}. */
@Command(
        name = "clean",
        header = "Give back all space that dropped versions have left, and bring arrays together.",
        description = {
            "",
            "A store does that by itself where it pays; this does it to the end, and writes much of the store anew.",
            ""
        },
        footer = {"", "Example: donjon clean /tmp/store"})
final class CleanCommand extends StoreCommand {
    @Option(names = "--json", description = "Print one object.")
    private boolean json;

    @Override
    protected int run(Store store) throws IOException {
        CleanReport report = await("clean", store.clean());
        if (json) {
            terminal().println(Json.of(Records.fields(report)));
        } else {
            terminal()
                    .println(String.format(
                            Locale.ROOT,
                            "%,d arrays of %,d bytes became %,d of %,d bytes; %,d dropped unread, %,d merges",
                            report.arraysBefore(),
                            report.bytesBefore(),
                            report.arrays(),
                            report.bytes(),
                            report.dropped(),
                            report.merges()));
        }
        return ExitCode.OK;
    }
}
