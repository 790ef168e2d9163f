package io.donjon.cli.kill;

import io.donjon.Cursor;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.VersionQuery;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a store holds: for each keyspace and snapshot, by name as on the command line, the code of each key's value. */
record Image(Map<String, Map<Integer, Long>> contents) {
    /** Reads everything, comparing each byte of each value with what the seed gives. */
    static Image read(Store store, Script script) {
        List<Version> versions;
        try (Stream<Version> all = store.versions(VersionQuery.all().readable())) {
            versions = all.toList();
        }
        Map<String, Map<Integer, Long>> contents = new TreeMap<>();
        for (Version version : versions) {
            String name = version.kind() == Version.Kind.SNAPSHOT
                    ? version.tree() + "@" + version.name()
                    : String.valueOf(version.name());
            Reader reader = switch (version.kind()) {
                case SNAPSHOT -> snapshot(store, version);
                case HEAD -> keyspace(store, version);
                default -> throw new LossException("version " + version + " is left over");
            };
            contents.put(name, read(name, reader, script));
        }
        return new Image(contents);
    }

    private static Keyspace keyspace(Store store, Version version) {
        return found(store.keyspace(String.valueOf(version.name())), version);
    }

    private static Snapshot snapshot(Store store, Version version) {
        return found(store.snapshot(version.id()), version);
    }

    private static <T> T found(@Nullable T thing, Version version) {
        if (thing == null) {
            throw new LossException(version + " is listed and cannot be found");
        }
        return thing;
    }

    private static Map<Integer, Long> read(String name, Reader reader, Script script) {
        Map<Integer, Long> content = new HashMap<>();
        try (Cursor cursor = reader.scan(KeyRange.all())) {
            while (cursor.next()) {
                byte[] key = cursor.keyBytes();
                content.put(Script.key(key), script.value(cursor.valueBytes()));
            }
        } catch (LossException e) {
            throw new LossException(name + " holds " + e.getMessage());
        }
        return content;
    }
}
