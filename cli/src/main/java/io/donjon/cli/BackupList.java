package io.donjon.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What a backup's folder holds: the file {@value #FILE}, text in UTF-8. It is replaced as a whole, once all files that it
 * names are on the disk; others in the folder mean nothing.
 *
 * <pre>
 *  donjon-backup TAB 1
 *  snapshot TAB identity TAB base, or - TAB kept, head or gone TAB bytes of its file TAB tree TAB name
 *  ...
 *  keyspace TAB identity of the snapshot that it goes on from TAB name
 *  ...
 *  end TAB CRC-32C of all lines before this one, 8 hex digits
 * </pre>
 *
 * <p>A snapshot comes behind its base. The file of one is {@code IDENTITY.snapshot}, as {@code export} writes it. <i>Kept</i>
 * is one of the store, <i>head</i> was taken by the backup for a keyspace, <i>gone</i> is one that the store has no more and
 * others are based on.
 */
record BackupList(List<Entry> snapshots, List<Head> keyspaces) {
    static final String FILE = "backup.txt";
    private static final String FIRST_LINE = "donjon-backup\t1";
    private static final String NOTHING = "-";

    /** Why a snapshot is there. */
    enum State {
        KEPT,
        HEAD,
        GONE
    }

    /** A snapshot. */
    record Entry(UUID identity, @Nullable UUID base, State state, long bytes, String tree, String name) {
        String file() {
            return identity + ".snapshot";
        }

        Entry with(State newState, String newName) {
            return new Entry(identity, base, newState, bytes, tree, newName);
        }
    }

    /** A keyspace, and the snapshot that it goes on from. */
    record Head(UUID snapshot, String name) {}

    /** By identity, in their order. */
    Map<UUID, Entry> byIdentity() {
        Map<UUID, Entry> found = new LinkedHashMap<>();
        snapshots.forEach(entry -> found.put(entry.identity(), entry));
        return found;
    }

    // ---- text ----

    String text() {
        StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
        for (Entry entry : snapshots) {
            text.append(String.join(
                            "\t",
                            "snapshot",
                            entry.identity().toString(),
                            entry.base() == null ? NOTHING : entry.base().toString(),
                            entry.state().name().toLowerCase(Locale.ROOT),
                            Long.toString(entry.bytes()),
                            entry.tree(),
                            entry.name()))
                    .append('\n');
        }
        keyspaces.forEach(head -> text.append("keyspace\t")
                .append(head.snapshot())
                .append('\t')
                .append(head.name())
                .append('\n'));
        return ended(text.toString());
    }

    /** Lines with the last one behind them, which has their checksum. */
    static String ended(String lines) {
        CRC32C crc = new CRC32C();
        crc.update(lines.getBytes(StandardCharsets.UTF_8));
        return lines + "end\t" + HexFormat.of().toHexDigits((int) crc.getValue()) + "\n";
    }

    /** Reads what {@link #text} wrote; anything else is refused. */
    static BackupList of(String text, Object place) {
        int end = text.lastIndexOf("end\t");
        if (!text.startsWith("donjon-backup\t")) {
            throw new Failure(place + " does not begin like the list of a backup");
        }
        if (!text.startsWith(FIRST_LINE + "\n")) {
            throw new Failure(place + ": a later release wrote it");
        }
        if (end < 0 || !ended(text.substring(0, end)).equals(text)) {
            throw new Failure(place + ": its checksum is wrong, or it has no end");
        }
        BackupList list = new BackupList(new ArrayList<>(), new ArrayList<>());
        Map<UUID, Entry> known = new HashMap<>();
        List<String> lines = text.substring(0, end).lines().toList();
        for (int number = 1; number < lines.size(); number++) {
            try {
                list.take(lines.get(number).split("\t", -1), known);
            } catch (IllegalArgumentException e) {
                throw new Failure(place + ", line " + (number + 1) + ": " + e.getMessage());
            }
        }
        if (!list.text().equals(text)) {
            throw new Failure(place + " has numbers or identities that are not written as they should be");
        }
        return list;
    }

    private void take(String[] fields, Map<UUID, Entry> known) {
        if (fields[0].equals("snapshot") && fields.length == 7 && keyspaces.isEmpty()) {
            Entry entry = new Entry(
                    UUID.fromString(fields[1]),
                    fields[2].equals(NOTHING) ? null : UUID.fromString(fields[2]),
                    State.valueOf(fields[3].toUpperCase(Locale.ROOT)),
                    Long.parseLong(fields[4]),
                    fields[5],
                    fields[6]);
            Entry base = entry.base() == null ? null : known.get(entry.base());
            if (entry.base() != null && (base == null || !base.tree().equals(entry.tree()))) {
                throw new IllegalArgumentException("a base that does not stand before it in its tree");
            }
            if (known.put(entry.identity(), entry) != null) {
                throw new IllegalArgumentException("a snapshot that is there already");
            }
            snapshots.add(entry);
        } else if (fields[0].equals("keyspace") && fields.length == 3) {
            Head head = new Head(UUID.fromString(fields[1]), fields[2]);
            if (!known.containsKey(head.snapshot())) {
                throw new IllegalArgumentException("a keyspace of a snapshot that is not there");
            }
            keyspaces.add(head);
        } else {
            throw new IllegalArgumentException("neither a snapshot nor a keyspace");
        }
    }

    // ---- the folder ----

    /** The list of a folder; null if it has none. */
    static @Nullable BackupList read(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        return Files.exists(file) ? of(Files.readString(file), file) : null;
    }

    /** Puts the list into a folder: all of it, in place of the one before, on the disk when this returns. */
    void write(Path folder) throws IOException {
        Path fresh = folder.resolve(FILE + ".new");
        try (FileChannel file = open(fresh)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text());
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
        }
        put(fresh, folder.resolve(FILE));
        force(folder);
    }

    static FileChannel open(Path fresh) throws IOException {
        return FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
    }

    /** Gives a file that is on the disk its name, which stands there once the folder has been forced. */
    static void put(Path fresh, Path file) throws IOException {
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    static void force(Path folder) throws IOException {
        try (FileChannel entries = FileChannel.open(folder, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }
}
