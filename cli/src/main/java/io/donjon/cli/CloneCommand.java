package io.donjon.cli;

import io.donjon.Store;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code donjon clone}. */
@Command(
        name = "clone",
        header = "Make a keyspace that begins as a snapshot and goes its own way.",
        description = {"", "It takes no copy: its cost depends on nothing. The snapshot stays as it is.", ""},
        footer = {"", "Example: donjon clone /tmp/store fruit@monday experiment"})
final class CloneCommand extends StoreCommand {
    @Parameters(
            index = "1",
            paramLabel = "KEYSPACE@SNAPSHOT",
            converter = Target.Converter.class,
            description = "What to clone.")
    private @Nullable Target target;

    @Parameters(index = "2", paramLabel = "NEW", description = "The new keyspace's name.")
    private @Nullable String name;

    @Override
    protected int run(Store store) {
        Objects.requireNonNull(target, "picocli requires it")
                .snapshot(store)
                .cloneAs(Objects.requireNonNull(name, "picocli requires it"));
        return ExitCode.OK;
    }
}
