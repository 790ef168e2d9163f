package io.donjon.cli;

import io.donjon.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code donjon backup}. */
@Command(
        name = "backup",
        header = "Copy all keyspaces and snapshots into a folder; run again, only what is new.",
        description = {
            "",
            "DIR gets a file for each snapshot, each with what has changed since one before it, and "
                    + BackupList.FILE + ", which says what they are. For a keyspace that has been written to since its"
                    + " last snapshot one is taken, named backup-..., which the next backup begins from and then drops."
                    + " If this is interrupted, the backup before it still holds. Dropped snapshots leave DIR as soon as"
                    + " no other file is based on theirs.",
            ""
        },
        footer = {"", "Example:", "  donjon backup /tmp/store /mnt/backup", "  donjon restore /mnt/backup /tmp/again"})
final class BackupCommand extends StoreCommand {
    @Parameters(index = "1", paramLabel = "DIR", description = "The backup's folder; it is created if need be.")
    private @Nullable Path folder;

    @Override
    protected int run(Store store) throws IOException {
        Backup.Result result = Backup.run(store, Objects.requireNonNull(folder, "picocli requires it"));
        terminal()
                .println(String.format(
                        Locale.ROOT,
                        "%,d keyspaces, %,d snapshots; %,d are new, %,d bytes",
                        result.keyspaces(),
                        result.snapshots(),
                        result.written(),
                        result.bytes()));
        return ExitCode.OK;
    }
}
