package io.donjon.cli;

import io.donjon.ChangeCursor;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.perf.compare.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon diff}. */
@Command(
        name = "diff",
        header = "Print the keys that two versions of a tree show differently, in order.",
        description = {
            "",
            "What makes the first the second: '+', tab, key, tab, value for a key that is added; '-', key and old value"
                    + " for one that is gone; '~', key, old value and new value for one that is changed. Bytes that are"
                    + " no printable UTF-8 are written \\\\ \\t \\n \\r \\xHH. What this reads is in proportion to the"
                    + " change.",
            ""
        },
        footer = {"", "Example: donjon diff /tmp/store fruit@monday fruit"})
final class DiffCommand extends StoreCommand {
    @Parameters(
            index = "1",
            paramLabel = "KEYSPACE[@SNAPSHOT]",
            converter = Target.Converter.class,
            description = "The first version.")
    private @Nullable Target from;

    @Parameters(
            index = "2",
            paramLabel = "KEYSPACE[@SNAPSHOT]",
            converter = Target.Converter.class,
            description = "The second, of the same tree.")
    private @Nullable Target to;

    @Option(
            names = "--prefix",
            paramLabel = "KEY",
            converter = Argument.Converter.class,
            description = "Only keys that begin with this: text or hex:...")
    private @Nullable Argument prefix;

    @Option(
            names = "--json",
            description = "Print an object a line: change, key, old and new, or keyHex, oldHex and newHex where the"
                    + " bytes are not UTF-8.")
    private boolean json;

    @Override
    protected void check() {
        requireNoInput(Stream.of(prefix));
    }

    @Override
    protected int run(Store store) throws IOException {
        KeyRange range = prefix == null ? KeyRange.all() : KeyRange.prefix(prefix.bytes(terminal()));
        try (ChangeCursor changes = store.diff(version(store, from), version(store, to), range)) {
            while (changes.next()) {
                terminal().println(json ? json(changes) : text(changes));
            }
        }
        return ExitCode.OK;
    }

    private static Version version(Store store, @Nullable Target target) {
        Target given = Objects.requireNonNull(target, "picocli requires it");
        return given.reader(store) instanceof Keyspace keyspace
                ? keyspace.version()
                : given.snapshot(store).version();
    }

    private static String text(ChangeCursor changes) {
        String sign = switch (changes.kind()) {
            case ADDED -> "+";
            case REMOVED -> "-";
            case CHANGED -> "~";
        };
        return sign + "\t" + Escapes.escape(changes.key()) + field(changes.oldValue()) + field(changes.newValue());
    }

    private static String field(@Nullable ByteBuffer value) {
        return value == null ? "" : "\t" + Escapes.escape(value);
    }

    private static String json(ChangeCursor changes) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("change", changes.kind().name().toLowerCase(Locale.ROOT));
        RecordFormat.putBytes(fields, "key", changes.key());
        ByteBuffer before = changes.oldValue();
        if (before != null) {
            RecordFormat.putBytes(fields, "old", before);
        }
        ByteBuffer after = changes.newValue();
        if (after != null) {
            RecordFormat.putBytes(fields, "new", after);
        }
        return Json.of(fields);
    }
}
