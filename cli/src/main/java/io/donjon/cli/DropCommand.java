package io.donjon.cli;

import io.donjon.Store;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code donjon drop}. */
@Command(
        name = "drop",
        header = "Drop keyspaces and snapshots.",
        description = {
            "",
            "A keyspace's snapshots stay, and are still written KEYSPACE@SNAPSHOT if the tree has the keyspace's name;"
                    + " what grew from a snapshot stays as well. Targets are dropped in their order, up to the first"
                    + " that cannot be.",
            ""
        },
        footer = {"", "Example: donjon drop /tmp/store fruit@monday experiment"})
final class DropCommand extends StoreCommand {
    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "KEYSPACE[@SNAPSHOT]",
            converter = Target.Converter.class,
            description = "What to drop.")
    private List<Target> targets = List.of();

    @Override
    protected int run(Store store) {
        for (Target target : targets) {
            if (target.snapshot() == null) {
                target.keyspace(store).drop();
            } else {
                target.snapshot(store).drop();
            }
        }
        return ExitCode.OK;
    }
}
