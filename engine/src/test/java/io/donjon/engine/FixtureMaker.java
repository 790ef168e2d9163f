package io.donjon.engine;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.StoreOptions;
import io.donjon.StoreStats;
import io.donjon.View;
import io.donjon.extents.ChannelDirectory;
import io.donjon.extents.Codec;
import io.donjon.extents.Directory;
import io.donjon.extents.Environment;
import io.donjon.extents.IoMeter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Makes the store that is committed as the fixture of this format: every kind of block, entry and operation is in it, and
 * a log that has not been flushed. Run once for a format, by hand: {@code FixtureMaker FOLDER DISKS COPIES CODEC}.
 */
final class FixtureMaker {
    private FixtureMaker() {}

    public static void main(String[] args) throws IOException {
        make(Path.of(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]), Codec.valueOf(args[3]));
    }

    /** Makes a store in {@code folder/d0}, {@code d1}, ..., as the death of its process leaves it. */
    static void make(Path folder, int disks, int copies, Codec codec) throws IOException {
        Path live = Files.createTempDirectory("fixture");
        IoMeter meter = new IoMeter();
        List<Directory> directories = new ArrayList<>();
        Path[] more = new Path[disks - 1];
        for (int i = 0; i < disks; i++) {
            Path disk = Files.createDirectories(live.resolve("d" + i));
            directories.add(ChannelDirectory.open(disk, meter));
            if (i > 0) {
                more[i - 1] = disk;
            }
        }
        StoreOptions options = StoreOptions.at(live.resolve("d0"), more)
                .createIfMissing(true)
                .copies(copies)
                .durability(Durability.ASYNC);
        Tuning tuning = Tunings.of(16 << 10, 1, 64 << 10, 1024, 64, 1.0, 32 << 10, codec);
        Engine engine = new Engine(options, tuning, Environment.system(), directories, List.of(), meter);
        try (StoreHandle store = new StoreHandle(engine)) {
            fill(store);
            store.sync();
            rest(engine);
            copy(live, folder);
        }
    }

    /** Waits until merges and the deletion of what they leave behind have ended: all files are then of one moment. */
    private static void rest(Engine engine) {
        for (int quiet = 0; quiet < 2; quiet++) {
            Environment.system().pause(1_500_000_000L);
            StoreStats stats = engine.stats();
            if (stats.merging().running() > 0
                    || stats.merging().debt() > 0
                    || stats.buffer().sealed() > 0) {
                quiet = -1;
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void fill(StoreHandle store) {
        SplittableRandom random = new SplittableRandom(1);
        Keyspace main = store.createKeyspace("main");
        Keyspace other = store.createKeyspace("other \u00fc\u00f1\u00ed");
        for (int round = 0; round < 12; round++) {
            for (int i = 0; i < 60; i++) {
                int number = random.nextInt(200);
                byte[] key = bytes((number % 2 == 0 ? "directory/with/a/long/path/" : "k") + number);
                if (random.nextInt(6) == 0) {
                    main.delete(key);
                } else {
                    main.put(key, bytes("value " + random.nextInt(1 << random.nextInt(1, 16))));
                }
                other.put(bytes(String.valueOf(random.nextInt(30))), new byte[random.nextInt(20)]);
            }
            Snapshot snapshot = main.snapshot("round-" + round);
            if (round == 3) {
                main.put(new byte[0], bytes("the empty key"));
                main.put(bytes("large"), filled(5_000, 'l'));
                main.put(bytes("larger"), filled(200_000, 'L'));
                other.put(filled(3_000, 'k'), new byte[0]);
            }
            if (round % 4 == 1) {
                Keyspace clone = snapshot.cloneAs("clone-" + round);
                for (int i = 0; i < 40; i++) {
                    clone.put(bytes("k" + random.nextInt(200)), bytes("clone " + round));
                }
                clone.snapshot("of-clone-" + round);
            }
            try (View view = main.view()) {
                main.put(bytes("during"), bytes("view"));
                view.get(bytes("during"));
            }
            ByHand.flush(store);
        }
        dropSome(store, main, other);
        main.put(bytes("last"), bytes("only in the log"));
    }

    private static void dropSome(StoreHandle store, Keyspace main, Keyspace other) {
        for (int round : new int[] {2, 5, 6}) {
            Snapshot dropped = main.snapshotNamed("round-" + round);
            if (dropped != null) {
                dropped.drop();
            }
        }
        Keyspace clone = store.keyspace("clone-5");
        if (clone != null) {
            clone.drop();
        }
        Snapshot back = main.snapshotNamed("round-8");
        if (back != null) {
            back.rename("renamed");
            main.rollback(back);
        }
        other.rename("renamed other");
    }

    private static byte[] filled(int length, char with) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) with);
        return bytes;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            files.forEach(file -> {
                try {
                    Path target = to.resolve(from.relativize(file));
                    if (Files.isDirectory(file)) {
                        Files.createDirectories(target);
                    } else {
                        Files.copy(file, target);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
