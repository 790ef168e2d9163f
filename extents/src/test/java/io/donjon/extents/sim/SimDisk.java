package io.donjon.extents.sim;

import io.donjon.extents.Directory;
import io.donjon.extents.IoMeter;
import io.donjon.extents.NoSpaceException;
import io.donjon.extents.OpenFile;
import io.donjon.extents.sim.Survival.Fate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A medium in memory that loses what was not made stable.
 *
 * <p>Its model: a force makes the sectors and the length of one file stable, a sync the names. All else may be there
 * after a power cut or not, see {@link Survival}; where one sector was written several times, any of these contents may
 * be there. A name change that depends on a lost one is lost too, and a file whose creation is lost is gone, however
 * often it was forced (real file systems are kinder).
 *
 * <p>{@link #reboot} gives the medium as it is found afterwards, as often as wanted, for a test to try several fates of
 * one cut. {@link #inject} makes calls fail while the power is on. The methods on {@link #contents contents} are for
 * tests, not counted as calls, and change what is on the medium and what readers see alike.
 *
 * <p>Thread-safe; with a {@link SimEnvironment} behind its power, for simulated threads only.
 */
public final class SimDisk implements Directory {
    /** What is written to the medium in one piece: a cut leaves each sector as it was before a write, or after it,
     * that of the write under way too. */
    public static final int SECTOR_BYTES = 512;

    /** What direct writes must be multiples of. */
    public static final int DIRECT_UNIT = 4096;

    private static final int FILE_BYTES_MAX = 1 << 30;

    private final String path;
    private final SimPower power;
    private final IoMeter meter = new IoMeter();

    // All below is guarded by this. Nothing is waited for under that guard.

    private final Map<String, SimFile> names = new TreeMap<>();
    private final Map<String, SimFile> stableNames = new TreeMap<>();
    private final List<NameChange> unsynced = new ArrayList<>();
    private final Map<String, String> locks = new HashMap<>();
    private final List<Fault> faults = new ArrayList<>();
    private long capacityBytes = Long.MAX_VALUE / 2;
    private long usedBytes;
    private final List<String> openNames = new ArrayList<>();

    /** Numbers writes and name changes in their order. */
    private long order;

    /** {@code from} null: a creation; {@code to} null: a deletion. */
    private record NameChange(
            long order, @Nullable String from, @Nullable String to, SimFile file) {
        /** Without effect if what it depends on did not happen. */
        void applyTo(Map<String, SimFile> names) {
            boolean possible = from == null || names.remove(from, file);
            if (possible && to != null) {
                names.put(to, file);
            }
        }
    }

    /** How much of a call's effect takes place. */
    private enum Portion {
        ALL,
        PART,
        NONE,
        FORGOTTEN
    }

    private interface Effect<T> {
        T take(Portion portion) throws IOException;
    }

    /** An empty medium. */
    public SimDisk(String path, SimPower power) {
        this.path = path;
        this.power = power;
    }

    // What a test does to it.

    /** What is found on the medium when the power comes back, given this survival. This one is not changed. */
    public synchronized SimDisk reboot(Survival survival, RandomGenerator random, SimPower newPower) {
        Fate fate = survival.fate(random, oldestUnstable(), order);
        Map<String, SimFile> found = new TreeMap<>(stableNames);
        applyTo(found, fate);
        SimDisk disk = new SimDisk(path, newPower);
        disk.capacityBytes = capacityBytes;
        found.forEach((name, file) -> {
            SimFile survivor = file.survivor(fate);
            survivor.named = true;
            disk.names.put(name, survivor);
            disk.usedBytes += survivor.size();
        });
        disk.stableNames.putAll(disk.names);
        return disk;
    }

    private long oldestUnstable() {
        long oldest = unsynced.isEmpty() ? order : unsynced.get(0).order;
        for (SimFile file : stableNames.values()) {
            oldest = file.oldest(oldest);
        }
        for (SimFile file : names.values()) {
            oldest = file.oldest(oldest);
        }
        return oldest;
    }

    private void applyTo(Map<String, SimFile> found, Fate fate) {
        for (NameChange change : unsynced) {
            if (fate.keepsName(change.order)) {
                change.applyTo(found);
            }
        }
    }

    /** Makes calls fail from now on. */
    public synchronized void inject(Fault fault) {
        faults.add(fault);
    }

    /** Lifts all faults. */
    public synchronized void heal() {
        faults.clear();
    }

    /** The medium has room for so many bytes in all. Files that are deleted but open take up room still. */
    public synchronized void limitCapacity(long bytes) {
        capacityBytes = bytes;
    }

    /** How much of its capacity is taken. */
    public synchronized long usedBytes() {
        return usedBytes;
    }

    /** What readers of this file see. */
    public synchronized byte[] contents(String name) throws NoSuchFileException {
        return find(name).contents();
    }

    /** Puts other bytes in place of a file's contents, such as older ones of its own; they are stable. */
    public synchronized void replaceContents(String name, byte[] contents) throws NoSuchFileException {
        SimFile file = find(name);
        usedBytes += contents.length - file.size();
        file.replace(contents);
    }

    /** Flips one bit, counted from the file's beginning. */
    public synchronized void flipBit(String name, long bit) throws NoSuchFileException {
        byte[] contents = contents(name);
        contents[(int) (bit / Byte.SIZE)] ^= (byte) (1 << (bit % Byte.SIZE));
        replaceContents(name, contents);
    }

    /** Overwrites a stretch with zeros. */
    public synchronized void zero(String name, int from, int length) throws NoSuchFileException {
        byte[] contents = contents(name);
        Arrays.fill(contents, from, from + length, (byte) 0);
        replaceContents(name, contents);
    }

    /** Cuts a file short, or appends zeros to it. */
    public synchronized void resize(String name, int size) throws NoSuchFileException {
        replaceContents(name, Arrays.copyOf(contents(name), size));
    }

    /** The names of the files, in order. */
    public synchronized List<String> names() {
        return List.copyOf(names.keySet());
    }

    /** How many open files have not been closed. */
    public synchronized int openCount() {
        return openNames.size();
    }

    /** The open files that have not been closed, by the names that they were opened by. */
    public synchronized List<String> openNames() {
        return List.copyOf(openNames);
    }

    /** What has been asked of it. */
    public IoMeter meter() {
        return meter;
    }

    // What the engine does to it.

    @Override
    public String path() {
        return path;
    }

    @Override
    public List<String> list() throws IOException {
        return perform(Call.LIST, "", null, portion -> {
            // "In no order": in another one each time.
            List<String> ordered = new ArrayList<>(names.keySet());
            List<String> shuffled = new ArrayList<>();
            while (!ordered.isEmpty()) {
                shuffled.add(ordered.remove(power.draw(ordered.size())));
            }
            return shuffled;
        });
    }

    @Override
    public OpenFile create(String name, Access access) throws IOException {
        checkName(name);
        return perform(Call.CREATE, name, null, portion -> {
            if (names.containsKey(name)) {
                throw new FileAlreadyExistsException(at(name));
            }
            SimFile file = new SimFile();
            if (happens(portion)) {
                link(name, file);
            }
            SimOpenFile opened = new SimOpenFile(name, file, access);
            if (portion != Portion.ALL) {
                opened.close();
            }
            return opened;
        });
    }

    @Override
    public OpenFile open(String name, Access access) throws IOException {
        checkName(name);
        return perform(Call.OPEN, name, null, portion -> {
            SimOpenFile opened = new SimOpenFile(name, find(name), access);
            if (portion != Portion.ALL) {
                // Nobody gets it, so nobody can close it.
                opened.close();
            }
            return opened;
        });
    }

    @Override
    public void rename(String from, String to) throws IOException {
        checkName(from);
        checkName(to);
        perform(Call.RENAME, from, to, portion -> {
            SimFile file = find(from);
            if (happens(portion) && !from.equals(to)) {
                unlink(to);
                change(new NameChange(order++, from, to, file));
            }
            return file;
        });
    }

    @Override
    public void delete(String name) throws IOException {
        checkName(name);
        perform(Call.DELETE, name, null, portion -> {
            SimFile file = find(name);
            if (happens(portion)) {
                unlink(name);
                change(new NameChange(order++, name, null, file));
            }
            return file;
        });
    }

    @Override
    public void sync() throws IOException {
        perform(Call.SYNC, "", null, portion -> {
            int done = switch (portion) {
                case ALL -> unsynced.size();
                case PART -> power.draw(unsynced.size() + 1);
                case NONE, FORGOTTEN -> 0;
            };
            List<NameChange> first = unsynced.subList(0, done);
            first.forEach(change -> change.applyTo(stableNames));
            first.clear();
            return done;
        });
        meter.synced();
    }

    @Override
    public LockAttempt lock(String name, String note) throws IOException {
        checkName(name);
        return perform(Call.LOCK, name, null, portion -> {
            String holder = locks.get(name);
            if (holder != null) {
                return new SimLockAttempt(name, false, holder);
            }
            if (happens(portion)) {
                SimFile file = names.get(name);
                if (file == null) {
                    file = new SimFile();
                    link(name, file);
                }
                byte[] written = note.getBytes(StandardCharsets.UTF_8);
                write(file, 0, written, written.length);
            }
            if (portion == Portion.ALL) {
                locks.put(name, note);
            }
            return new SimLockAttempt(name, true, "");
        });
    }

    @Override
    public long usableBytes() throws IOException {
        return perform(Call.SPACE, "", null, portion -> room());
    }

    private long room() {
        return Math.max(0, capacityBytes - usedBytes);
    }

    private void write(SimFile file, int at, byte[] data, int length) {
        int before = file.size();
        file.write(order++, at, data, length);
        usedBytes += file.size() - before;
    }

    private void link(String name, SimFile file) {
        file.named = true;
        change(new NameChange(order++, null, name, file));
    }

    private void change(NameChange change) {
        change.applyTo(names);
        unsynced.add(change);
    }

    /** If a file goes by this name it is about to lose it. */
    private void unlink(String name) {
        SimFile file = names.get(name);
        if (file != null) {
            file.named = false;
            freeIfUnused(file);
        }
    }

    private void freeIfUnused(SimFile file) {
        if (!file.named && file.openCount == 0) {
            usedBytes -= file.size();
        }
    }

    private SimFile find(String name) throws NoSuchFileException {
        SimFile file = names.get(name);
        if (file == null) {
            throw new NoSuchFileException(at(name));
        }
        return file;
    }

    private static void checkName(String name) {
        if (name.isEmpty() || name.equals(".") || name.equals("..") || name.contains("/") || name.contains("\\")) {
            throw new IllegalArgumentException("no name of a file: \"" + name + '"');
        }
    }

    private String at(String name) {
        return path + '/' + name;
    }

    /** Whether a change that is made as one step is made. */
    private boolean happens(Portion portion) {
        return portion == Portion.ALL || (portion == Portion.PART && power.draw(2) == 0);
    }

    private Fate someFate() {
        return Survival.RANDOM.fate(power.draw(), 0, order);
    }

    /** A call: counted, perhaps the one during which the power fails, perhaps struck by a fault. */
    private <T> T perform(Call call, String name, @Nullable String otherName, Effect<T> effect) throws IOException {
        if (power.failsDuring(call, at(name))) {
            try {
                takeEffect(effect, Portion.values()[power.draw(3)]);
            } catch (IOException e) {
                // Nobody is left to be told.
            }
            throw power.failure();
        }
        Fault fault = faultFor(call, name, otherName);
        if (fault != null && fault.kind() == Fault.Kind.STALL) {
            power.stall(fault.stallNanos());
            fault = null;
        }
        T result = fault == null ? takeEffect(effect, Portion.ALL) : fail(fault, call, name, effect);
        power.done(call, at(name));
        return result;
    }

    private synchronized <T> T takeEffect(Effect<T> effect, Portion portion) throws IOException {
        return effect.take(portion);
    }

    private <T> T fail(Fault fault, Call call, String name, Effect<T> effect) throws IOException {
        String what = call + " of " + at(name) + ": injected: ";
        switch (fault.kind()) {
            case NO_SPACE -> throw new NoSpaceException(what + "no space left", null);
            case PARTLY -> takeEffect(effect, Portion.PART);
            case FORGOTTEN -> takeEffect(effect, Portion.FORGOTTEN);
            case OUT_OF_MEMORY -> throw new OutOfMemoryError(what + "no memory left");
            case IO_ERROR, STALL -> {}
        }
        throw new IOException(what + "I/O error");
    }

    private synchronized @Nullable Fault faultFor(Call call, String name, @Nullable String otherName) {
        for (Fault fault : faults) {
            if (fault.strikes(call, name, otherName)) {
                return fault;
            }
        }
        return null;
    }

    private final class SimLockAttempt implements LockAttempt {
        private final String name;
        private final String holderNote;
        private final boolean taken;
        private boolean held;

        SimLockAttempt(String name, boolean taken, String holderNote) {
            this.name = name;
            this.taken = taken;
            this.held = taken;
            this.holderNote = holderNote;
        }

        @Override
        public boolean taken() {
            return taken;
        }

        @Override
        public String holderNote() {
            return holderNote;
        }

        @Override
        public void close() {
            synchronized (SimDisk.this) {
                if (held) {
                    held = false;
                    locks.remove(name);
                }
            }
        }
    }

    private final class SimOpenFile implements OpenFile {
        private final String name;
        private final SimFile file;
        private final int writeUnit;
        private final IoMeter.FileMeter fileMeter = meter.newFile();
        private boolean closed;

        /** Called under the guard. */
        SimOpenFile(String name, SimFile file, Access access) {
            this.name = name;
            this.file = file;
            this.writeUnit = access == Access.DIRECT ? DIRECT_UNIT : 1;
            file.openCount++;
            openNames.add(name);
        }

        @Override
        public int read(ByteBuffer into, long at) throws IOException {
            checkPosition(at);
            int done = perform(Call.READ, name, null, portion -> {
                checkOpen();
                int there = (int) Math.max(0, Math.min(into.remaining(), file.size() - at));
                int length = portion == Portion.PART ? power.draw(there + 1) : there;
                if (length > 0) {
                    byte[] bytes = new byte[length];
                    file.read((int) at, bytes, length);
                    into.put(bytes);
                }
                return length;
            });
            fileMeter.read(at, done);
            return done;
        }

        @Override
        public void write(ByteBuffer from, long at) throws IOException {
            checkPosition(at);
            byte[] data = new byte[from.remaining()];
            if (at % writeUnit != 0 || data.length % writeUnit != 0) {
                throw new IllegalArgumentException("direct write of %d bytes at %d to %s: not multiples of %d"
                        .formatted(data.length, at, at(name), writeUnit));
            }
            if (at + data.length > FILE_BYTES_MAX) {
                throw new IllegalArgumentException("simulated files have at most " + FILE_BYTES_MAX + " bytes");
            }
            from.get(data);
            perform(Call.WRITE, name, null, portion -> {
                checkOpen();
                return write(data, (int) at, portion);
            });
            fileMeter.wrote(at, data.length);
        }

        private SimFile write(byte[] data, int at, Portion portion) throws NoSpaceException {
            int wanted = switch (portion) {
                case ALL -> data.length;
                case PART -> Math.max(0, (at + power.draw(data.length + 1)) / SECTOR_BYTES * SECTOR_BYTES - at);
                case NONE, FORGOTTEN -> 0;
            };
            int length = (int) Math.max(0, Math.min(wanted, file.size() + room() - at));
            SimDisk.this.write(file, at, data, length);
            if (length < wanted) {
                throw new NoSpaceException(
                        "write of %d bytes at %d of %s: no space left".formatted(data.length, at, at(name)), null);
            }
            return file;
        }

        @Override
        public void force() throws IOException {
            perform(Call.FORCE, name, null, portion -> {
                checkOpen();
                switch (portion) {
                    case ALL -> file.force();
                    case PART -> file.forcePartly(someFate());
                    case FORGOTTEN -> file.forget();
                    case NONE -> {}
                }
                return file;
            });
            fileMeter.forced();
        }

        @Override
        public long size() throws IOException {
            return perform(Call.SIZE, name, null, portion -> {
                checkOpen();
                return (long) file.size();
            });
        }

        @Override
        public int writeUnit() {
            return writeUnit;
        }

        @Override
        public void close() {
            synchronized (SimDisk.this) {
                if (!closed) {
                    closed = true;
                    openNames.remove(name);
                    file.openCount--;
                    freeIfUnused(file);
                }
            }
        }

        private void checkPosition(long at) {
            if (at < 0) {
                throw new IllegalArgumentException("position " + at + " in " + at(name));
            }
        }

        private void checkOpen() {
            if (closed) {
                throw new IllegalStateException(at(name) + ": closed");
            }
        }
    }
}
