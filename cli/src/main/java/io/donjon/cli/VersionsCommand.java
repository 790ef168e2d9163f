package io.donjon.cli;

import io.donjon.Keyspace;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.VersionSpace;
import io.donjon.perf.compare.Json;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon versions}. */
@Command(
        name = "versions",
        header = "Draw the trees of versions: snapshots, keyspaces and clones.",
        description = {
            "",
            "Parents stand above their children; what branches off stands to the right. A dropped version is shown"
                    + " where something readable grew from it.",
            ""
        },
        footer = {"", "Example: donjon versions /tmp/store fruit"})
final class VersionsCommand extends StoreCommand {
    private static final String COLUMNS = "%16s  %16s  %16s  %s";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "KEYSPACE",
            description = "Only the tree of this keyspace, or of this name.")
    private @Nullable String keyspace;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "1000",
            description = "At most so many versions (default: ${DEFAULT-VALUE}).")
    private long limit;

    @Option(
            names = "--space",
            description = "Say of each version what it takes on disk: alone, together with others, and what dropping it"
                    + " would free. One a line, in the order of the line; estimated from samples.")
    private boolean space;

    @Option(names = "--json", description = "Print one object a line for each version, in the order of the line.")
    private boolean json;

    @Override
    protected void check() {
        if (limit < 1) {
            throw usage("--limit " + limit + ": must be at least 1");
        }
    }

    @Override
    protected int run(Store store) throws IOException {
        VersionQuery query =
                keyspace == null ? VersionQuery.all() : VersionQuery.all().tree(tree(store, keyspace));
        if (space) {
            printSpace(store, query.readable());
        } else if (json) {
            printJson(store, query);
        } else {
            VersionForestText.Signs signs =
                    terminal().unicode() ? VersionForestText.Signs.UNICODE : VersionForestText.Signs.ASCII;
            new VersionForestText(store, query, signs).print(terminal(), limit);
        }
        return ExitCode.OK;
    }

    private static String tree(Store store, String name) {
        Keyspace head = store.keyspace(name);
        if (head != null) {
            return head.version().tree();
        }
        try (Stream<Version> versions =
                store.versions(VersionQuery.all().tree(name).readable())) {
            if (versions.findAny().isEmpty()) {
                throw new Failure("there is no keyspace and no tree named " + name);
            }
        }
        return name;
    }

    private void printJson(Store store, VersionQuery query) throws IOException {
        try (Stream<Version> versions = store.versions(query)) {
            Iterator<Version> each = versions.limit(limit).iterator();
            while (each.hasNext()) {
                terminal().println(Json.of(fields(each.next())));
            }
        }
    }

    private static Map<String, @Nullable Object> fields(Version version) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("id", version.id());
        fields.put("parent", version.parent());
        fields.put("tree", version.tree());
        fields.put("kind", version.kind().name().toLowerCase(Locale.ROOT));
        fields.put("name", version.name());
        fields.put("created", version.created().toString());
        fields.put("readable", version.readable());
        return fields;
    }

    private void printSpace(Store store, VersionQuery query) throws IOException {
        if (!json) {
            terminal().println(String.format(Locale.ROOT, COLUMNS, "alone", "with others", "freed by drop", "version"));
        }
        try (Stream<VersionSpace> spaces = store.space(query)) {
            Iterator<VersionSpace> each = spaces.limit(limit).iterator();
            while (each.hasNext()) {
                VersionSpace space = each.next();
                Version version = space.version();
                if (json) {
                    Map<String, @Nullable Object> fields = fields(version);
                    fields.put("exclusive", space.exclusive());
                    fields.put("shared", space.shared());
                    fields.put("freed", space.freed());
                    terminal().println(Json.of(fields));
                } else {
                    String name = version.kind() == Version.Kind.SNAPSHOT
                            ? version.tree() + "@" + version.name()
                            : version.name() == null ? "version " + version.id() : version.name();
                    terminal()
                            .println(String.format(
                                    Locale.ROOT,
                                    COLUMNS,
                                    String.format(Locale.ROOT, "%,d", space.exclusive()),
                                    String.format(Locale.ROOT, "%,d", space.shared()),
                                    String.format(Locale.ROOT, "%,d", space.freed()),
                                    name));
                }
            }
        }
    }
}
