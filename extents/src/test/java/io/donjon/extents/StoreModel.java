package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.SimWorld;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a store of numbered log records and of facts in the manifest must hold: everything acknowledged, and of what was
 * under way a prefix, each whole. It outlives the store that it is compared with, power cuts and all.
 */
final class StoreModel {
    /** A commit of the log. */
    private static final class Commit {
        final long sequence;
        final byte[] content;

        /** The log position behind it, or -1 while nobody has been told. */
        long end = -1;

        Commit(long sequence, byte[] content) {
            this.sequence = sequence;
            this.content = content;
        }
    }

    /** What the manifest holds for its client. */
    private record Facts(TreeMap<Long, String> byKey, long replayFrom) {}

    /** All that have not been released, oldest first. */
    private final List<Commit> records = new ArrayList<>();

    /** Sequence of the last record that was acknowledged. */
    private long acknowledged;

    private long sequence;
    private long releasedUpTo;
    private long salt;
    private boolean everOpened;

    /** Records that failed for want of room: one may still be found, as if it were under way. */
    private final List<Commit> failed = new ArrayList<>();

    private Facts facts = new Facts(new TreeMap<>(), 0);

    /** What the facts will be once the edit under way is durable. */
    private @Nullable Facts underWay;

    /** An open store. Appends and edits are made by one thread at a time each, as the engine does it. */
    final class Session implements ExtentStore.Client {
        private TreeMap<Long, String> read = new TreeMap<>();
        private long readReplayFrom;
        private final List<Commit> replayed = new ArrayList<>();
        private final Lock appending;
        private final Lock editing;
        private @Nullable ExtentStore store;

        /** How often it heard that a disk had been left out. */
        int departures;

        private Session(Environment environment) {
            appending = environment.newLock();
            editing = environment.newLock();
        }

        ExtentStore store() {
            return Objects.requireNonNull(store);
        }

        @Override
        public void restore(Decoder part) {
            while (part.hasMore()) {
                long key = part.u64();
                String value = part.text();
                if (key < 0) {
                    readReplayFrom = Long.parseLong(value);
                } else if (value.isEmpty()) {
                    read.remove(key);
                } else {
                    read.put(key, value);
                }
            }
        }

        @Override
        public void checkpoint(Consumer<Encoder> parts) {
            // Under the manifest's lock: what the store was told last, and what it has been told since.
            for (var fact : read.entrySet()) {
                parts.accept(new Encoder(64).u64(fact.getKey()).text(fact.getValue()));
            }
            parts.accept(new Encoder(64).u64(-1).text(Long.toString(readReplayFrom)));
        }

        @Override
        public void diskLeft() {
            departures++;
        }

        @Override
        public long replayFrom() {
            return readReplayFrom;
        }

        /**
         * Appends a record of so many bytes.
         *
         * @return its log position, for {@link #force}
         */
        long append(int bytes) {
            appending.lock();
            try {
                Commit record = new Commit(++sequence, content(++salt, bytes));
                Log log = store().log();
                boolean begun = false;
                try {
                    log.begin(record.sequence, bytes + 1L);
                    begun = true;
                    records.add(record);
                    log.u8(7);
                    int cut = (int) (salt % (bytes + 1));
                    log.raw(ByteBuffer.wrap(record.content, 0, cut));
                    log.raw(ByteBuffer.wrap(record.content, cut, bytes - cut));
                    record.end = log.end();
                    return record.end;
                } catch (StorageException e) {
                    // It may still be found after a crash, unless it was never begun; another takes its number.
                    if (begun && e.kind() == StorageException.Kind.NO_SPACE) {
                        records.remove(record);
                        failed.add(record);
                    }
                    if (!begun || e.kind() == StorageException.Kind.NO_SPACE) {
                        sequence--;
                    }
                    throw e;
                }
            } finally {
                appending.unlock();
            }
        }

        /** Makes everything up to a position stable, which acknowledges it. */
        void force(long position) {
            store().log().awaitStable(position);
            for (Commit record : records) {
                if (record.end >= 0 && record.end <= position) {
                    acknowledged = Math.max(acknowledged, record.sequence);
                }
            }
        }

        /** Changes facts; an empty value removes one. */
        void edit(long key, String value) {
            edit(key, value, new ManifestEdit(), 0);
        }

        /** The log position behind a record that can be released, stable or not; 0 if there is none. */
        long releasable(SplittableRandom random) {
            List<Commit> written =
                    records.stream().filter(record -> record.end >= 0).toList();
            return written.isEmpty() ? 0 : written.get(random.nextInt(written.size())).end;
        }

