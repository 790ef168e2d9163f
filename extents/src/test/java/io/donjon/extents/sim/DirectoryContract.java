package io.donjon.extents.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Directory;
import io.donjon.extents.Directory.Access;
import io.donjon.extents.Directory.LockAttempt;
import io.donjon.extents.OpenFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every {@link Directory} promises as long as the power is on and the medium is well. An implementation extends
 * this once for each kind of access it has.
 */
public abstract class DirectoryContract {
    private final Access access;

    @SuppressWarnings("NullAway.Init") // set before each test
    private Directory directory;

    /** A contract for files opened this way. */
    protected DirectoryContract(Access access) {
        this.access = access;
    }

    /** An empty directory, a new one for each test. */
    protected abstract Directory newDirectory() throws IOException;

    static LongStream seeds() {
        return Seeds.first(20);
    }

    @BeforeEach
    void begin() throws IOException {
        directory = newDirectory();
    }

    @Test
    void aNewFileIsListedAndEmpty() throws IOException {
        assertEquals(List.of(), directory.list());
        try (OpenFile file = directory.create("a", access)) {
            assertEquals(0, file.size());
        }
        directory.create("b", access).close();
        assertEquals(Set.of("a", "b"), Set.copyOf(directory.list()));
        assertEquals(2, directory.list().size());
    }

    @Test
    void aNameThatIsTakenIsNotCreatedAgain() throws IOException {
        byte[] bytes = create("a", 1, 3);
        FileAlreadyExistsException e =
                assertThrows(FileAlreadyExistsException.class, () -> directory.create("a", access));
        assertNames("a", e);
        assertArrayEquals(bytes, contents("a"));
    }

