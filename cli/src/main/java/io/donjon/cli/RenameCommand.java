package io.donjon.cli;

import io.donjon.Store;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code donjon rename}. */
@Command(
        name = "rename",
        header = "Give a keyspace or snapshot another name.",
        footer = {"", "Example: donjon rename /tmp/store fruit@monday first"})
final class RenameCommand extends StoreCommand {
    @Parameters(
            index = "1",
            paramLabel = "KEYSPACE[@SNAPSHOT]",
            converter = Target.Converter.class,
            description = "What to rename.")
    private @Nullable Target target;

    @Parameters(index = "2", paramLabel = "NAME", description = "The new name of the keyspace or of the snapshot.")
    private @Nullable String name;

    @Override
    protected int run(Store store) {
        Target from = Objects.requireNonNull(target, "picocli requires it");
        String to = Objects.requireNonNull(name, "picocli requires it");
        if (from.snapshot() == null) {
            from.keyspace(store).rename(to);
        } else {
            from.snapshot(store).rename(to);
        }
        return ExitCode.OK;
    }
}
