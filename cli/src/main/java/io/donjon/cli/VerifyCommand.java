package io.donjon.cli;

import io.donjon.Store;
import io.donjon.VerifyReport;
import io.donjon.perf.compare.Json;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code donjon verify}. */
@Command(
        name = "verify",
        header = "Read everything on the disks and compare it with its checksums and with each other.",
        description = {"", "Every damage is reported with disk, file and offset; the exit code is 1 then.", ""},
        footer = {"", "Example: donjon verify /tmp/store"})
final class VerifyCommand extends StoreCommand {
    @Option(names = "--json", description = "Print one object.")
    private boolean json;

    @Override
    protected int run(Store store) throws IOException {
        VerifyReport report = await("verify", store.verify());
        if (json) {
            Map<String, @Nullable Object> fields = Records.fields(report);
            fields.put("clean", report.clean());
            terminal().println(Json.of(fields));
        } else {
            print(report);
        }
        return report.clean() ? ExitCode.OK : ExitCode.FINDING;
    }

    private void print(VerifyReport report) throws IOException {
        for (VerifyReport.Problem problem : report.problems()) {
            terminal().println(problem.place() + ": " + problem.what());
        }
        terminal()
                .println(String.format(
                        Locale.ROOT,
                        "%s: %,d arrays, %,d blocks, %,d entries, %,d log groups, %,d bytes",
                        report.clean() ? "sound" : report.problems().size() + " damaged",
                        report.arrays(),
                        report.blocks(),
                        report.entries(),
                        report.logGroups(),
                        report.bytes()));
    }
}
