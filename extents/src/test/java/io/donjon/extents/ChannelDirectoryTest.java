package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Directory.Access;
import io.donjon.extents.Directory.LockAttempt;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What {@link io.donjon.extents.sim.DirectoryContract} cannot say, because only a real file system has it. */
class ChannelDirectoryTest {
    @TempDir(factory = InTarget.class)
    @SuppressWarnings("NullAway.Init") // set by JUnit
    private Path directory;

    private final IoMeter meter = new IoMeter();

    @ParameterizedTest
    @EnumSource(Access.class)
    void interruptsFromManyThreadsFailNoOperationAndCloseNoFile(Access access) throws Exception {
        int threads = 4;
        int rounds = 200;
        try (OpenFile file = open().create("shared", access)) {
            int unit = file.writeUnit() == 1 ? 1000 : file.writeUnit();
            AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
            AtomicBoolean done = new AtomicBoolean();
            List<Thread> workers = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int id = t;
                Thread worker = new Thread(() -> {
                    try {
                        for (int round = 0; round < rounds; round++) {
                            byte[] written = bytes(id * 1000L + round, unit);
                            long at = (long) unit * (threads * round + id);
                            file.write(round % 2 == 0 ? ByteBuffer.wrap(written) : direct(written), at);
                            if (round % 8 == 0) {
                                file.force();
                            }
                            ByteBuffer read = ByteBuffer.allocate(unit);
                            assertEquals(unit, file.read(read, at));
                            assertArrayEquals(written, read.array());
                            assertTrue(file.size() >= at + unit);
                        }
                    } catch (Throwable e) {
                        failure.compareAndSet(null, e);
                    }
                });
                workers.add(worker);
                worker.start();
            }
            Thread interrupter = new Thread(() -> {
                while (!done.get()) {
                    workers.forEach(Thread::interrupt);
                    Thread.onSpinWait();
                }
            });
            interrupter.start();
            for (Thread worker : workers) {
                worker.join();
            }
            done.set(true);
            interrupter.join();
            if (failure.get() != null) {
                throw new AssertionError(failure.get());
            }
            assertEquals((long) unit * threads * rounds, file.size());
        }
    }

    @ParameterizedTest
    @EnumSource(Access.class)
    void interruptsDisturbNoCallOfTheDirectory(Access access) throws IOException {
        Directory files = open();
        Thread.currentThread().interrupt();
        try {
            files.create("a", access).close();
            files.rename("a", "b");
            files.sync();
            files.open("b", access).close();
            files.lock("LOCK", "us").close();
            assertTrue(files.list().contains("b"));
            files.delete("b");
        } finally {
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void aMissingDirectoryIsNotCreatedByOpening() {
        assertThrows(NoSuchFileException.class, () -> ChannelDirectory.open(directory.resolve("unmounted"), meter));
        assertFalse(Files.exists(directory.resolve("unmounted")));
    }

    @Test
    void aFileIsNoDirectory() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertThrows(NotDirectoryException.class, () -> ChannelDirectory.open(file, meter));
    }

    @Test
    void newFilesAndDirectoriesAreTheOwnersAlone() throws IOException {
        Path made = directory.resolve("made");
        Directory files = ChannelDirectory.create(made, meter);
        files.create("file", Access.BUFFERED).close();
        files.lock("LOCK", "us").close();
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
        for (String name : List.of("file", "LOCK")) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made.resolve(name))));
        }
        assertThrows(FileAlreadyExistsException.class, () -> ChannelDirectory.create(made, meter));
    }

    @Test
    void aSymbolicLinkIsNoFileOfTheDirectory() throws IOException {
        Path elsewhere = Files.writeString(directory.resolve("elsewhere"), "untouched");
        Path inside = Files.createDirectory(directory.resolve("inside"));
        Files.createSymbolicLink(inside.resolve("link"), elsewhere);
        Directory files = ChannelDirectory.open(inside, meter);
        IOException refused = assertThrows(IOException.class, () -> files.open("link", Access.BUFFERED));
        assertSays("symbolic link", refused);
        assertThrows(IOException.class, () -> files.lock("link", "note"));
        assertThrows(FileAlreadyExistsException.class, () -> files.create("link", Access.BUFFERED));
        files.delete("link");
        assertEquals("untouched", Files.readString(elsewhere));
    }

    @Test
    void subdirectoriesAreNeitherListedNorOpened() throws IOException {
        Files.createDirectory(directory.resolve("lost+found"));
        assertEquals(List.of(), open().list());
        IOException refused = assertThrows(IOException.class, () -> open().open("lost+found", Access.BUFFERED));
        assertSays("no regular file", refused);
    }

    @Test
    void aFileSystemWithoutDirectAccessSaysSo() throws IOException {
        Directory files = ChannelDirectory.open(Path.of("/proc/self"), meter);
        IOException refused = assertThrows(IOException.class, () -> files.open("comm", Access.DIRECT));
        assertSays("may not support direct access", refused);
        assertSays("/comm", refused);
    }

    @Test
    void aFullDeviceIsToldFromABrokenOne() throws IOException {
        try (ChannelFile full = device("/dev/full", StandardOpenOption.WRITE)) {
            NoSpaceException e = assertThrows(NoSpaceException.class, () -> full.write(ByteBuffer.allocate(7), 5));
            assertSays("write of 7 bytes at 5 of /dev/full", e);
        }
        Path path = Path.of("/dev/full");
        SteadyChannel channel = SteadyChannel.open(path, Set.of(StandardOpenOption.WRITE));
        try (ChannelFile full = new ChannelFile("/dev/full", channel, SmallWrites.open(path, channel), 1, meter)) {
            assertThrows(NoSpaceException.class, () -> full.write(ByteBuffer.allocate(7), 5));
        }
        try (ChannelFile memory = device("/proc/self/mem", StandardOpenOption.READ)) {
            IOException e = assertThrows(IOException.class, () -> memory.read(ByteBuffer.allocate(7), 5));
            assertFalse(e instanceof NoSpaceException);
            assertSays("read of 7 bytes at 5 of /proc/self/mem failed: ", e);
            assertInstanceOf(IOException.class, e.getCause());
        }
    }

    @Test
    void aFailedForceIsNeverCalledLackOfSpace() throws IOException {
        try (ChannelFile terminal = device("/dev/full", StandardOpenOption.WRITE)) {
            IOException e = assertThrows(IOException.class, terminal::force);
            assertFalse(e instanceof NoSpaceException);
            assertSays("force of /dev/full failed: ", e);
        }
    }

    /** A directory that cannot be made stable shows that it is asked to. */
    @Test
    void aDirectoryIsSyncedByTheSystem() throws IOException {
        Directory processes = ChannelDirectory.open(Path.of("/proc/self"), meter);
        IOException e = assertThrows(IOException.class, processes::sync);
        assertSays("sync of directory /proc/", e);
        assertEquals(0, meter.snapshot().directorySyncs());
    }

    @Test
    void aNewDirectoryIsStableUnderItsName() throws IOException {
        ChannelDirectory.create(directory.resolve("new"), meter);
        assertEquals(1, meter.snapshot().directorySyncs());
    }

    @Test
    void aLockHoldsAgainstAnotherProcessEvenAfterARefusedAttemptOfOurOwn() throws Exception {
        Directory files = open();
        files.lock("LOCK", "a longer note than the next").close();
        try (LockAttempt lock = files.lock("LOCK", "we are 17")) {
            assertTrue(lock.taken());
            long before = descriptors();
            for (int i = 0; i < 10; i++) {
                LockAttempt again = open().lock("LOCK", "late");
                assertFalse(again.taken());
                assertEquals("we are 17", again.holderNote());
            }
            assertEquals(before, descriptors());
            assertEquals("refused: we are 17", attemptInAnotherProcess());
        }
        assertEquals("taken: ", attemptInAnotherProcess());
    }

    /** Its note is for the message of who is refused, and no more. */
    @Test
    void aLockOnAFullDiskIsTakenWithoutItsNote() throws IOException {
        try (LockAttempt lock = ChannelDirectory.open(Path.of("/dev"), meter).lock("full", "us")) {
            assertTrue(lock.taken());
        }
    }

    @Test
    void aLockTakenUnknownToUsIsNeitherTakenNorReleased() throws Exception {
        Path file = Files.writeString(directory.resolve("LOCK"), "somebody");
        try (SteadyChannel unknown = SteadyChannel.open(file, Set.of(StandardOpenOption.WRITE))) {
            assertTrue(unknown.tryLock() != null);
            try (LockAttempt refused = open().lock("LOCK", "us")) {
                assertFalse(refused.taken());
                assertEquals("somebody", refused.holderNote());
            }
            assertEquals("refused: somebody", attemptInAnotherProcess());
        }
    }

    private String attemptInAnotherProcess() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Locker.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        return answer;
    }

    /** The other process. */
    static final class Locker {
        private Locker() {}

        public static void main(String[] args) throws IOException {
            try (LockAttempt lock =
                    ChannelDirectory.open(Path.of(args[0]), new IoMeter()).lock("LOCK", "the other")) {
                System.out.print((lock.taken() ? "taken: " : "refused: ") + lock.holderNote());
            }
        }
    }

    @Test
    void everyCallIsMeteredOnceHoweverManyPiecesItTakes() throws IOException {
        Directory files = open();
        int length = 3 * Scratch.PIECE_BYTES + 5;
        try (OpenFile file = files.create("file", Access.BUFFERED)) {
            file.write(ByteBuffer.allocate(length), 0);
            file.write(ByteBuffer.allocate(5), length);
            file.force();
            file.read(ByteBuffer.allocate(length), 0);
            file.read(ByteBuffer.allocate(100), length);
            file.read(ByteBuffer.allocate(100), length + 5);
        }
        files.sync();
        IoMeter.Snapshot seen = meter.snapshot();
        assertEquals(new IoMeter.Transfers(1, 5, 1, length), seen.writes());
        assertEquals(new IoMeter.Transfers(2, 5, 1, length), seen.reads());
        assertEquals(1, seen.forces());
        assertEquals(1, seen.directorySyncs());
    }

    @ParameterizedTest
    @CsvSource({"BUFFERED, 1", "DIRECT, 1", "APPENDING, 2"})
    void anOpenFileHoldsOneDescriptorOrTwo(Access access, int count) throws IOException {
        Directory files = open();
        long before = descriptors();
        try (OpenFile file = files.create("file", access)) {
            file.write(ByteBuffer.allocate(4096), 0);
            file.force();
            assertEquals(before + count, descriptors());
        }
        assertEquals(before, descriptors());
    }

    @Test
    void aFileReplacedWhileItIsOpenedIsNotWrittenTo() throws IOException {
        Path file = directory.resolve("file");
        Path elsewhere = Files.writeString(directory.resolve("elsewhere"), "untouched");
        try (SteadyChannel channel = SteadyChannel.open(
                file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE))) {
            SmallWrites.open(file, channel).close();
            Files.delete(file);
            Files.createSymbolicLink(file, elsewhere);
            assertSays("file was replaced", assertThrows(IOException.class, () -> SmallWrites.open(file, channel)));
        }
        assertEquals("untouched", Files.readString(elsewhere));
    }

    private long descriptors() throws IOException {
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(fd -> {
                        try {
                            return Files.readSymbolicLink(fd).startsWith(directory);
                        } catch (IOException e) {
                            return false; // closed meanwhile
                        }
                    })
                    .count();
        }
    }

    private ChannelFile device(String path, StandardOpenOption mode) throws IOException {
        return new ChannelFile(path, SteadyChannel.open(Path.of(path), Set.of(mode)), null, 1, meter);
    }

    private ChannelDirectory open() throws IOException {
        return ChannelDirectory.open(directory, meter);
    }

    private static void assertSays(String expected, Throwable e) {
        assertTrue(e.toString().contains(expected), e.toString());
    }

    private static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }
}
