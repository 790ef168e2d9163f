package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The front of an extent is given back while it is read: nothing that is needed goes, and all that is not does. */
class TrimTest {
    private static final int SEED_COUNT = Integer.getInteger("trim.seeds", 4);
    private static final int SEGMENT_BYTES = 16 << 10;

    /** Each chunk begins with a small block, which is read, and has another that fills it. */
    private static final int SIZE = 100;

    private static final int PLAIN_BYTES = SIZE - BlockFormat.HEADER_BYTES;

    static LongStream seeds() {
        return Seeds.first(SEED_COUNT);
    }

    /** A store with extents, how far each was given back, and who still reads it from where. */
    private static final class Model {
        final int disks;
        final int copies;
        final int chunksPerFile;
        final boolean direct;
        final StoreModel store;

        /** Chunks of each extent that was not dropped. */
        final Map<Long, Integer> chunks = new TreeMap<>();

        /** The first chunk that is needed, by extent, and what that becomes by the edit under way. */
        final Map<Long, Integer> begins = new HashMap<>();

        final Map<Long, Integer> underWay = new HashMap<>();
        final Set<Long> beingDropped = new TreeSet<>();

        Model(int disks, int copies, int chunksPerFile, boolean direct) {
            this.disks = disks;
            this.copies = copies;
            this.chunksPerFile = chunksPerFile;
            this.direct = direct;
            this.store = new StoreModel();
        }

        /** Another model of the same history. */
        Model(Model other) {
            disks = other.disks;
            copies = other.copies;
            chunksPerFile = other.chunksPerFile;
            direct = other.direct;
            store = other.store.copy();
            chunks.putAll(other.chunks);
            begins.putAll(other.begins);
            underWay.putAll(other.underWay);
            beingDropped.addAll(other.beingDropped);
        }

        static Model of(long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            int disks = 1 + random.nextInt(3);
            int copies = 1 + random.nextInt(Math.min(2, disks));
            return new Model(disks, copies, 1 + random.nextInt(3), random.nextBoolean());
        }

        StoreModel.Session open(SimWorld world, List<String> found) {
            StoreModel.Session session =
                    store.open(StoreModel.config(world, found, copies, SEGMENT_BYTES, direct), world.environment());
            judge(session.store());
            return session;
        }

        void write(StoreModel.Session session, int count) {
            ExtentWriter writer =
                    session.store().create(1 << 18, ((long) chunksPerFile * 16 * disks + 1) << Chunks.SHIFT);
            byte[] plain = new byte[PLAIN_BYTES];
            byte[] rest = new byte[Chunks.BYTES - SIZE - BlockFormat.HEADER_BYTES];
            for (int chunk = 0; chunk < count; chunk++) {
                plain[0] = (byte) writer.id();
                plain[1] = (byte) chunk;
                assertEquals(
                        (long) chunk << Chunks.SHIFT, writer.append(BlockType.DATA, Codec.RAW, plain, PLAIN_BYTES));
                if (chunk < count - 1) {
                    writer.append(BlockType.DATA, Codec.RAW, rest, rest.length);
                }
            }
            session.edit(writer.id(), "written", new ManifestEdit().add(writer.finish()), 0);
            chunks.put(writer.id(), count);
            begins.put(writer.id(), 0);
        }

        /** After an open: each extent begins where it did or where the edit under way said. */
        private void judge(ExtentStore store) {
            Set<Long> named = store.withExtents(TreeSet::new);
            beingDropped.stream().filter(id -> !named.contains(id)).forEach(chunks::remove);
            beingDropped.clear();
            assertEquals(chunks.keySet(), named, "extents");
            underWay.forEach((id, chunk) -> {
                if (store.extent(id).begin() == (long) chunk << Chunks.SHIFT) {
                    begins.put(id, chunk);
                }
            });
            underWay.clear();
            for (long id : chunks.keySet()) {
                Extent extent = store.extent(id);
                assertEquals(
                        (long) begins.getOrDefault(id, -1) << Chunks.SHIFT, extent.begin(), "begin of extent " + id);
                read(extent);
            }
        }

