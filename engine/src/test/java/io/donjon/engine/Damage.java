package io.donjon.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** What can happen to a file while nobody looks. */
enum Damage {
    BIT,
    BYTE,
    SECTOR,
    PAGE,
    /** Zeros over a range of any length. */
    ZEROS,
    /** Two blocks of the file have changed places. */
    SWAP,
    /** A block has changed places with one of another file of the disk. */
    SWAP_BETWEEN_FILES,
    /** A block of a file of another disk was written here. */
    FOREIGN_BLOCK,
    /** A page is as it was earlier: a write that was lost. */
    STALE_PAGE,
    /** The file is as it was earlier. */
    STALE_FILE,
    CUT_AT_BORDER,
    CUT,
    ZEROS_BEHIND,
    GARBAGE_BEHIND,
    ITSELF_BEHIND,
    MISSING,
    EMPTY,
    /** Another file of the disk has its contents as well. */
    OVER_ANOTHER_FILE,
    /** A new file has its contents as well, and a name that such a file could have. */
    UNDER_A_NEW_NAME;

    private static final int SECTOR_BYTES = 512;
    private static final int PAGE_BYTES = 4096;

    /** A disk's files, which are changed, and the store that they come from. */
    private static final class Scene {
        final DamagedStore store;
        final DamagedStore.Part part;
        final Map<String, byte[]> files;
        final SplittableRandom random;

        /** A copy, to be changed. */
        final byte[] bytes;

        Scene(DamagedStore store, DamagedStore.Part part, Map<String, byte[]> files, SplittableRandom random) {
            this.store = store;
            this.part = part;
            this.files = files;
            this.random = random;
            this.bytes = get(part.name()).clone();
        }

        byte[] get(String name) {
            return Objects.requireNonNull(files.get(name));
        }

        /** Mostly in the part, sometimes anywhere in the file. */
        int place(int unit) {
            int at = random.nextInt(8) == 0 || part.from() == part.to()
                    ? random.nextInt(Math.max(1, bytes.length))
                    : random.nextInt(part.from(), part.to());
            return at / unit * unit;
        }

        void put(byte[] content) {
            files.put(part.name(), content);
        }

        String anotherFile() {
            List<String> names = new ArrayList<>(files.keySet());
            names.remove(part.name());
            return names.get(random.nextInt(names.size()));
        }
    }

    /**
     * Damages a part of a store.
     *
     * @param files of all disks; those of the part's disk are changed
     * @return what was done, or an empty text if it cannot be done to this part, or leaves it as it is
     */
    String on(
            DamagedStore store,
            DamagedStore.Part part,
            Map<String, ? extends Map<String, byte[]>> files,
            SplittableRandom random) {
        Map<String, byte[]> disk = Objects.requireNonNull(files.get(part.disk()));
        TreeMap<String, byte[]> before = new TreeMap<>(disk);
        String done = apply(new Scene(store, part, disk, random));
        boolean same = before.keySet().equals(disk.keySet())
                && before.keySet().stream()
                        .allMatch(name -> Arrays.equals(before.get(name), Objects.requireNonNull(disk.get(name))));
        return same ? "" : done;
    }

    private String apply(Scene scene) {
        byte[] bytes = scene.bytes;
        SplittableRandom random = scene.random;
        switch (this) {
            case BIT, BYTE, SECTOR, PAGE, ZEROS, SWAP -> {
                return bytes.length == 0 ? "" : within(scene);
            }
            case SWAP_BETWEEN_FILES, FOREIGN_BLOCK, STALE_PAGE -> {
                return bytes.length == 0 ? "" : acrossFiles(scene);
            }
            case STALE_FILE -> {
                List<byte[]> earlier =
                        scene.store.earlier.getOrDefault(scene.part.disk() + "/" + scene.part.name(), List.of());
                if (earlier.isEmpty()) {
                    return "";
                }
                int age = random.nextInt(earlier.size());
                scene.put(earlier.get(age));
                return "as it was at " + age + " of " + earlier.size();
            }
            case CUT_AT_BORDER, CUT -> {
                int at = this == CUT ? scene.place(1) : pick(random, scene.part.borders());
                scene.put(Arrays.copyOf(bytes, Math.min(at, bytes.length)));
                return "cut to " + at;
            }
            case ZEROS_BEHIND, GARBAGE_BEHIND, ITSELF_BEHIND -> {
                return extended(scene);
            }
            case MISSING -> {
                scene.files.remove(scene.part.name());
                return "removed";
            }
            case EMPTY -> {
                scene.put(new byte[0]);
                return "emptied";
            }
            case OVER_ANOTHER_FILE -> {
                String other = scene.anotherFile();
                scene.files.put(other, bytes);
                return "also written to " + other;
            }
            case UNDER_A_NEW_NAME -> {
                String name = newName(scene);
                if (name.isEmpty() || scene.files.containsKey(name)) {
                    return "";
                }
                scene.files.put(name, bytes);
                return "also as " + name;
            }
        }
        throw new AssertionError(this);
    }

