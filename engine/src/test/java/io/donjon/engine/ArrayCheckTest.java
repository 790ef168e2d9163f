package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.VerifyReport.Problem;
import io.donjon.extents.BlockType;
import io.donjon.extents.Codec;
import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.extents.ManifestEdit;
import io.donjon.extents.StorageException;
import io.donjon.extents.sim.SimWorld;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each rule for arrays is broken once, behind right checksums, and verification says so. */
class ArrayCheckTest {
    private static final Forgery.Change NOTHING = (type, number, offset, plain) -> {};

    /** Small blocks without compression; nothing is merged, since there is one array only. */
    private static final Tuning TUNING = Tunings.of(64 << 10, 1, 64 << 10, 256, 8, 1.0, 16 << 10, Codec.RAW);

    @ParameterizedTest
    @EnumSource
    void whatBreaksARuleIsReported(ArrayRule rule) {
        inAStoreOfOneArray((store, array) -> {
            // With these for values, the text is what it is with others.
            String says = rule.says(7, 7, 7, 7).replace("7", "\u0000");
            Pattern pattern = Pattern.compile(Pattern.quote(says).replace("\u0000", "\\E.*\\Q"), Pattern.DOTALL);
            List<Problem> problems = broken(rule, store, array);
            if (rule == ArrayRule.BLOCKS) {
                // Whatever is said would match its text.
                assertTrue(problems.toString().contains("type VERSION_TABLE, not KEY_SAMPLE"), problems.toString());
            }
            assertTrue(
                    problems.stream()
                            .anyMatch(problem -> pattern.matcher(problem.what()).matches()),
                    problems.toString());
        });
    }

    @Test
    void anArrayThatIsCopiedWithoutAChangeBreaksNone() {
        inAStoreOfOneArray((store, array) -> {
            assertEquals(
                    List.of(),
                    problems(store, forge(store, array, NOTHING, footer -> footer, info -> info, array.to())));
            ArrayCounts counts = array.footer().counts();
            for (long count : new long[] {
                counts.passes(), counts.tombstones(), counts.values(), counts.resumes(), counts.largeValues()
            }) {
                assertTrue(count > 0, "a kind of breakpoint is missing: " + counts);
            }
        });
    }

    /** A footer of a few hundred kilobytes would say that there are 819 million versions. */
    @Test
    void aVersionTableThatNamesABlockManyTimesIsRefused() {
        inAStoreOfOneArray((store, array) -> {
            BlockPointer block = array.footer().table().get(0);
            StorageException refused = assertThrows(
                    StorageException.class, () -> withTable(store, array, Collections.nCopies(100_000, block)));
            assertEquals(StorageException.Kind.DAMAGED, refused.kind());
            assertEquals(
                    "footer of array " + (array.id() + 1) + ": a block of the version table at " + block.offset()
                            + ", but the one before it ends at " + (block.offset() + block.size()),
                    refused.getMessage());
        });
    }

    /** One that has them all in different places, where there are no such blocks, takes no memory for what they would hold. */
    @Test
    void memoryForAVersionTableIsTakenOnceItIsThere() {
        inAStoreOfOneArray((store, array) -> {
            List<BlockPointer> blocks = new ArrayList<>(array.footer().table());
            // No block is smaller: a header and a byte.
            int size = 17;
            long end = blocks.get(0).offset() + blocks.get(0).size();
            for (long at = end; at + size <= array.meta().length(); at += size) {
                blocks.add(new BlockPointer(at, size));
            }
            ArrayRun forged = withTable(store, array, blocks);
            long bytes = (long) forged.footer().places() * Long.BYTES;
            assertTrue(bytes > 5_000_000, "only " + bytes + " bytes");
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            StorageException refused = assertThrows(StorageException.class, forged::versions);
            long taken = threads.getCurrentThreadAllocatedBytes() - before;
            assertEquals(StorageException.Kind.DAMAGED, refused.kind(), refused.toString());
            assertTrue(taken < 1 << 20, taken + " bytes for a table of " + bytes);
        });
    }