    @Test
    void whatDoesNotExistIsNamedByTheExceptionThatSaysSo() {
        assertNames("missing", assertThrows(NoSuchFileException.class, () -> directory.open("missing", access)));
        assertNames("missing", assertThrows(NoSuchFileException.class, () -> directory.delete("missing")));
        assertNames("missing", assertThrows(NoSuchFileException.class, () -> directory.rename("missing", "b")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "/a", "../a", "a/"})
    void aNameIsOneElementOfAPath(String name) throws IOException {
        create("a", 1, 1);
        List<Executable> calls = List.of(
                () -> directory.create(name, access),
                () -> directory.open(name, access),
                () -> directory.delete(name),
                () -> directory.rename(name, "b"),
                () -> directory.rename("a", name),
                () -> directory.lock(name, "note"));
        for (Executable call : calls) {
            assertThrows(IllegalArgumentException.class, call);
        }
        assertEquals(List.of("a"), directory.list());
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void aFileHoldsWhatWasWrittenLast(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] model = new byte[0];
        try (OpenFile file = directory.create("a", access);
                OpenFile other = directory.open("a", access)) {
            int unit = file.writeUnit();
            for (int i = 0; i < 30; i++) {
                byte[] data = new byte[random.nextInt(1, 5) * (unit == 1 ? random.nextInt(2_000) : unit)];
                random.nextBytes(data);
                int at = random.nextInt(0, 20) * (unit == 1 ? random.nextInt(1, 500) : unit);
                if (data.length > 0) {
                    model = Arrays.copyOf(model, Math.max(model.length, at + data.length));
                    System.arraycopy(data, 0, model, at, data.length);
                }
                ByteBuffer from = someBuffer(random, data);
                (random.nextBoolean() ? file : other).write(from, at);
                assertEquals(0, from.remaining());
                assertEquals(model.length, file.size());
                assertReads(random, random.nextBoolean() ? file : other, model);
                if (random.nextInt(5) == 0) {
                    file.force();
                }
            }
        }
        assertArrayEquals(model, contents("a"));
    }

    /** Reads a random stretch, which may begin, end or lie behind the end of the file. */
    private static void assertReads(SplittableRandom random, OpenFile file, byte[] model) throws IOException {
        int at = random.nextInt(model.length + 1_000);
        int length = random.nextInt(20_000);
        byte[] expected =
                at >= model.length ? new byte[0] : Arrays.copyOfRange(model, at, Math.min(model.length, at + length));
        ByteBuffer into = someBuffer(random, new byte[length]);
        ByteBuffer view = into.duplicate();
        assertEquals(expected.length, file.read(into, at));
        assertEquals(view.position() + expected.length, into.position());
        byte[] got = new byte[expected.length];
        view.get(got);
        assertArrayEquals(expected, got);
    }

    /** These bytes in a buffer on the heap or off it, alone or amid others. */
    private static ByteBuffer someBuffer(SplittableRandom random, byte[] bytes) {
        int before = random.nextInt(3) * 100;
        int size = before + bytes.length + random.nextInt(3) * 100;
        ByteBuffer buffer = random.nextBoolean() ? ByteBuffer.allocate(size) : ByteBuffer.allocateDirect(size);
        buffer.put(before, bytes).position(before).limit(before + bytes.length);
        return random.nextBoolean() ? buffer : buffer.slice();
    }

    @Test
    void transfersOfMoreThanAMegabyteAreWholeWhateverTheBuffer() throws IOException {
        byte[] data = bytes(5, (3 << 20) + 8192);
        try (OpenFile file = directory.create("a", access)) {
            file.write(ByteBuffer.wrap(data), 0);
            ByteBuffer direct = ByteBuffer.allocateDirect(data.length + file.writeUnit());
            direct.alignedSlice(file.writeUnit()).limit(data.length).put(data);
            file.write(direct.alignedSlice(file.writeUnit()).limit(data.length), data.length);
            assertEquals(2L * data.length, file.size());
            ByteBuffer heap = ByteBuffer.allocate(data.length + 100);
            assertEquals(data.length - 77, file.read(heap, data.length + 77));
            assertArrayEquals(Arrays.copyOfRange(data, 77, data.length), Arrays.copyOf(heap.array(), data.length - 77));
            ByteBuffer alignedAgain =
                    direct.clear().alignedSlice(file.writeUnit()).limit(data.length);
            assertEquals(data.length, file.read(alignedAgain, 0));
            byte[] got = new byte[data.length];
            alignedAgain.flip().get(got);
            assertArrayEquals(data, got);
        }
    }

    @Test
    void aWholeUnitCanBeReadFromAnywhere() throws IOException {
        try (OpenFile file = directory.create("a", access)) {
            int unit = file.writeUnit() == 1 ? 4096 : file.writeUnit();
            byte[] data = bytes(3, 3 * unit);
            file.write(ByteBuffer.wrap(data), 0);
            for (int at : new int[] {0, 1, 512, unit - 1, unit, 2 * unit}) {
                ByteBuffer aligned =
                        ByteBuffer.allocateDirect(2 * unit).alignedSlice(unit).limit(unit);
                assertEquals(unit, file.read(aligned, at));
                byte[] got = new byte[unit];
                aligned.flip().get(got);
                assertArrayEquals(Arrays.copyOfRange(data, at, at + unit), got);
            }
        }
    }

    @Test
    void aReadOnlyBufferCanBeWrittenFrom() throws IOException {
        byte[] bytes;
        try (OpenFile file = directory.create("a", access)) {
            bytes = bytes(1, 2 * file.writeUnit());
            file.write(ByteBuffer.wrap(bytes).asReadOnlyBuffer(), 0);
        }
        assertArrayEquals(bytes, contents("a"));
    }

    @Test
    void behindTheEndThereIsNothingAndAGapIsZeros() throws IOException {
        try (OpenFile file = directory.create("a", access)) {
            int unit = file.writeUnit();
            file.write(ByteBuffer.wrap(bytes(1, unit)), 3L * unit);
            assertEquals(4L * unit, file.size());
            ByteBuffer gap = ByteBuffer.allocate(3 * unit);
            assertEquals(3 * unit, file.read(gap, 0));
            assertArrayEquals(new byte[3 * unit], gap.array());
            assertEquals(0, file.read(ByteBuffer.allocate(10), 4L * unit));
            assertEquals(0, file.read(ByteBuffer.allocate(10), 1L << 40));
            assertEquals(1, file.read(ByteBuffer.allocate(10), 4L * unit - 1));
            assertEquals(0, file.read(ByteBuffer.allocate(0), 0));
        }
    }

    @Test
    void writesGoInUnitsAndNothingIsWrittenOtherwise() throws IOException {
        try (OpenFile file = directory.create("a", access)) {
            int unit = file.writeUnit();
            assertEquals(access == Access.DIRECT, unit > 1);
            if (access == Access.DIRECT) {
                for (int[] wrong : new int[][] {{1, unit}, {unit, 1}, {unit / 2, unit / 2}, {0, unit + 1}}) {
                    IllegalArgumentException e = assertThrows(
                            IllegalArgumentException.class, () -> file.write(ByteBuffer.allocate(wrong[1]), wrong[0]));
                    assertTrue(e.toString().contains(wrong[1] + " bytes at " + wrong[0] + " "), e.toString());
                    assertTrue(e.toString().contains("multiples of " + unit), e.toString());
                }
            }
            for (Executable call : List.<Executable>of(
                    () -> file.write(ByteBuffer.allocate(unit), -unit), () -> file.read(ByteBuffer.allocate(1), -1))) {
                assertNames("a", assertThrows(IllegalArgumentException.class, call));
            }
            assertEquals(0, file.size());
        }
    }

    @Test
    void aClosedFileRefusesEverythingButClosing() throws IOException {
        OpenFile file = directory.create("a", access);
        int unit = file.writeUnit();
        file.close();
        file.close();
        List<Executable> calls = List.of(
                () -> file.read(ByteBuffer.allocate(1), 0),
                () -> file.write(ByteBuffer.allocate(unit), 0),
                file::force,
                file::size);
        for (Executable call : calls) {
            assertNames("a", assertThrows(IllegalStateException.class, call));
        }
    }

    @Test
    void aRenamedFileReplacesWhatWasThereAndBothStayUsableToWhoHasThemOpen() throws IOException {
        byte[] fresh = create("fresh", 1, 2);
        byte[] old = create("old", 2, 3);
        try (OpenFile freshFile = directory.open("fresh", access);
                OpenFile oldFile = directory.open("old", access)) {
            directory.rename("fresh", "old");
            assertEquals(List.of("old"), directory.list());
            assertArrayEquals(fresh, contents("old"));
            assertArrayEquals(fresh, contents(freshFile));
            assertArrayEquals(old, contents(oldFile));
            byte[] added = bytes(3, freshFile.writeUnit());
            freshFile.write(ByteBuffer.wrap(added), fresh.length);
            freshFile.force();
            assertEquals(fresh.length + added.length, contents("old").length);
            oldFile.write(ByteBuffer.wrap(added), 0);
            assertArrayEquals(added, Arrays.copyOf(contents(oldFile), added.length));
        }
    }

    @Test
    void aRenamingToItsOwnNameChangesNothing() throws IOException {
        byte[] bytes = create("a", 1, 2);
        directory.rename("a", "a");
        assertArrayEquals(bytes, contents("a"));
    }

    @Test
    void aDeletedFileStaysUsableToWhoHasItOpenAndItsNameIsFree() throws IOException {
        byte[] old = create("a", 1, 2);
        try (OpenFile deleted = directory.open("a", access)) {
            directory.delete("a");
            assertEquals(List.of(), directory.list());
            byte[] fresh = create("a", 2, 1);
            assertArrayEquals(old, contents(deleted));
            deleted.write(ByteBuffer.wrap(bytes(3, deleted.writeUnit())), old.length);
            deleted.force();
            assertEquals(old.length + deleted.writeUnit(), deleted.size());
            assertArrayEquals(fresh, contents("a"));
        }
    }

    @Test
    void aLockIsHeldByOneUntilHeClosesIt() throws IOException {
        LockAttempt first = directory.lock("LOCK", "pid 17");
        assertTrue(first.taken());
        assertEquals("", first.holderNote());
        try (LockAttempt second = directory.lock("LOCK", "pid 18")) {
            assertFalse(second.taken());
            assertEquals("pid 17", second.holderNote());
        }
        try (LockAttempt other = directory.lock("OTHER", "pid 18")) {
            assertTrue(other.taken());
        }
        try (LockAttempt third = directory.lock("LOCK", "pid 19")) {
            assertFalse(third.taken(), "closing a refused attempt must not free the lock");
        }
        first.close();
        try (LockAttempt next = directory.lock("LOCK", "p4")) {
            assertTrue(next.taken());
            first.close();
            try (LockAttempt last = directory.lock("LOCK", "pid 20")) {
                assertFalse(last.taken(), "closing a lock twice must not free the next one");
                assertEquals("p4", last.holderNote());
            }
        }
        assertTrue(directory.list().contains("LOCK"));
    }

    @Test
    void aDirectoryHasAPathAndRoom() throws IOException {
        assertFalse(directory.path().isEmpty());
        assertTrue(directory.usableBytes() > 0);
        directory.sync();
    }

    @Test
    void anInterruptIsNeitherFeltNorLost() throws IOException {
        Thread.currentThread().interrupt();
        try {
            byte[] bytes = create("a", 1, 2);
            try (OpenFile file = directory.open("a", access)) {
                file.force();
                assertArrayEquals(bytes, contents(file));
            }
            directory.rename("a", "b");
            directory.sync();
            assertEquals(List.of("b"), directory.list());
            directory.lock("LOCK", "note").close();
            directory.delete("b");
            assertTrue(directory.usableBytes() > 0);
        } finally {
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void manyThreadsUseOneFileAtOnce() throws Exception {
        int threads = 4;
        int rounds = 100;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try (OpenFile file = directory.create("a", access)) {
            int length = file.writeUnit() == 1 ? 700 : file.writeUnit();
            List<Callable<Void>> tasks = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int id = t;
                tasks.add(() -> {
                    for (int round = 0; round < rounds; round++) {
                        long at = (long) length * (round * threads + id);
                        byte[] bytes = bytes(at, length);
                        file.write(ByteBuffer.wrap(bytes), at);
                        ByteBuffer into = ByteBuffer.allocate(length);
                        file.read(into, at);
                        assertArrayEquals(bytes, into.array());
                    }
                    return null;
                });
            }
            for (Future<Void> done : executor.invokeAll(tasks)) {
                done.get();
            }
            assertEquals((long) length * rounds * threads, file.size());
        } finally {
            executor.shutdown();
        }
    }

    /** A file of so many units, with random bytes. */
    private byte[] create(String name, long seed, int units) throws IOException {
        try (OpenFile file = directory.create(name, access)) {
            byte[] bytes = bytes(seed, units * (access == Access.DIRECT ? file.writeUnit() : 1000));
            file.write(ByteBuffer.wrap(bytes), 0);
            return bytes;
        }
    }

    private byte[] contents(String name) throws IOException {
        try (OpenFile file = directory.open(name, access)) {
            return contents(file);
        }
    }

    private static byte[] contents(OpenFile file) throws IOException {
        ByteBuffer into = ByteBuffer.allocate((int) file.size());
        assertEquals(into.capacity(), file.read(into, 0));
        return into.array();
    }

    private static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    private static void assertNames(String name, Throwable e) {
        assertTrue(e.toString().contains('/' + name), e.toString());
    }
}