        /**
         * Changes a fact and whatever else the edit says.
         *
         * @param release the log position up to which records are released, which makes them durable; 0 for none
         */
        void edit(long key, String value, ManifestEdit edit, long release) {
            editing.lock();
            try {
                TreeMap<Long, String> changed = new TreeMap<>(facts.byKey);
                if (value.isEmpty()) {
                    changed.remove(key);
                } else {
                    changed.put(key, value);
                }
                long from = Math.max(facts.replayFrom, release);
                Facts after = new Facts(changed, from);
                // After a failure nothing more is written: what was under way then still is.
                underWay = underWay == null ? after : underWay;
                edit.state(new Encoder(64).u64(key).text(value).u64(-1).text(Long.toString(from)));
                edit.effect(() -> {
                    read = new TreeMap<>(changed);
                    readReplayFrom = after.replayFrom;
                });
                try {
                    if (release > 0) {
                        store().commit(edit, from);
                    } else {
                        store().commit(edit);
                    }
                } catch (StorageException e) {
                    if (e.kind() == StorageException.Kind.NO_SPACE) {
                        underWay = null;
                    }
                    throw e;
                }
                facts = after;
                underWay = null;
                forget(after.replayFrom);
                acknowledged = Math.max(acknowledged, releasedUpTo);
            } finally {
                editing.unlock();
            }
        }

        /** Closes the store, which acknowledges every record. */
        void close() {
            store().close();
            acknowledged = sequence;
        }
    }

    /** Opens the store of a world and compares what it holds. Throws what opening throws, with nothing changed. */
    Session open(ExtentConfig config, Environment environment) {
        Session session = new Session(environment);
        ExtentStore store = ExtentStore.open(config, environment, session);
        session.store = store;
        store.replay((sequence, position, operations) -> {
            assertEquals(7, operations.u8());
            Commit record = new Commit(sequence, operations.raw(operations.remaining()));
            record.end = position;
            session.replayed.add(record);
        });
        judge(session);
        everOpened = true;
        return session;
    }

    private void judge(Session session) {
        Facts found = new Facts(session.read, session.readReplayFrom);
        if (underWay != null && found.equals(underWay)) {
            facts = underWay;
        }
        underWay = null;
        assertEquals(facts, found, "what the manifest holds");
        forget(facts.replayFrom);
        List<Commit> got = session.replayed;
        if (got.size() > records.size()) {
            records.add(matching(last(got), new Commit(sequence + 1, new byte[0])));
        }
        assertTrue(got.size() <= records.size(), () -> got.size() + " records replayed, of " + records.size());
        for (int i = 0; i < got.size(); i++) {
            Commit due = matching(got.get(i), records.get(i));
            records.set(i, due);
            String what = "record " + due.sequence + ", at " + got.get(i).end;
            assertEquals(due.sequence, got.get(i).sequence, what);
            assertArrayEquals(due.content, got.get(i).content, what);
            assertTrue(due.end < 0 || due.end == got.get(i).end, what);
            due.end = got.get(i).end;
        }
        long last = got.isEmpty() ? records.isEmpty() ? sequence : records.get(0).sequence - 1 : last(got).sequence;
        assertTrue(last >= acknowledged, () -> "acknowledged up to " + acknowledged + ", found up to " + last);
        records.subList(got.size(), records.size()).clear();
        failed.clear();
        sequence = Math.max(last, releasedUpTo);
        acknowledged = sequence;
    }

    /** What is due, or in place of what was not acknowledged one of the same number that failed before. */
    private Commit matching(Commit got, Commit due) {
        return due.sequence <= acknowledged
                ? due
                : failed.stream()
                        .filter(other -> other.sequence == got.sequence && Arrays.equals(other.content, got.content))
                        .findFirst()
                        .orElse(due);
    }

    private void forget(long replayFrom) {
        while (!records.isEmpty() && records.get(0).end >= 0 && records.get(0).end <= replayFrom) {
            releasedUpTo = records.remove(0).sequence;
        }
    }

    /** Another model of the same history. */
    StoreModel copy() {
        StoreModel copy = new StoreModel();
        copy.records.addAll(records);
        copy.acknowledged = acknowledged;
        copy.sequence = sequence;
        copy.releasedUpTo = releasedUpTo;
        copy.salt = salt;
        copy.facts = facts;
        copy.underWay = underWay;
        return copy;
    }

    /** Whether nothing was ever done to the store. */
    boolean isEmpty() {
        return !everOpened;
    }

    /** What the newest record holds. */
    byte[] newestContent() {
        return last(records).content;
    }

    private static Commit last(List<Commit> records) {
        return records.get(records.size() - 1);
    }

    private static byte[] content(long salt, int bytes) {
        byte[] content = new byte[bytes];
        new SplittableRandom(salt).nextBytes(content);
        return content;
    }

    /** A store over some disks of a world, small enough for all borders to be near. */
    static ExtentConfig config(SimWorld world, List<String> disks, int copies, int segmentBytes, boolean direct) {
        List<Directory> directories = new ArrayList<>();
        disks.forEach(disk -> directories.add(world.disk(disk)));
        return new ExtentConfig(directories, List.of(), true, copies, direct, false, 1 << 20, segmentBytes, 0, 4);
    }

    /** The names of so many disks. */
    static List<String> disks(int count) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add("d" + i);
        }
        return names;
    }

    /** Closes what is left open if a test ends early. */
    static void abandon(@Nullable Session session) {
        if (session != null && session.store != null) {
            session.store.abandon();
        }
    }
}