    private static ArrayRun withTable(StoreHandle store, ArrayRun array, List<BlockPointer> table) {
        UnaryOperator<ArrayFooter> forged = old -> footer(
                old,
                table.size() * ArrayWriter.TABLE_IDS,
                table,
                old.counts(),
                old.lastKey(),
                old.sample(),
                old.outlook());
        return forge(store, array, NOTHING, forged, info -> info, array.to());
    }

    // ---- the store ----

    private interface Use {
        void of(StoreHandle store, ArrayRun array);
    }

    private static void inAStoreOfOneArray(Use use) {
        SimWorld world = new SimWorld(1);
        assertTrue(world.run(() -> {
            StoreHandle store = new SimStore(1, 1, TUNING).open(world);
            write(store);
            Engine engine = store.engine();
            engine.commits().sealNow();
            while (engine.states().current().arrays.isEmpty()) {
                world.environment().pause(1_000_000);
            }
            use.of(store, engine.states().current().arrays.get(0));
        }));
    }

    private static void write(StoreHandle store) {
        Keyspace keyspace = store.createKeyspace("k");
        for (int round = 0; round < 5; round++) {
            for (int i = 0; i < 30; i++) {
                if (i != 5 || round != 2) {
                    keyspace.put(key(i), bytes("value " + i + " " + round % 2));
                }
            }
            keyspace.delete(key(5 + round));
            keyspace.put(key(7), new byte[1000]);
            Snapshot snapshot = keyspace.snapshot("s" + round);
            if (round == 1) {
                snapshot.cloneAs("c").put(bytes("of the clone"), bytes("only"));
            }
        }
    }

