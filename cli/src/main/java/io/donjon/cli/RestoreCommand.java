package io.donjon.cli;

import io.donjon.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code donjon restore}. */
@Command(
        name = "restore",
        header = "Make a store again from a backup.",
        description = {
            "",
            "STORE is created if need be, with one disk; for more, create it first. It must be empty. Every file of the"
                    + " backup is checked while it is read; if one is damaged the store is left as far as it has come.",
            ""
        },
        footer = {"", "Example: donjon restore /mnt/backup /tmp/again"})
final class RestoreCommand extends BaseCommand {
    @Parameters(index = "0", paramLabel = "DIR", description = "The backup's folder.")
    private @Nullable Path folder;

    @Parameters(index = "1", paramLabel = "STORE", description = "The folder of the store's first disk.")
    private @Nullable Path target;

    @Override
    public Integer call() throws IOException {
        Path from = Objects.requireNonNull(folder, "picocli requires it");
        BackupList list = Restore.check(from);
        StoreFolder place = new StoreFolder(Objects.requireNonNull(target, "picocli requires it"));
        boolean create = !place.holdsStore();
        try (Store store = Store.open(place.options(List.of()).createIfMissing(create))) {
            Restore.run(list, from, store);
        }
        terminal()
                .println(String.format(
                        Locale.ROOT,
                        "%,d keyspaces, %,d snapshots",
                        list.keyspaces().size(),
                        list.snapshots().size()));
        return ExitCode.OK;
    }
}
