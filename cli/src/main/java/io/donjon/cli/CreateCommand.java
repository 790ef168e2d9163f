package io.donjon.cli;

import io.donjon.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon create}. */
@Command(
        name = "create",
        header = "Create an empty store.",
        description = {
            "",
            "The folders are created if need be and must be empty. The list of further disks is kept in STORE/"
                    + StoreFolder.DISKS + ", so that other commands need only STORE.",
            ""
        },
        footer = {"", "Example: donjon create /disk1/store --disk /disk2/store --copies 2"})
final class CreateCommand extends BaseCommand {
    @Parameters(index = "0", paramLabel = "STORE", description = "The folder of the store's first disk.")
    private @Nullable Path folder;

    @Option(names = "--disk", paramLabel = "DIR", description = "A further disk's folder; may be repeated.")
    private List<Path> disks = List.of();

    @Option(
            names = "--copies",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many disks hold each piece of data, 1 or 2 (default: ${DEFAULT-VALUE}).")
    private int copies;

    @Override
    public Integer call() throws IOException {
        Path first = Objects.requireNonNull(folder, "picocli requires it");
        StoreFolder store = new StoreFolder(first);
        if (store.holdsStore()) {
            throw new Failure(first + " holds a store already");
        }
        if (disks.stream().anyMatch(disk -> disk.toString().indexOf('\n') >= 0)) {
            throw usage("a disk's folder cannot have a line break in its name");
        }
        Store.open(store.options(disks).createIfMissing(true).copies(copies)).close();
        store.list(disks);
        return ExitCode.OK;
    }
}