    private static byte[] key(int number) {
        return bytes(String.format(Locale.ROOT, "key%02d", number));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static ArrayRun forge(
            StoreHandle store,
            ArrayRun array,
            Forgery.Change change,
            UnaryOperator<ArrayFooter> footer,
            UnaryOperator<ArrayInfo> info,
            int to) {
        return new Forgery(store.engine().store(), array).make(change, footer, info, to);
    }

    private static List<Problem> problems(StoreHandle store, ArrayRun array) {
        List<Problem> found = new ArrayList<>();
        new ArrayCheck(
                        array,
                        store.engine().catalog().forest(),
                        (place, what) -> found.add(new Problem(place, what)),
                        () -> {})
                .run();
        return found;
    }

    // ---- what breaks the rules ----

    /** A rule for which there is nothing here does not compile. */
    private static List<Problem> broken(ArrayRule rule, StoreHandle store, ArrayRun array) {
        Breaker breaker = new Breaker(store, array);
        return switch (rule) {
            case BLOCKS ->
                breaker.footer(old -> footer(
                        old,
                        old.places(),
                        old.counts(),
                        old.lastKey(),
                        old.table().get(0)));
            case TABLE_LENGTH ->
                breaker.footer(old -> footer(old, old.places() + 1, old.counts(), old.lastKey(), old.sample()));
            case TABLE_VERSIONS ->
                breaker.first(BlockType.VERSION_TABLE, plain -> view(plain).putLong(0, 999_999));
            case TABLE_ORDER ->
                breaker.first(
                        BlockType.VERSION_TABLE,
                        plain -> view(plain).putLong(8, view(plain).getLong(0)));
            case TABLE_BAND -> {
                long last = array.version(array.footer().places() - 1);
                int to = store.engine().catalog().forest().place(last);
                yield problems(store, forge(store, array, NOTHING, footer -> footer, info -> info, to));
            }
            case SAMPLE_THRESHOLD ->
                breaker.first(BlockType.KEY_SAMPLE, plain -> view(plain).putLong(0, 1));
            case SAMPLE_ORDER -> breaker.sample(keys -> keys.add(keys.remove(0)));
            case SAMPLE_CONTENT ->
                breaker.sample(keys -> {
                    KeySample.Key key = keys.get(0);
                    KeySample.Point point = key.points().get(0);
                    key.points()
                            .set(0, new KeySample.Point(point.rank() ^ 1, point.kind(), point.length(), point.hash()));
                });
            case INDEX_ORDINALS -> {
                long root = array.footer().index().block().offset();
                yield breaker.blocks((type, number, offset, plain) -> {
                    if (type == BlockType.INDEX && offset == root) {
                        BlockEntry entry = new BlockEntry();
                        entry.enter(plain, 0, 0);
                        entry.last();
                        entry.decodeChild(true, true);
                        Encoder before =
                                new Encoder(32).varint(entry.childOffset()).varint(entry.childSize());
                        plain[entry.valueAt() + before.length()]++;
                    }
                });
            }
            case INDEX_ORDER -> breaker.entry(BlockType.INDEX, (plain, at) -> plain[at.valueAt() - 3] = 0);
            case INDEX_BEGIN -> breaker.entry(BlockType.INDEX, (plain, at) -> plain[at.valueAt() - 3] = (byte) 0xff);
            case FILTER_FORM ->
                breaker.first(BlockType.FILTER, plain -> view(plain).putLong(0, -1));
            case FILTER_COUNT ->
                breaker.first(
                        BlockType.FILTER,
                        plain -> view(plain).putInt(4, view(plain).getInt(4) + 1));
            case FILTER_CONTENT ->
                breaker.first(BlockType.FILTER, plain -> Arrays.fill(plain, 8, plain.length, (byte) 0));
            case ENTRY_ORDER -> breaker.entry(BlockType.DATA, (plain, at) -> plain[at.valueAt() - 3] = 0);
            case ENTRY_RANK -> breaker.entry(BlockType.DATA, (plain, at) -> plain[at.valueAt() - 2] = 0x7f);
            case OUTLOOK ->
                breaker.footer(old -> footer(
                        old,
                        old.places(),
                        old.table(),
                        old.counts(),
                        old.lastKey(),
                        old.sample(),
                        new ArrayFooter.Outlook(1, false)));
            case ENTRY_RESTARTS ->
                breaker.first(BlockType.DATA, plain -> view(plain).putInt(SortedBlock.entriesEnd(plain), 1));
            case ENTRY_RESUMES -> breaker.blocks(ArrayCheckTest::resumeTheValueOfAnotherKey);
            case LARGE_EXTENT -> breaker.info(old -> info(old, 0, old.keys(), old.bytes()));
            case LARGE_CONTENT ->
                breaker.first(BlockType.VALUE_PIECE, plain -> view(plain).put(3, (byte) 1));
            case DIRECTORY -> breaker.entry(BlockType.CHANGE_DIRECTORY, (plain, at) -> plain[at.valueAt() - 3] ^= 1);
            case KEYS -> breaker.footer(old -> footer(old, old.places(), old.counts(), old.firstKey(), old.sample()));
            case COUNTS ->
                breaker.footer(old -> {
                    ArrayCounts is = old.counts();
                    ArrayCounts says = new ArrayCounts(
                            is.dataBlocks(),
                            is.breakpoints(),
                            is.keys(),
                            is.passes() + 1,
                            is.tombstones(),
                            is.values(),
                            is.resumes(),
                            is.largeValues(),
                            is.keyBytes(),
                            is.valueBytes(),
                            is.copies(),
                            is.visibleFirst(),
                            is.visibleLast());
                    return footer(old, old.places(), says, old.lastKey(), old.sample());
                });
            case MANIFEST_COUNTS -> breaker.info(old -> info(old, old.values(), old.keys() + 1, old.bytes()));
            case MANIFEST_BYTES -> breaker.info(old -> info(old, old.values(), old.keys(), old.bytes() + 1));
            case EXTENT_ONCE -> {
                ArrayInfo twin = forge(store, array, NOTHING, footer -> footer, info -> info, array.to())
                        .info();
                store.engine().image().added(info(twin, array.info().values(), twin.keys(), twin.bytes()));
                yield store.verify().result().problems();
            }
            case EXTENTS -> {
                forge(store, array, NOTHING, footer -> footer, info -> info, array.to());
                List<Problem> found = new ArrayList<>(store.verify().result().problems());
                assertTrue(found.toString().contains("it lacks: []"), found.toString());
                store.engine()
                        .store()
                        .commit(new ManifestEdit().drop(array.info().values()));
                found = store.verify().result().problems();
                assertFalse(found.toString().contains("it lacks: []"), found.toString());
                yield found;
            }
        };
    }

    private static void resumeTheValueOfAnotherKey(BlockType type, int number, long offset, byte[] plain) {
        if (type != BlockType.DATA) {
            return;
        }
        BlockEntry entry = new BlockEntry();
        entry.enter(plain, 0, 0);
        int others = -1;
        int own = -1;
        while (entry.next()) {
            others = entry.isSameKey() ? others : own;
            own = entry.storedKind() == StepKind.VALUE ? entry.position() : own;
            boolean byItsHead = (plain[entry.position()] & SortedBlock.SAME) != 0;
            if (entry.storedKind() == StepKind.RESUME && byItsHead && others >= 0 && entry.position() - others < 128) {
                plain[entry.position() + 2] = (byte) (entry.position() - others);
                return;
            }
        }
    }

    private static ArrayFooter footer(
            ArrayFooter old, int places, ArrayCounts counts, byte[] lastKey, BlockPointer sample) {
        return footer(old, places, old.table(), counts, lastKey, sample, old.outlook());
    }

    private static ArrayFooter footer(
            ArrayFooter old,
            int places,
            List<BlockPointer> table,
            ArrayCounts counts,
            byte[] lastKey,
            BlockPointer sample,
            ArrayFooter.Outlook outlook) {
        return new ArrayFooter(
                old.index(),
                places,
                table,
                old.directory(),
                sample,
                counts,
                old.firstKey(),
                lastKey,
                old.blockBytes(),
                outlook);
    }

    private static ArrayInfo info(ArrayInfo old, long values, long keys, long bytes) {
        return new ArrayInfo(
                old.id(),
                old.age(),
                old.from(),
                old.to(),
                old.keysFrom(),
                old.keysTo(),
                old.data(),
                old.meta(),
                values,
                old.footer(),
                old.breakpoints(),
                keys,
                bytes);
    }

    private static ByteBuffer view(byte[] plain) {
        return ByteBuffer.wrap(plain);
    }

    private interface BytesChange {
        void apply(byte[] plain);
    }

    private interface EntryChange {
        void apply(byte[] plain, BlockEntry at);
    }

    private interface SampleChange {
        void apply(List<KeySample.Key> keys);
    }

    /** Breaks a part of an array, and says what verification makes of it. */
    private record Breaker(StoreHandle store, ArrayRun array) {
        List<Problem> blocks(Forgery.Change change) {
            return problems(store, forge(store, array, change, footer -> footer, info -> info, array.to()));
        }

        List<Problem> footer(UnaryOperator<ArrayFooter> change) {
            return problems(store, forge(store, array, NOTHING, change, info -> info, array.to()));
        }

        List<Problem> info(UnaryOperator<ArrayInfo> change) {
            return problems(store, forge(store, array, NOTHING, footer -> footer, change, array.to()));
        }

        /** Changes the first block of a type. */
        List<Problem> first(BlockType which, BytesChange change) {
            return blocks((type, number, offset, plain) -> {
                if (type == which && number == 0) {
                    change.apply(plain);
                }
            });
        }

        List<Problem> sample(SampleChange change) {
            return first(BlockType.KEY_SAMPLE, plain -> {
                KeySample sample = KeySample.decode(new Decoder("key sample", plain));
                change.apply(sample.keys());
                view(plain).put(sample.encode().toBytes());
            });
        }

        /** Changes, in the first block of a type, the second entry that spells out a key and has a short value. */
        List<Problem> entry(BlockType which, EntryChange change) {
            return first(which, plain -> {
                BlockEntry entry = new BlockEntry();
                entry.enter(plain, 0, 0);
                assertTrue(entry.next());
                do {
                    assertTrue(entry.next(), "no such entry");
                } while (entry.isSameKey() || entry.storedKind() != StepKind.VALUE);
                change.apply(plain, entry);
            });
        }
    }
}
