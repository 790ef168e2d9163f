package io.donjon.cli;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Store;
import io.donjon.WriteBatch;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon put}. */
@Command(
        name = "put",
        header = "Set the value of a key, or of many from standard input.",
        description = {
            "",
            "Without KEY and VALUE, records are read from standard input: key, tab, value on each line, with the escapes"
                    + " that 'scan' prints (\\\\ \\t \\n \\r \\xHH). All of them are on stable storage at the end. A"
                    + " keyspace that does not exist is created.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  donjon put /tmp/store fruit apple red",
            "  donjon scan /tmp/store fruit | donjon put /tmp/other fruit"
        })
final class PutCommand extends StoreCommand {
    private static final int BATCH_RECORDS = 1000;
    private static final int BATCH_BYTES = 1 << 20;

    @Parameters(
            index = "1",
            paramLabel = "KEYSPACE",
            converter = Target.Converter.class,
            description = "What to write to.")
    private @Nullable Target target;

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "KEY",
            converter = Argument.Converter.class,
            description = "Text, hex:..., or - for standard input.")
    private @Nullable Argument key;

    @Parameters(
            index = "3",
            arity = "0..1",
            paramLabel = "VALUE",
            converter = Argument.Converter.class,
            description = "Text, hex:..., or - for standard input.")
    private @Nullable Argument value;

    @Option(names = "--if-absent", description = "Only if the key is absent; otherwise nothing changes.")
    private boolean ifAbsent;

    @Option(
            names = "--expect",
            paramLabel = "VALUE",
            converter = Argument.Converter.class,
            description = "Only if this is the present value; otherwise nothing changes.")
    private @Nullable Argument expected;

    @Option(
            names = "-z",
            description =
                    "Records on standard input end with NUL and have no escapes: the key goes up to the first tab.")
    private boolean nul;

    @Override
    protected void check() {
        if (key != null && value == null) {
            throw usage("there is a key and no value");
        }
        if (key == null && (ifAbsent || expected != null)) {
            throw usage("--if-absent and --expect need a key and a value");
        }
        if (key != null && nul) {
            throw usage("-z is for records on standard input, without KEY and VALUE");
        }
        if (ifAbsent && expected != null) {
            throw usage("--if-absent and --expect exclude each other");
        }
        requireOneInput(Stream.of(key, value, expected));
    }

    @Override
    protected int run(Store store) throws IOException {
        Target to = Objects.requireNonNull(target, "picocli requires it");
        Keyspace keyspace = to.snapshot() == null && expected == null && store.keyspace(to.keyspace()) == null
                ? store.createKeyspace(to.keyspace())
                : to.keyspace(store);
        if (key == null || value == null) {
            putAll(store, keyspace);
            return ExitCode.OK;
        }
        byte[] keyBytes = key.bytes(terminal());
        byte[] valueBytes = value.bytes(terminal());
        if (ifAbsent) {
            return keyspace.putIfAbsent(keyBytes, valueBytes) ? ExitCode.OK : ExitCode.FINDING;
        }
        if (expected != null) {
            return keyspace.replace(keyBytes, expected.bytes(terminal()), valueBytes) ? ExitCode.OK : ExitCode.FINDING;
        }
        keyspace.put(keyBytes, valueBytes);
        return ExitCode.OK;
    }

    private void putAll(Store store, Keyspace keyspace) throws IOException {
        WriteBatch batch = store.newBatch();
        InputStream in = new BufferedInputStream(terminal().in());
        long number = 0;
        for (ByteBuffer line = next(in); line != null; line = next(in)) {
            number++;
            put(batch, keyspace, line, number);
            if (batch.size() >= BATCH_RECORDS || batch.bytes() >= BATCH_BYTES) {
                store.write(batch, Durability.ASYNC);
                batch.clear();
            }
        }
        store.write(batch, Durability.ASYNC);
        store.sync();
    }

    private void put(WriteBatch batch, Keyspace keyspace, ByteBuffer line, long number) {
        int tab = 0;
        while (tab < line.limit() && line.get(tab) != '\t') {
            tab++;
        }
        if (tab == line.limit()) {
            throw new Failure("standard input, record " + number + ": there is no tab between key and value");
        }
        ByteBuffer left = line.slice(0, tab);
        ByteBuffer right = line.slice(tab + 1, line.limit() - tab - 1);
        try {
            batch.put(
                    keyspace,
                    nul ? left : ByteBuffer.wrap(Escapes.unescape(left)),
                    nul ? right : ByteBuffer.wrap(Escapes.unescape(right)));
        } catch (IllegalArgumentException e) {
            throw new Failure("standard input, record " + number + ": " + e.getMessage());
        }
    }

    /** The next record, without what ends it; null at the end. What ends the last one may be missing. */
    private @Nullable ByteBuffer next(InputStream in) throws IOException {
        int end = nul ? 0 : '\n';
        int first = in.read();
        if (first < 0) {
            return null;
        }
        ByteArrayOutputStream record = new ByteArrayOutputStream();
        for (int b = first; b >= 0 && b != end; b = in.read()) {
            record.write(b);
        }
        return ByteBuffer.wrap(record.toByteArray());
    }
}
