package io.donjon.cli;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Store;
import io.donjon.WriteBatch;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code donjon delete}. */
@Command(
        name = "delete",
        header = "Make keys absent.",
        description = {"", "Several keys are deleted at one point in time. Deleting an absent key is no error.", ""},
        footer = {"", "Example: donjon delete /tmp/store fruit apple"})
final class DeleteCommand extends StoreCommand {
    @Parameters(
            index = "1",
            paramLabel = "KEYSPACE",
            converter = Target.Converter.class,
            description = "What to write to.")
    private @Nullable Target target;

    @Parameters(
            index = "2..*",
            arity = "1..*",
            paramLabel = "KEY",
            converter = Argument.Converter.class,
            description = "Text, hex:..., or - for standard input.")
    private List<Argument> keys = List.of();

    @Option(
            names = "--expect",
            paramLabel = "VALUE",
            converter = Argument.Converter.class,
            description = "Only if this is the present value of the one key; otherwise nothing changes.")
    private @Nullable Argument expected;

    @Override
    protected void check() {
        if (expected != null && keys.size() > 1) {
            throw usage("--expect goes with one key, not " + keys.size());
        }
        requireOneInput(Stream.<@Nullable Argument>concat(keys.stream(), Stream.of(expected)));
    }

    @Override
    protected int run(Store store) throws IOException {
        Keyspace keyspace =
                Objects.requireNonNull(target, "picocli requires it").keyspace(store);
        if (expected != null) {
            byte[] key = keys.get(0).bytes(terminal());
            return keyspace.deleteIf(key, expected.bytes(terminal())) ? ExitCode.OK : ExitCode.FINDING;
        }
        WriteBatch batch = store.newBatch();
        for (Argument key : keys) {
            batch.delete(keyspace, key.bytes(terminal()));
        }
        store.write(batch, Durability.SYNC);
        return ExitCode.OK;
    }
}