        /** Reads what a view has, in every copy, and not what it has not. */
        void read(Extent view) {
            int begin = (int) (view.begin() >>> Chunks.SHIFT);
            for (int chunk = begin; chunk < Chunks.count(view.length()); chunk++) {
                long offset = (long) chunk << Chunks.SHIFT;
                check(view, chunk, view.read(offset, SIZE));
                for (int copy = 0; copy < copies; copy++) {
                    if (view.hasCopy(copy, offset)) {
                        check(view, chunk, view.readCopyOf(copy, offset, SIZE));
                    }
                }
            }
            if (begin > 0) {
                StorageException refused =
                        assertThrows(StorageException.class, () -> view.read(view.begin() - Chunks.BYTES, SIZE));
                assertEquals(StorageException.Kind.DAMAGED, refused.kind());
                assertTrue(String.valueOf(refused.getMessage()).contains("before " + view.begin() + " was given back"));
            }
        }

        private static void check(Extent view, int chunk, Block block) {
            assertEquals((byte) view.id(), block.bytes()[0], () -> "extent " + view.id() + ", chunk " + chunk);
            assertEquals((byte) chunk, block.bytes()[1], () -> "extent " + view.id() + ", chunk " + chunk);
        }
    }

    /** An open store in which views are read, given up in order, and trimmed meanwhile. */
    private static final class Use {
        final Model model;
        final SimWorld world;
        final StoreModel.Session session;
        final SplittableRandom random;

        /** Of each extent the views that somebody reads, oldest first; dropped extents included. */
        final Map<Long, Deque<Extent>> views = new TreeMap<>();

        Use(Model model, SimWorld world, long seed) {
            this.model = model;
            this.world = world;
            this.session = model.open(world, StoreModel.disks(model.disks));
            this.random = new SplittableRandom(seed);
            model.chunks.keySet().forEach(this::view);
            checkFiles();
        }

        ExtentStore store() {
            return session.store();
        }

        private void view(long id) {
            views.computeIfAbsent(id, none -> new ArrayDeque<>()).add(store().extent(id));
        }

        private long any(Map<Long, ?> of) {
            return new ArrayList<>(of.keySet()).get(random.nextInt(of.size()));
        }

        void step() {
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> {
                    if (!model.chunks.isEmpty()) {
                        trim(any(model.chunks));
                    }
                }
                case 3, 4, 5 -> {
                    if (!views.isEmpty()) {
                        giveUpOldest(any(views));
                    }
                }
                case 6 -> session.store().manifest().checkpoint();
                default -> {
                    if (!model.chunks.isEmpty() && random.nextInt(3) == 0) {
                        drop(any(model.chunks));
                    }
                }
            }
            views.values().forEach(readers -> readers.forEach(model::read));
            checkFiles();
            if (random.nextInt(4) == 0) {
                assertEquals(List.of(), store().check().problems());
            }
        }

        void trim(long id) {
            long begin = store().extent(id).begin();
            long offset = Math.min(
                    begin + random.nextLong(2L << Chunks.SHIFT),
                    store().extent(id).length());
            model.underWay.put(id, (int) (offset >>> Chunks.SHIFT));
            session.edit(id, "from " + offset, new ManifestEdit().trim(id, offset), 0);
            model.begins.putAll(model.underWay);
            model.underWay.clear();
            view(id);
        }

        void drop(long id) {
            model.beingDropped.add(id);
            session.edit(id, "dropped", new ManifestEdit().drop(id), 0);
            model.beingDropped.clear();
            model.chunks.remove(id);
        }

