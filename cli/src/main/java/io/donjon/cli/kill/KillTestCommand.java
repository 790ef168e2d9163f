package io.donjon.cli.kill;

import io.donjon.Store;
import io.donjon.cli.ExitCode;
import io.donjon.cli.StoreCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code donjon kill-test}. */
@Command(
        name = "kill-test",
        hidden = true,
        header = "Load a store until the process is killed, and prove that nothing acknowledged was lost.",
        description = {
            "",
            "Checks what an earlier life has left, prints a line, and then writes without end: several threads of synced"
                    + " puts, deletes and batches, one of snapshots, clones, rollbacks and drops. The journal says what"
                    + " was begun and acknowledged. With --check it ends behind the check; the exit code is 1 if"
                    + " something was lost.",
            ""
        },
        footer = {
            "",
            "Example:",
            "  donjon kill-test /tmp/store --journal /tmp/journal --seed 1 --memory 16m",
            "  (kill -9 it, as often as you like)",
            "  donjon kill-test /tmp/store --journal /tmp/journal --seed 1 --memory 16m --check"
        })
public final class KillTestCommand extends StoreCommand {
    @Option(
            names = "--journal",
            required = true,
            paramLabel = "FILE",
            description = "The journal, which is made if there is none: the store must be empty then.")
    private @Nullable Path path;

    @Option(names = "--seed", required = true, paramLabel = "S", description = "Decides what is written.")
    private long seed;

    @Option(names = "--check", description = "Only check.")
    private boolean check;

    @Override
    protected int run(Store store) throws IOException {
        Script script = new Script(seed);
        try (Journal journal = new Journal(Objects.requireNonNull(path, "picocli requires it"), seed)) {
            History history = new History(script, journal.lines());
            Image image;
            Map<Integer, Boolean> outcome;
            try {
                image = Image.read(store, script);
                outcome = new Check(script, history, image).run();
            } catch (LossException e) {
                terminal().println("LOST: " + e.getMessage());
                return ExitCode.FINDING;
            }
            outcome.forEach((actor, tookEffect) -> journal.resolved(actor, history.begun[actor], tookEffect));
            long done = outcome.values().stream().filter(each -> each).count();
            terminal()
                    .println("nothing lost: " + history.acknowledged() + " operations acknowledged, "
                            + outcome.size() + " in flight at the end, " + done + " of them took effect, "
                            + image.contents().size() + " versions compared");
            terminal().out().flush();
            if (!check) {
                if (Boolean.TRUE.equals(outcome.get(Script.KEEPER)) && history.pending != null) {
                    history.model.apply(history.pending, history.begun[Script.KEEPER], history.windowOfPending());
                }
                new Load(store, script, journal).run(history.model, history.begun);
            }
            return ExitCode.OK;
        }
    }
}
