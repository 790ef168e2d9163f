package io.donjon.cli;

import io.donjon.Store;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code donjon import}. */
@Command(
        name = "import",
        header = "Take a snapshot in that export wrote, from standard input.",
        description = {
            "",
            "All of a snapshot makes a new keyspace. What has changed since another one is for a keyspace that comes"
                    + " from that and has not been written to since. Either way the keyspace goes on from the new"
                    + " snapshot, which keeps its name. A stream that is damaged or ends early changes nothing.",
            ""
        },
        footer = {"", "Example: donjon import /tmp/other fruit < monday"})
final class ImportCommand extends StoreCommand {
    @Parameters(index = "1", paramLabel = "KEYSPACE", description = "The keyspace, without a snapshot.")
    private @Nullable String keyspace;

    @Override
    protected int run(Store store) throws IOException {
        String name = Objects.requireNonNull(keyspace, "picocli requires it");
        String snapshot = store.importSnapshot(terminal().in(), name).version().name();
        terminal().println(name + "@" + snapshot);
        return ExitCode.OK;
    }
}
