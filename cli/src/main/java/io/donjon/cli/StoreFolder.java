package io.donjon.cli;

import io.donjon.StoreOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The folder that names a store on the command line: its first disk.
 *
 * <p>The engine asks for the folders of all disks at each open, so {@code create} lists the others in a file named
 * {@value #DISKS} beside the first disk's files, which the engine leaves alone. It is text in UTF-8: each line is the
 * absolute path of a folder, but for empty lines and those that begin with '#'. It may be edited when a disk has moved.
 * A store of one disk has no such file.
 */
final class StoreFolder {
    static final String DISKS = "disks.txt";

    private final Path folder;

    StoreFolder(Path folder) {
        this.folder = folder;
    }

    /** The options for the store; {@code others}, if there are any, count instead of the folders listed. */
    StoreOptions options(List<Path> others) throws IOException {
        List<Path> further = others.isEmpty() ? listed() : others;
        return StoreOptions.at(folder, further.toArray(Path[]::new));
    }

    /** Whether there is a store that has been created to the end. */
    boolean holdsStore() {
        return Files.exists(folder.resolve("manifest-0")) || Files.exists(folder.resolve("manifest-1"));
    }

    private List<Path> listed() throws IOException {
        Path file = folder.resolve(DISKS);
        if (!Files.exists(file)) {
            return List.of();
        }
        return Files.readAllLines(file, StandardCharsets.UTF_8).stream()
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .map(Path::of)
                .toList();
    }

    /**
     * Makes the list of the other disks' folders, if there are any; all of it stands on the disk afterwards, or nothing.
     */
    void list(List<Path> others) throws IOException {
        if (others.isEmpty()) {
            return;
        }
        StringBuilder text = new StringBuilder("# The folders of the store's other disks, one a line.\n");
        for (Path other : others) {
            text.append(other.toAbsolutePath().normalize()).append('\n');
        }
        Path fresh = folder.resolve(DISKS + ".new");
        try (FileChannel file = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
        }
        Files.move(fresh, folder.resolve(DISKS), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel entry = FileChannel.open(folder, StandardOpenOption.READ)) {
            entry.force(true);
        }
    }
}
