package io.donjon.perf.compare;

import io.donjon.perf.DirectIo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Where the stores of a run go: a folder of its own that is gone when the run ends, be it by Ctrl-C. */
final class Workspace implements AutoCloseable {
    private final Path root;
    private final Thread hook;
    private int stores;

    /** A folder in {@code parent}, or among the temporary files for null. */
    Workspace(@Nullable Path parent) {
        try {
            if (parent == null) {
                root = Files.createTempDirectory("donjon-bench-");
            } else {
                Files.createDirectories(parent);
                root = Files.createTempDirectory(parent, "donjon-bench-");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("no folder for the stores could be made", e);
        }
        hook = new Thread(this::delete, "donjon-bench-clean-up");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** A new, empty folder. */
    Path newFolder(String name) {
        try {
            return Files.createDirectory(root.resolve(name + "-" + stores++));
        } catch (IOException e) {
            throw new UncheckedIOException("no folder for a store could be made", e);
        }
    }

    /**
     * Tries whether files can bypass the page cache here.
     *
     * @throws IllegalArgumentException if not
     */
    void requireDirectIo() {
        Path probe = root.resolve("probe");
        try (FileChannel channel =
                FileChannel.open(probe, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, DirectIo.option())) {
            channel.force(false);
        } catch (IOException | UnsupportedOperationException e) {
            throw new IllegalArgumentException(
                    "files in " + root + " cannot bypass the page cache: name a folder on another file system, or run"
                            + " without a cache limit",
                    e);
        }
    }

    /** The length of all files below a folder. Files that a merge deletes meanwhile do not count. */
    static long bytes(Path folder) {
        AtomicLong sum = new AtomicLong();
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    sum.addAndGet(attributes.isRegularFile() ? attributes.size() : 0);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                    if (e instanceof NoSuchFileException) {
                        return FileVisitResult.CONTINUE;
                    }
                    throw e;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("the size of " + folder + " is unknown", e);
        }
        return sum.get();
    }

    static void delete(Path folder) {
        for (Path file : walk(folder)) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw new UncheckedIOException(file + " could not be deleted", e);
            }
        }
    }

    /** Everything below a folder and itself, what is in a folder before the folder. */
    private static List<Path> walk(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.sorted(Comparator.reverseOrder()).toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " could not be listed", e);
        }
    }

    private void delete() {
        delete(root);
    }

    @Override
    public void close() {
        delete();
        Runtime.getRuntime().removeShutdownHook(hook);
    }
}
