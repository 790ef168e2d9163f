package io.donjon.cli;

import io.donjon.Store;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code donjon snapshot}. */
@Command(
        name = "snapshot",
        header = "Keep a keyspace's present content under a name.",
        description = {"", "It takes no copy: its cost depends on nothing.", ""},
        footer = {"", "Example: donjon snapshot /tmp/store fruit monday"})
final class SnapshotCommand extends StoreCommand {
    @Parameters(
            index = "1",
            paramLabel = "KEYSPACE",
            converter = Target.Converter.class,
            description = "What to take a snapshot of.")
    private @Nullable Target target;

    @Parameters(index = "2", paramLabel = "NAME", description = "The snapshot's name, unique within the tree.")
    private @Nullable String name;

    @Override
    protected int run(Store store) {
        Objects.requireNonNull(target, "picocli requires it")
                .keyspace(store)
                .snapshot(Objects.requireNonNull(name, "picocli requires it"));
        return ExitCode.OK;
    }
}
