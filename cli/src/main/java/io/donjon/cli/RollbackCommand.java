package io.donjon.cli;

import io.donjon.Store;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code donjon rollback}. */
@Command(
        name = "rollback",
        header = "Let a keyspace go on from a snapshot.",
        description = {"", "What was written since is gone from the keyspace; later snapshots stay.", ""},
        footer = {"", "Example: donjon rollback /tmp/store fruit@monday"})
final class RollbackCommand extends StoreCommand {
    @Parameters(
            index = "1",
            paramLabel = "KEYSPACE@SNAPSHOT",
            converter = Target.Converter.class,
            description = "The keyspace, and where it goes on from.")
    private @Nullable Target target;

    @Override
    protected int run(Store store) {
        Target to = Objects.requireNonNull(target, "picocli requires it");
        new Target(to.keyspace(), null).keyspace(store).rollback(to.snapshot(store));
        return ExitCode.OK;
    }
}
