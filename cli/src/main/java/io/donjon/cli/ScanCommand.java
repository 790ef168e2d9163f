package io.donjon.cli;

import io.donjon.Cursor;
import io.donjon.KeyRange;
import io.donjon.ScanOption;
import io.donjon.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon scan}. */
@Command(
        name = "scan",
        header = "Print keys and values in order.",
        description = {
            "",
            "Several targets are printed one after the other. Formats: 'text' is key, tab, value on each line, where"
                    + " bytes that are no printable UTF-8 are written \\\\ \\t \\n \\r \\xHH; 'hex' is the same in"
                    + " hexadecimal; 'json' is an object a line, with keyHex and valueHex where the bytes are not UTF-8; 'git' prints what import-git"
                    + " brought as 'git ls-tree -r' does, with -z too.",
            ""
        },
        footer = {"", "Example: donjon scan /tmp/store fruit@monday --prefix a --limit 10"})
final class ScanCommand extends StoreCommand {
    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "KEYSPACE[@SNAPSHOT]",
            converter = Target.Converter.class,
            description = "What to read.")
    private List<Target> targets = List.of();

    @Option(
            names = "--from",
            paramLabel = "KEY",
            converter = Argument.Converter.class,
            description = "The first key: text or hex:...")
    private @Nullable Argument from;

    @Option(
            names = "--to",
            paramLabel = "KEY",
            converter = Argument.Converter.class,
            description = "The key to end before: text or hex:...")
    private @Nullable Argument to;

    @Option(
            names = "--prefix",
            paramLabel = "KEY",
            converter = Argument.Converter.class,
            description = "Only keys that begin with this: text or hex:...")
    private @Nullable Argument prefix;

    @Option(names = "--reverse", description = "From the last key to the first.")
    private boolean reverse;

    @Option(names = "--limit", paramLabel = "N", description = "At most so many records of each target.")
    private long limit = Long.MAX_VALUE;

    @Option(names = "--keys-only", description = "Print no values.")
    private boolean keysOnly;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "TEXT",
            description = "One of text, hex, json, git (default: text).")
    private RecordFormat format = RecordFormat.TEXT;

    @Option(names = "--json", description = "The same as --format json.")
    private boolean json;

    @Option(names = "-z", description = "Records end with NUL; text has no escapes then.")
    private boolean nul;

    @Override
    protected void check() {
        if (prefix != null && (from != null || to != null)) {
            throw usage("--prefix excludes --from and --to");
        }
        if (keysOnly && format == RecordFormat.GIT && !json) {
            throw usage("--format git prints whole records, which --keys-only leaves out");
        }
        if (limit < 0) {
            throw usage("--limit " + limit + ": must not be negative");
        }
        requireNoInput(Stream.of(from, to, prefix));
    }

    @Override
    protected int run(Store store) throws IOException {
        KeyRange range = range();
        List<ScanOption> options = new ArrayList<>();
        if (reverse) {
            options.add(ScanOption.REVERSE);
        }
        if (keysOnly) {
            options.add(ScanOption.KEYS_ONLY);
        }
        RecordFormat chosen = json ? RecordFormat.JSON : format;
        for (Target target : targets) {
            try (Cursor cursor = target.reader(store).scan(range, options.toArray(ScanOption[]::new))) {
                for (long count = 0; count < limit && cursor.next(); count++) {
                    chosen.write(
                            target,
                            cursor.key(),
                            keysOnly ? null : cursor.value(),
                            nul,
                            terminal().out());
                }
            }
        }
        return ExitCode.OK;
    }

    private KeyRange range() throws IOException {
        if (prefix != null) {
            return KeyRange.prefix(prefix.bytes(terminal()));
        }
        if (from != null) {
            byte[] start = from.bytes(terminal());
            return to == null ? KeyRange.from(start) : KeyRange.between(start, to.bytes(terminal()));
        }
        return to == null ? KeyRange.all() : KeyRange.to(to.bytes(terminal()));
    }
}
