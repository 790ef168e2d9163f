package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.donjon.Keyspace;
import io.donjon.extents.Extent;
import io.donjon.extents.StorageException;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimPower;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * An array of a small store, whose extents are written over with others, every checksum of a block right, and then read
 * in every way there is.
 */
final class FuzzArray {
    /** Large values have up to 64 MiB, and what fills them may be packed very small. */
    static final int BYTES = 64 << 20;

    private static final int HEADER_BYTES = 4096;
    private static final int BLOCK_HEADER_BYTES = 16;
    private static final int STORED_AT = 8;

    /** A tree of blocks that points back into itself would have no end. */
    private static final int STEPS_MAX = 300;

    private static @Nullable FuzzArray instance;

    private final SimDisk disk = new SimDisk("/d0", new SimPower(1));
    private final StoreHandle store;
    private final ArrayRun array;
    private final List<Extent> extents;
    private final List<String> names;
    private final List<byte[]> files = new ArrayList<>();

    private FuzzArray() {
        store = FuzzStore.open(disk);
        Keyspace keyspace = store.createKeyspace("k");
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 9; i++) {
                keyspace.put(key(i), bytes("value " + i + " " + round % 2));
            }
            keyspace.delete(key(round));
            keyspace.put(key(7), new byte[1000]);
            keyspace.snapshot("s" + round);
        }
        keyspace.put(key(8), new byte[LargeValue.PIECE_BYTES + 1]);
        Engine engine = store.engine();
        engine.commits().sealNow();
        while (engine.states().current().arrays.isEmpty()) {
            engine.environment().pause(1_000_000);
        }
        array = engine.states().current().arrays.get(0);
        extents = List.of(array.data(), array.meta(), Objects.requireNonNull(array.values()));
        names = extents.stream()
                .map(extent -> String.format(Locale.ROOT, "x-%016x-0-0000", extent.id()))
                .toList();
        try {
            for (String name : names) {
                files.add(disk.contents(name));
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The one that all inputs are tried on. */
    static synchronized FuzzArray instance() {
        FuzzArray made = instance == null ? new FuzzArray() : instance;
        instance = made;
        return made;
    }

    private static byte[] key(int number) {
        return bytes(String.format(Locale.ROOT, "key%02d", number));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** What was written. */
    List<byte[]> extents() {
        List<byte[]> all = new ArrayList<>();
        for (int i = 0; i < extents.size(); i++) {
            int end = HEADER_BYTES + (int) extents.get(i).length();
            all.add(Arrays.copyOfRange(files.get(i), HEADER_BYTES, end));
        }
        return all;
    }

    /** Puts other bytes into the extents, and reads the array. */
    void read(List<byte[]> contents) throws IOException {
        for (int i = 0; i < extents.size(); i++) {
            byte[] file = files.get(i).clone();
            byte[] content = i < contents.size() ? contents.get(i) : new byte[0];
            int length = Math.min(content.length, file.length - HEADER_BYTES);
            seal(content, length, extents.get(i).id());
            Arrays.fill(file, HEADER_BYTES, file.length, (byte) 0);
            System.arraycopy(content, 0, file, HEADER_BYTES, length);
            disk.replaceContents(names.get(i), file);
        }
        Engine engine = store.engine();
        ArrayRun run = ArrayRun.open(array.info(), engine.store(), array.from(), array.to(), each -> {});
        Attempts attempts = new Attempts();
        attempts.of(run::versions);
        attempts.of(() -> Ranks.floor(run, run.from(), engine.catalog().forest()));
        attempts.of(() -> RankMap.of(List.of(run), engine.catalog()));
        for (int i = 0; i < 10; i++) {
            FullKey key = new FullKey().set(1, key(i));
            for (long rank : new long[] {0, 2, Long.MAX_VALUE}) {
                attempts.of(() -> get(run, key, rank));
            }
            attempts.of(() -> run.mayHave(key, new BlockEntry()));
        }
        attempts.of(() -> walk(run, true));
        attempts.of(() -> walk(run, false));
        List<String> problems = new ArrayList<>();
        int[] steps = {0};
        new ArrayCheck(run, engine.catalog().forest(), (place, what) -> problems.add(what), () -> {
                    if (++steps[0] > STEPS_MAX) {
                        throw StorageException.damaged(run, "too many blocks");
                    }
                })
                .run();
        attempts.end();
        if (problems.isEmpty()) {
            compareAll(run);
        } else {
            throw StorageException.damaged(run, problems.get(0));
        }
    }

    /** Puts right the checksums of blocks one behind the other. */
    private static void seal(byte[] content, int length, long extent) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        int at = 0;
        while (at + BLOCK_HEADER_BYTES < length) {
            int stored = bytes.getInt(at + STORED_AT);
            if (stored < 1 || stored > length - at - BLOCK_HEADER_BYTES) {
                break;
            }
            CRC32C crc = new CRC32C();
            crc.update(ByteBuffer.allocate(2 * Long.BYTES)
                    .putLong(extent)
                    .putLong(at)
                    .flip());
            crc.update(content, at + Integer.BYTES, BLOCK_HEADER_BYTES - Integer.BYTES + stored);
            bytes.putInt(at, (int) crc.getValue());
            at += BLOCK_HEADER_BYTES + stored;
        }
    }

    private static void get(ArrayRun run, FullKey key, long rank) {
        BlockEntry at = new BlockEntry();
        if (run.find(key, rank, at) == StepKind.LARGE) {
            run.largeValue(at.large());
        }
    }

    private ArrayCursor cursor(ArrayRun run) {
        return new ArrayCursor(run, store.engine().store(), ArrayCursor.Reading.STREAMING, 4096, null);
    }

    private void walk(ArrayRun run, boolean forwards) {
        ArrayCursor cursor = cursor(run);
        boolean more = forwards ? cursor.first() : cursor.last();
        for (int steps = 0; more && steps < STEPS_MAX; steps++) {
            cursor.entry().length();
            more = forwards ? cursor.next() : cursor.previous();
        }
        for (int i = 0; i < 10; i++) {
            byte[] full = Arrays.copyOf(new FullKey().set(1, key(i)).bytes(), 13);
            more = forwards ? cursor.ceiling(full, full.length) : cursor.after(full, full.length);
        }
    }

    /** Where verification finds nothing, each breakpoint is what a look-up finds. */
    private void compareAll(ArrayRun run) {
        ArrayCursor cursor = cursor(run);
        BlockEntry at = new BlockEntry();
        for (boolean more = cursor.first(); more; more = cursor.next()) {
            BlockEntry entry = cursor.entry();
            FullKey key = new FullKey().setFull(entry.key(), 0, entry.keyLength());
            assertEquals(entry.kind(), run.find(key, entry.rank(), at));
            assertEquals(entry.rank(), at.rank());
            assertEquals(entry.length(), at.length());
        }
    }

    /** Tries everything, whatever comes of what was tried before. */
    private static final class Attempts {
        private @Nullable StorageException failure;

        void of(Runnable attempt) {
            try {
                attempt.run();
            } catch (StorageException e) {
                failure = e;
            }
        }

        void end() {
            StorageException found = failure;
            if (found != null) {
                throw found;
            }
        }
    }
}
