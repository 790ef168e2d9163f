package io.donjon.cli;

import io.donjon.Reader;
import io.donjon.Store;
import io.donjon.perf.compare.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon get}. */
@Command(
        name = "get",
        header = "Print the values of keys.",
        description = {
            "",
            "The value of one key is printed byte by byte, with a line feed behind it only on a terminal. Several keys"
                    + " are printed with their values as 'scan' does. Absent keys are named on standard error.",
            ""
        },
        footer = {"", "Example: donjon get /tmp/store fruit@monday apple"})
final class GetCommand extends StoreCommand {
    @Parameters(
            index = "1",
            paramLabel = "KEYSPACE[@SNAPSHOT]",
            converter = Target.Converter.class,
            description = "What to read.")
    private @Nullable Target target;

    @Parameters(
            index = "2..*",
            arity = "1..*",
            paramLabel = "KEY",
            converter = Argument.Converter.class,
            description = "Text, hex:..., or - for standard input.")
    private List<Argument> keys = List.of();

    @Option(names = "--hex", description = "Print in hexadecimal.")
    private boolean hex;

    @Option(names = "--json", description = "Print one object a line; the value of an absent key is null.")
    private boolean json;

    @Override
    protected void check() {
        requireOneInput(keys.stream());
        if (hex && json) {
            throw usage("--hex and --json exclude each other");
        }
    }

    @Override
    protected int run(Store store) throws IOException {
        Target from = Objects.requireNonNull(target, "picocli requires it");
        Reader reader = from.reader(store);
        int code = ExitCode.OK;
        for (Argument argument : keys) {
            byte[] key = argument.bytes(terminal());
            byte[] value = reader.get(key);
            if (value == null) {
                code = ExitCode.FINDING;
                absent(from, key);
            } else {
                print(from, key, value);
            }
        }
        return code;
    }

    private void absent(Target from, byte[] key) throws IOException {
        if (json) {
            Map<String, @Nullable Object> fields = new LinkedHashMap<>();
            fields.put("target", from.toString());
            RecordFormat.putBytes(fields, "key", ByteBuffer.wrap(key));
            fields.put("value", null);
            terminal().println(Json.of(fields));
        } else {
            terminal().err().println("donjon: absent in " + from + ": " + Escapes.escape(ByteBuffer.wrap(key)));
        }
    }

    private void print(Target from, byte[] key, byte[] value) throws IOException {
        if (json || keys.size() > 1) {
            RecordFormat format = json ? RecordFormat.JSON : hex ? RecordFormat.HEX : RecordFormat.TEXT;
            format.write(
                    from,
                    ByteBuffer.wrap(key),
                    ByteBuffer.wrap(value),
                    false,
                    terminal().out());
        } else if (hex) {
            terminal().println(HexFormat.of().formatHex(value));
        } else {
            terminal().out().write(value);
            if (terminal().people()) {
                terminal().println("");
            }
        }
    }
}
