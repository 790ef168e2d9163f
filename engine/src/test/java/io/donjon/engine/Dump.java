package io.donjon.engine;

import io.donjon.Cursor;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.VersionQuery;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads a whole store back, in the form of {@link Model#everything}. */
final class Dump {
    private Dump() {}

    static Map<String, NavigableMap<byte[], byte[]>> of(Store store) {
        Map<String, NavigableMap<byte[], byte[]>> all = new TreeMap<>();
        try (Stream<Version> versions = store.versions(VersionQuery.all().readable())) {
            versions.forEach(version -> {
                if (version.kind() == Version.Kind.HEAD) {
                    String name = Objects.requireNonNull(version.name());
                    Keyspace keyspace = Objects.requireNonNull(store.keyspace(name));
                    all.put("keyspace " + name + " of " + version.tree(), of(keyspace));
                } else if (version.kind() == Version.Kind.SNAPSHOT) {
                    Snapshot snapshot = Objects.requireNonNull(store.snapshot(version.id()));
                    all.put("snapshot " + version.tree() + "@" + version.name(), of(snapshot));
                }
            });
        }
        return all;
    }

    static NavigableMap<byte[], byte[]> of(Reader reader) {
        NavigableMap<byte[], byte[]> content = new TreeMap<>(Model.KEY_ORDER);
        try (Cursor cursor = reader.scan(KeyRange.all())) {
            while (cursor.next()) {
                content.put(cursor.keyBytes(), cursor.valueBytes());
            }
        }
        return content;
    }

    /** What differs first, or an empty text. */
    static String difference(
            Map<String, NavigableMap<byte[], byte[]>> expected, Map<String, NavigableMap<byte[], byte[]>> found) {
        if (!expected.keySet().equals(found.keySet())) {
            return "expected " + expected.keySet() + ", found " + found.keySet();
        }
        for (Map.Entry<String, NavigableMap<byte[], byte[]>> entry : expected.entrySet()) {
            NavigableMap<byte[], byte[]> other = Objects.requireNonNull(found.get(entry.getKey()));
            if (!Model.equal(entry.getValue(), other)) {
                return entry.getKey() + ": expected " + text(entry.getValue()) + ", found " + text(other);
            }
        }
        return "";
    }

    static String text(NavigableMap<byte[], byte[]> content) {
        StringBuilder text = new StringBuilder();
        content.forEach((key, value) -> text.append(text.isEmpty() ? "" : ", ")
                .append(text(key))
                .append('=')
                .append(text(value)));
        return text.length() > 2000 ? text.substring(0, 2000) + "..." : text.toString();
    }

    private static String text(byte[] bytes) {
        String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
        return text.length() > 20 ? text.substring(0, 20) + "...(" + text.length() + ")" : text;
    }
}
