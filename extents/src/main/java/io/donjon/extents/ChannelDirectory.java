package io.donjon.extents;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A directory of a real file system.
 *
 * <p>Interrupts disturb nothing here, see {@link SteadyChannel}. Each open file holds one descriptor, two if it is
 * opened for appending. New files are
 * readable and writable by their owner only. A symbolic link is no file of the directory: it can be deleted or replaced
 * but not opened, so that nobody who may write to the directory can send our writes elsewhere. (The path of the
 * directory itself may lead through links; they are followed once, at the beginning.)
 *
 * <p>{@link Directory.Access#DIRECT} is O_DIRECT. Its write unit is the block size of the file system.
 */
public final class ChannelDirectory implements Directory {
    private final Path directory;
    private final FileStore fileStore;
    private final IoMeter meter;
    private final FileAttribute<?>[] filePermissions;

    private ChannelDirectory(Path directory, IoMeter meter) throws IOException {
        this.directory = directory;
        // Asked once: to find it the JDK reads the system's table of mounts.
        this.fileStore = Files.getFileStore(directory);
        this.meter = meter;
        this.filePermissions = permissions(directory, "rw-------");
    }

    /**
     * An existing directory. One that is missing is not created, since it may be a disk that is not mounted.
     *
     * @throws NoSuchFileException if there is nothing
     * @throws NotDirectoryException if it is something else
     */
    public static ChannelDirectory open(Path directory, IoMeter meter) throws IOException {
        Path real = directory.toRealPath();
        if (!Files.isDirectory(real)) {
            throw new NotDirectoryException(real.toString());
        }
        return new ChannelDirectory(real, meter);
    }

    /**
     * A new directory, accessible to its owner only, in an existing one; when this returns it is stable.
     *
     * @throws FileAlreadyExistsException if there is something of that name
     */
    public static ChannelDirectory create(Path directory, IoMeter meter) throws IOException {
        Path parent = directory.toAbsolutePath().getParent();
        if (parent == null) {
            throw new FileAlreadyExistsException(directory.toString());
        }
        Files.createDirectory(directory, permissions(parent, "rwx------"));
        open(parent, meter).sync();
        return open(directory, meter);
    }

    /** An existing directory, or a new one, see {@link #create}; directories above it are made as they are usual here. */
    public static ChannelDirectory openOrCreate(Path directory, IoMeter meter) throws IOException {
        Path absolute = directory.toAbsolutePath();
        Path parent = absolute.getParent();
        if (parent == null || Files.exists(absolute)) {
            return open(directory, meter);
        }
        Files.createDirectories(parent);
        return create(absolute, meter);
    }

    private static FileAttribute<?>[] permissions(Path near, String permissions) {
        boolean posix = near.getFileSystem().supportedFileAttributeViews().contains("posix");
        return posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }

    @Override
    public String path() {
        return directory.toString();
    }

    @Override
    public List<String> list() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                if (!Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                    names.add(entry.getFileName().toString());
                }
            }
        } catch (DirectoryIteratorException e) {
            throw new IOException("list of " + directory + " failed: " + e.getMessage(), e);
        } catch (IOException e) {
            throw failure("list", directory, e);
        }
        return names;
    }

    @Override
    public OpenFile create(String name, Access access) throws IOException {
        Path file = resolve(name);
        return open("create", file, access, StandardOpenOption.CREATE_NEW);
    }

    @Override
    public OpenFile open(String name, Access access) throws IOException {
        Path file = resolve(name);
        // Not only the link, which the system would refuse, but also what blocks or is no store of bytes.
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!found.isRegularFile()) {
            throw new IOException(file + " is " + (found.isSymbolicLink() ? "a symbolic link" : "no regular file"));
        }
        return open("open", file, access, LinkOption.NOFOLLOW_LINKS);
    }

    private OpenFile open(String operation, Path file, Access access, OpenOption mode) throws IOException {
        Set<OpenOption> options = new HashSet<>(Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, mode));
        try {
            int writeUnit = 1;
            if (access == Access.DIRECT) {
                options.add(direct());
                writeUnit = writeUnit();
            }
            return newFile(file, SteadyChannel.open(file, options, filePermissions), access, writeUnit);
        } catch (FileAlreadyExistsException | NoSuchFileException e) {
            throw e;
        } catch (UnsupportedOperationException e) {
            throw new IOException("direct " + operation + " of " + file + ": not supported here", e);
        } catch (IOException e) {
            String hint = access == Access.DIRECT ? " (the file system may not support direct access)" : "";
            throw failure(operation, file + hint, e);
        }
    }

    private OpenFile newFile(Path file, SteadyChannel channel, Access access, int writeUnit) throws IOException {
        boolean done = false;
        try {
            SmallWrites smallWrites = access == Access.APPENDING ? SmallWrites.open(file, channel) : null;
            done = true;
            return new ChannelFile(file.toString(), channel, smallWrites, writeUnit, meter);
        } finally {
            if (!done) {
                channel.close();
            }
        }
    }

    /** {@code ExtendedOpenOption.DIRECT} of module jdk.unsupported, which not every JVM has and javac warns of by name. */
    private static OpenOption direct() {
        try {
            for (Object option :
                    Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
                if (option instanceof OpenOption direct && option.toString().equals("DIRECT")) {
                    return direct;
                }
            }
        } catch (ClassNotFoundException e) {
            throw new UnsupportedOperationException("this JVM has no direct access", e);
        }
        throw new UnsupportedOperationException("this JVM has no direct access");
    }

    private int writeUnit() throws IOException {
        long unit = fileStore.getBlockSize();
        if (unit < 1 || unit > Scratch.ALIGNMENT || Long.bitCount(unit) != 1) {
            throw new IOException(
                    "block size of " + unit + " bytes: direct access needs a power of two up to " + Scratch.ALIGNMENT);
        }
        return (int) unit;
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Path source = resolve(from);
        Path target = resolve(to);
        try {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            throw failure("rename", source + " to " + to, e);
        }
    }

    @Override
    public void delete(String name) throws IOException {
        Path file = resolve(name);
        try {
            Files.delete(file);
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            throw failure("delete", file, e);
        }
    }

    @Override
    public void sync() throws IOException {
        try (SteadyChannel channel = SteadyChannel.open(directory, Set.of(StandardOpenOption.READ))) {
            channel.force(true);
        } catch (IOException e) {
            throw new IOException("sync of directory " + directory + " failed: " + e.getMessage(), e);
        }
        meter.synced();
    }

    @Override
    public LockAttempt lock(String name, String note) throws IOException {
        Path file = resolve(name);
        try {
            return FileLocks.attempt(file, filePermissions, note);
        } catch (IOException e) {
            throw failure("lock", file, e);
        }
    }

    @Override
    public long usableBytes() throws IOException {
        try {
            return fileStore.getUsableSpace();
        } catch (IOException e) {
            throw failure("query of free space", directory, e);
        }
    }

    private Path resolve(String name) {
        Path file = directory.resolve(name);
        boolean oneElement = !name.isEmpty() && name.equals(String.valueOf(file.getFileName()));
        if (!oneElement || name.equals(".") || name.equals("..")) {
            throw new IllegalArgumentException("no name of a file in " + directory + ": \"" + name + '"');
        }
        return file;
    }

    private static IOException failure(String operation, Object what, IOException cause) {
        String message = operation + " of " + what + " failed: " + cause.getMessage();
        return NoSpace.isSaidBy(cause) ? new NoSpaceException(message, cause) : new IOException(message, cause);
    }
}