    private static int pick(SplittableRandom random, List<Integer> from) {
        return from.get(random.nextInt(from.size()));
    }

    private String within(Scene scene) {
        byte[] bytes = scene.bytes;
        SplittableRandom random = scene.random;
        int unit = this == SECTOR ? SECTOR_BYTES : this == PAGE ? PAGE_BYTES : 1;
        int at = scene.place(unit);
        int end = Math.min(bytes.length, at + unit);
        switch (this) {
            case BIT -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case BYTE -> bytes[at] += (byte) (1 + random.nextInt(255));
            case ZEROS -> {
                end = Math.min(bytes.length, at + 1 + random.nextInt(1 << random.nextInt(1, 16)));
                Arrays.fill(bytes, at, end, (byte) 0);
            }
            case SWAP -> {
                int size = random.nextBoolean() ? SECTOR_BYTES : PAGE_BYTES;
                at = scene.place(size);
                end = random.nextInt(bytes.length) / size * size;
                swap(bytes, at, bytes, end, size);
            }
            default -> {
                byte[] garbage = new byte[end - at];
                random.nextBytes(garbage);
                System.arraycopy(garbage, 0, bytes, at, garbage.length);
            }
        }
        scene.put(bytes);
        return "at " + at + (this == SWAP ? " and " : " up to ") + end;
    }

    private static void swap(byte[] one, int at, byte[] other, int otherAt, int size) {
        int length = Math.min(size, Math.min(one.length - at, other.length - otherAt));
        byte[] kept = Arrays.copyOfRange(one, at, at + length);
        System.arraycopy(other, otherAt, one, at, length);
        System.arraycopy(kept, 0, other, otherAt, length);
    }

    private String acrossFiles(Scene scene) {
        SplittableRandom random = scene.random;
        int size = random.nextBoolean() ? SECTOR_BYTES : PAGE_BYTES;
        int at = scene.place(size);
        String where;
        byte[] other;
        if (this == STALE_PAGE) {
            where = scene.part.disk() + "/" + scene.part.name();
            List<byte[]> earlier = scene.store.earlier.getOrDefault(where, List.of());
            other = earlier.isEmpty() ? scene.bytes : earlier.get(random.nextInt(earlier.size()));
        } else if (this == SWAP_BETWEEN_FILES) {
            where = scene.anotherFile();
            other = scene.get(where).clone();
        } else {
            List<String> disks = new ArrayList<>(scene.store.files.keySet());
            disks.remove(scene.part.disk());
            if (disks.isEmpty()) {
                return "";
            }
            where = disks.get(random.nextInt(disks.size()));
            Map<String, byte[]> files = Objects.requireNonNull(scene.store.files.get(where));
            // Mostly the file of the same name, which is what a mistaken disk number would hit.
            List<String> names = new ArrayList<>(files.keySet());
            String name = files.containsKey(scene.part.name()) && random.nextInt(3) > 0
                    ? scene.part.name()
                    : names.get(random.nextInt(names.size()));
            where += "/" + name;
            other = Objects.requireNonNull(files.get(name)).clone();
        }
        int pages = Math.max(1, other.length / size);
        int from = this == STALE_PAGE || random.nextBoolean() ? at : random.nextInt(pages) * size;
        if (from >= other.length) {
            return "";
        }
        if (this == STALE_PAGE) {
            other = other.clone();
        }
        swap(scene.bytes, at, other, from, size);
        scene.put(scene.bytes);
        if (this == SWAP_BETWEEN_FILES) {
            scene.files.put(where, other);
        }
        return size + " bytes at " + at + " from " + from + " of " + where;
    }

    private String extended(Scene scene) {
        byte[] bytes = scene.bytes;
        int more = this == ITSELF_BEHIND ? bytes.length : 1 + scene.random.nextInt(3 * PAGE_BYTES);
        byte[] longer = Arrays.copyOf(bytes, bytes.length + more);
        if (this == GARBAGE_BEHIND) {
            byte[] garbage = new byte[more];
            scene.random.nextBytes(garbage);
            System.arraycopy(garbage, 0, longer, bytes.length, more);
        } else if (this == ITSELF_BEHIND) {
            System.arraycopy(bytes, 0, longer, bytes.length, more);
        }
        scene.put(longer);
        return "longer by " + more;
    }

    private static String newName(Scene scene) {
        String name = scene.part.name();
        if (name.startsWith("log-")) {
            // Before all, between or behind all.
            return String.format("log-%016x", scene.random.nextInt(200));
        }
        if (name.startsWith("x-")) {
            return String.format(
                    "x-%016x-%d-%04x", scene.random.nextInt(200), scene.random.nextInt(2), scene.random.nextInt(2));
        }
        return name.equals("lock") ? "" : name + ".new";
    }
}
