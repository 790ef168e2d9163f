package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.DonjonException;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.VerifyReport;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One file of a killed store is damaged, and the store is opened, read from end to end and verified through the public
 * API: every answer is right, or an error says where it is; with a second copy of everything there is no error unless the
 * disk's own identity is at stake. The parts of {@code extents} have a test of their own for each file and field.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StoreDamageTest {
    @TempDir
    static Path made;

    @TempDir
    Path folder;

    static LongStream seeds() {
        return Seeds.first(80);
    }

    /** What the undamaged stores hold, by their number of disks. */
    private static final Map<Integer, Map<String, NavigableMap<byte[], byte[]>>> EXPECTED = new HashMap<>();

    @BeforeAll
    static void makeStores() throws IOException {
        FixtureMaker.make(made.resolve("1"), 1, 1, Codec.LZ4);
        FixtureMaker.make(made.resolve("2"), 2, 2, Codec.RAW);
        for (int disks = 1; disks <= 2; disks++) {
            Path whole = made.resolve("whole-" + disks);
            copy(made.resolve(String.valueOf(disks)), whole);
            try (Store store = Store.open(options(whole, disks))) {
                EXPECTED.put(disks, Dump.of(store));
                assertEquals(List.of(), store.verify().result().problems());
            }
        }
    }

    private static StoreOptions options(Path store, int disks) {
        return disks == 1
                ? StoreOptions.at(store.resolve("d0"))
                : StoreOptions.at(store.resolve("d0"), store.resolve("d1")).degraded(true);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void everyAnswerIsRightOrAnErrorSaysWhere(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        int disks = 1 + random.nextInt(2);
        Path store = folder.resolve("damaged");
        copy(made.resolve(String.valueOf(disks)), store);
        Path file = pick(store.resolve("d" + random.nextInt(disks)), disks, random);
        String damage = damage(file, random);
        String what = "seed " + seed + ", " + disks + " disks: " + file.getFileName() + " " + damage;
        boolean copied = disks == 2;
        boolean chunks = file.getFileName().toString().startsWith("x-");
        try (Store opened = Store.open(options(store, disks))) {
            VerifyReport report = opened.verify().result();
            if (chunks && !damage.contains("padding")) {
                assertFalse(report.problems().isEmpty(), what);
                assertTrue(
                        report.problems().toString().contains(file.getFileName().toString()), what + report);
            }
            assertEquals("", Dump.difference(Objects.requireNonNull(EXPECTED.get(disks)), Dump.of(opened)), what);
        } catch (DonjonException e) {
            assertFalse(copied && chunks, what + ": " + e.getMessage());
            String message = String.valueOf(e.getMessage());
            assertTrue(
                    message.contains(String.valueOf(file.getParent())) || message.contains("disk "),
                    what + ": " + message);
        }
    }

    /**
     * Any file; of a single disk none of the log, since what is missing at its end cannot be told from what was never
     * written (docs/format.md section 4).
     */
    private static Path pick(Path disk, int disks, SplittableRandom random) throws IOException {
        try (Stream<Path> files = Files.list(disk)) {
            List<Path> all = files.filter(file -> !file.getFileName().toString().equals("lock"))
                    .filter(file -> disks == 2 || !file.getFileName().toString().startsWith("log-"))
                    .sorted()
                    .toList();
            return all.get(random.nextInt(all.size()));
        }
    }

    /** Damages a file, and says how. */
    private static String damage(Path file, SplittableRandom random) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(6)) {
            case 0 -> {
                Files.write(file, new byte[0]);
                return "emptied";
            }
            case 1 -> {
                Files.delete(file);
                return "deleted";
            }
            case 2 -> {
                bytes[random.nextInt(10)]++;
                Files.write(file, bytes);
                return "with another magic or a later format";
            }
            case 3 -> {
                // Only zeros may follow the last block.
                boolean padding = isZero(bytes, at, bytes.length);
                Files.write(file, Arrays.copyOf(bytes, at));
                return "cut at " + at + (padding ? ", in the padding" : "");
            }
            default -> {
                boolean padding = isZero(bytes, at, Math.min(bytes.length, at + 1)) && at > 76;
                bytes[at] ^= (byte) (1 << random.nextInt(8));
                Files.write(file, bytes);
                return "flipped at " + at + (padding ? ", perhaps in the padding" : "");
            }
        }
    }

    private static boolean isZero(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }
}