        /** The newest view of an extent that is still named is what the next reader would get: it is not given up. */
        void giveUpOldest(long id) {
            Deque<Extent> readers = Objects.requireNonNull(views.get(id));
            if (readers.size() > 1) {
                Extent oldest = readers.remove();
                store().freeBefore(oldest, readers.element().begin());
            } else if (!model.chunks.containsKey(id)) {
                store().free(readers.remove());
                views.remove(id);
            }
        }

        /** There is each file of which a view has a chunk, and no other. */
        void checkFiles() {
            long bytes = 0;
            for (Disk disk : store().disksInUse()) {
                Set<String> due = new TreeSet<>();
                for (Deque<Extent> readers : views.values()) {
                    ExtentInfo oldest = readers.element().info();
                    for (int chunk = oldest.begin(); chunk < oldest.chunks(); chunk++) {
                        for (int copy = 0; copy < oldest.copies(); copy++) {
                            long place = oldest.place(chunk, copy);
                            if (ExtentInfo.disk(place) == disk.number) {
                                due.add(ExtentInfo.fileName(oldest.id(), copy, ExtentInfo.file(place)));
                            }
                        }
                    }
                }
                assertEquals(due, superchunkFiles(world, "d" + disk.number), "files of disk " + disk.number);
                bytes += store().disks().get(disk.number).bytes();
            }
            long needed = 0;
            for (long id : model.chunks.keySet()) {
                ExtentInfo info = store().extent(id).info();
                for (int chunk = model.begins.getOrDefault(id, -1); chunk < info.chunks(); chunk++) {
                    needed += Math.min(Chunks.BYTES, info.length() - ((long) chunk << Chunks.SHIFT)) * info.copies();
                }
            }
            assertEquals(needed, bytes, "bytes that the disks hold");
        }
    }

    private static Set<String> superchunkFiles(SimWorld world, String disk) {
        Set<String> names = new TreeSet<>(world.disk(disk).names());
        names.removeIf(name -> !name.startsWith(ExtentInfo.FILE_PREFIX));
        return names;
    }

    /** The power is cut at each change behind the writing, again while the store is opened and used, and then it opens. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void whereverThePowerIsCutEachExtentBeginsWhereItDidOrShallAndNoOtherFileIsLeft(long seed) {
        SimWorld first = new SimWorld(seed);
        Model written = Model.of(seed);
        assertTrue(first.run(() -> {
            StoreModel.Session session = written.open(first, StoreModel.disks(written.disks));
            written.write(session, 3 + (int) (seed % 4));
            written.write(session, 2);
            session.store().abandon();
        }));
        boolean whole = false;
        int cut = 0;
        while (!whole) {
            cut++;
            SimWorld world = first.reboot(Survival.ALL_LOST);
            world.power().cutAtChange(cut);
            try {
                whole = run(new Model(written), world, seed);
            } catch (AssertionError e) {
                throw new AssertionError("seed=" + seed + ", cut at change " + cut, e);
            }
        }
        assertTrue(cut > 30, "hardly anything was done: " + cut);
    }

    /** Whether the power held in this world; it fails in the one that follows. */
    private static boolean run(Model model, SimWorld world, long seed) {
        boolean whole = world.run(() -> {
            Use use = new Use(model, world, seed);
            for (int n = 0; n < 20; n++) {
                use.step();
            }
            use.store().abandon();
        });
        long changes = world.power().changes();
        SimWorld after = world.reboot(List.of(Survival.values()).get((int) (changes % Survival.values().length)));
        after.power().cutAtChange(1 + (seed + changes) * 7 % 60);
        after.run(() -> {
            Use use = new Use(model, after, seed + 1);
            for (int n = 0; n < 6; n++) {
                use.step();
            }
            use.session.close();
        });
        SimWorld last = after.reboot(Survival.RANDOM);
        assertTrue(last.run(() -> {
            Use use = new Use(model, last, seed);
            assertEquals(List.of(), use.store().check().problems());
            use.session.close();
        }));
        return whole;
    }

    /** The edit reached some disks only; the open that finds it dies on the way; the next has to do without one of them. */
    @Test
    void aFileIsNotRemovedAtOpenBeforeTheRecordThatGaveItBackIsOnAllMembers() {
        SimWorld first = new SimWorld(1);
        Model written = new Model(3, 2, 1, false);
        assertTrue(first.run(() -> {
            StoreModel.Session session = written.open(first, StoreModel.disks(3));
            written.write(session, 3);
            session.store().abandon();
        }));
        int openings = 0;
        boolean committed = false;
        for (int cut = 1; !committed; cut++) {
            int cutAt = cut;
            SimWorld trimming = first.reboot(Survival.ALL_KEPT);
            Model model = new Model(written);
            committed = trimming.run(() -> {
                StoreModel.Session session = model.open(trimming, StoreModel.disks(3));
                trimming.power().cutAtChange(trimming.power().changes() + cutAt);
                model.underWay.put(1L, 2);
                session.edit(1, "trimmed", new ManifestEdit().trim(1, 2 << Chunks.SHIFT), 0);
                session.store().abandon();
            });
            boolean opened = false;
            for (int next = 1; !opened; next++) {
                SimWorld opening = trimming.reboot(Survival.ALL_KEPT);
                opening.power().cutAtChange(next);
                Model its = new Model(model);
                opened = opening.run(
                        () -> its.open(opening, StoreModel.disks(3)).store().abandon());
                String gone = "d" + next % 2;
                SimWorld last = opening.reboot(Survival.ALL_KEPT);
                List<String> found = new ArrayList<>(StoreModel.disks(3));
                found.remove(gone);
                assertTrue(last.run(() -> its.open(last, found).store().abandon()));
                openings++;
            }
        }
        assertTrue(openings > 100, "hardly any cut: " + openings);
    }

    @Test
    void aFileThatCannotBeRemovedIsNoFailureAndGoesWithTheNextOpen() {
        SimWorld world = new SimWorld(4);
        Model model = new Model(1, 1, 1, false);
        assertTrue(world.run(() -> {
            StoreModel.Session session = model.open(world, StoreModel.disks(1));
            ExtentStore store = session.store();
            model.write(session, 3);
            Extent view = store.extent(1);
            session.edit(1, "trimmed", new ManifestEdit().trim(1, 1 << Chunks.SHIFT), 0);
            model.begins.put(1L, 1);
            world.disk("d0").inject(Fault.ioError(Call.DELETE));
            store.freeBefore(view, 1 << Chunks.SHIFT);
            assertEquals(3, superchunkFiles(world, "d0").size());
            assertEquals(List.of(), store.check().problems());
            Extent rest = store.extent(1);
            model.read(rest);
            model.beingDropped.add(1L);
            session.edit(1, "dropped", new ManifestEdit().drop(1), 0);
            store.free(rest);
            assertEquals(Set.of(ExtentInfo.fileName(1, 0, 0)), superchunkFiles(world, "d0"));
            assertEquals(List.of(), store.check().problems());
            store.abandon();
        }));
        SimWorld next = world.reboot(Survival.ALL_LOST);
        assertTrue(next.run(() -> {
            StoreModel.Session session = model.open(next, StoreModel.disks(1));
            assertEquals(Set.of(), superchunkFiles(next, "d0"));
            session.close();
        }));
    }

    @Test
    void whatCannotBeGivenBackIsRefusedBeforeAnythingIsWritten() {
        SimWorld world = new SimWorld(5);
        Model model = new Model(1, 1, 1, false);
        assertTrue(world.run(() -> {
            StoreModel.Session session = model.open(world, StoreModel.disks(1));
            ExtentStore store = session.store();
            model.write(session, 3);
            long length = store.extent(1).length();
            session.edit(1, "trimmed", new ManifestEdit().trim(1, 1 << Chunks.SHIFT), 0);
            model.begins.put(1L, 1);
            Extent view = store.extent(1);
            ManifestPosition before = store.manifestPosition();
            refused("extent 9 cannot be trimmed: there is none", () -> trim(store, 9, 0));
            String at = "extent 1 cannot be trimmed at %d: it has " + length + " bytes and begins at 1048576";
            for (long offset : new long[] {-1, 0, Chunks.BYTES - 1, length + 1, Long.MAX_VALUE, Long.MIN_VALUE}) {
                refused(String.format(at, offset), () -> trim(store, 1, offset));
            }
            String twice = "extent 1 is dropped or trimmed by this edit already";
            refused(twice, () -> new ManifestEdit().drop(1).trim(1, length));
            refused(twice, () -> new ManifestEdit().trim(1, length).trim(1, length));
            String early = "extent 1 of " + length + " bytes was not given back up to ";
            for (long offset : new long[] {-1, 2 << Chunks.SHIFT, length + 1}) {
                refused(early + offset, () -> store.freeBefore(view, offset));
            }
            assertEquals(before, store.manifestPosition());
            assertEquals(3, superchunkFiles(world, "d0").size());
            // Within the first needed chunk, and all that there is.
            trim(store, 1, (1 << Chunks.SHIFT) + 5);
            assertEquals(1 << Chunks.SHIFT, store.extent(1).begin());
            trim(store, 1, length);
            assertEquals(2 << Chunks.SHIFT, store.extent(1).begin());
            store.close();
        }));
    }

    private static void trim(ExtentStore store, long extent, long offset) {
        store.commit(new ManifestEdit().trim(extent, offset));
    }

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }

    @Test
    void aManifestThatGivesBackWhatItCannotIsDamaged() {
        long[] places = {ExtentInfo.place(0, 0, 0), ExtentInfo.place(1, 0, 0), ExtentInfo.place(0, 0, 1)};
        ExtentInfo extent = new ExtentInfo(7, 3 << Chunks.SHIFT, 1, places, 1);
        assertEquals(2, begin(new ManifestEdit().extent(extent).begin(7, 2)));
        assertEquals(3, begin(new ManifestEdit().extent(extent).begin(7, 3)));
        damaged(
                "shall begin at chunk 0, not 1 to 3",
                new ManifestEdit().extent(extent).begin(7, 0));
        damaged(
                "shall begin at chunk 4, not 1 to 3",
                new ManifestEdit().extent(extent).begin(7, 4));
        damaged(
                "shall begin at chunk 18446744073709551615",
                new ManifestEdit().extent(extent).begin(7, -1));
        damaged(
                "is named that does not exist",
                new ManifestEdit().extent(extent).begin(8, 1));
    }

    private static ManifestState state(ManifestEdit edit) {
        ManifestState state = new ManifestState(new ExtentsParser.Nobody());
        state.apply(new Decoder("edit", edit.items().toBytes()), true);
        return state;
    }

    private static int begin(ManifestEdit edit) {
        return Objects.requireNonNull(state(edit).extents.get(7L)).begin();
    }

    private static void damaged(String message, ManifestEdit edit) {
        StorageException refused = assertThrows(StorageException.class, () -> state(edit));
        assertEquals(StorageException.Kind.DAMAGED, refused.kind());
        assertTrue(String.valueOf(refused.getMessage()).contains(message), refused.toString());
    }

    @Test
    void aDiskThatHasOnlyWhatWasGivenBackMayGo() {
        long[] places = {ExtentInfo.place(1, 0, 0), ExtentInfo.place(0, 0, 0)};
        ExtentInfo whole = new ExtentInfo(7, 2 << Chunks.SHIFT, 1, places, 0);
        assertEquals(
                "chunk 0 of extent 7",
                state(new ManifestEdit().extent(whole)).chunkOnlyOn(disk -> disk == 1, disk -> disk == 0));
        assertNull(
                state(new ManifestEdit().extent(whole).begin(7, 1)).chunkOnlyOn(disk -> disk == 1, disk -> disk == 0));
    }
}
