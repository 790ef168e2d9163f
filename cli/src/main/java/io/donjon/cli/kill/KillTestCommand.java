package io.donjon.cli.kill;

import io.donjon.Store;
import io.donjon.VerifyReport;
import io.donjon.cli.ExitCode;
import io.donjon.cli.StoreCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
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
            "Checks what an earlier life has left, says so, and then writes without end: several threads of puts, deletes"
                    + " and batches, most of them synced, one of snapshots, clones, rollbacks and drops. The journal says"
                    + " what was begun and acknowledged. With --check it ends behind the check; the exit code is 1 if"
                    + " something was lost or is damaged.",
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

    @Option(
            names = "--full",
            description = "Writers that find no room try again; standard input says 'fill' when the disk fills up, and"
                    + " 'freed' when there is room again.")
    private boolean full;

    /** A process that is killed between these two lines is killed in recovery. */
    @Override
    protected void check() {
        say("opening");
    }

    @Override
    protected int run(Store store) throws IOException {
        say("opened");
        Script script = new Script(seed);
        try (Journal journal = new Journal(Objects.requireNonNull(path, "picocli requires it"), seed)) {
            History history = new History(script, journal.lines());
            settle(store, script, journal, history);
            if (!check) {
                Gate gate = new Gate();
                Load load = new Load(store, script, journal, gate, history.model, history.begun);
                load.start();
                if (full) {
                    new FullDisk(store, script, journal, gate, load, terminal()).run();
                } else {
                    load.join();
                }
            }
            return ExitCode.OK;
        } catch (LossException e) {
            say("LOST: " + e.getMessage());
            return ExitCode.FINDING;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitCode.FAILED;
        }
    }

    /** Compares the store with the journal, and takes note of what became of the operations in flight. */
    private void settle(Store store, Script script, Journal journal, History history) throws IOException {
        Image image = Image.read(store, script);
        Map<Integer, Boolean> outcome = new Check(script, history, image).run();
        VerifyReport report = store.verify().result();
        if (!report.clean()) {
            VerifyReport.Problem first = report.problems().get(0);
            throw new LossException(first.place() + ": " + first.what());
        }
        outcome.forEach((actor, tookEffect) -> journal.resolved(actor, history.begun[actor], tookEffect));
        history.settle(outcome);
        if (journal.isLong()) {
            journal.replace(history.toLines(image));
        }
        long done = outcome.values().stream().filter(each -> each).count();
        say("nothing lost: " + history.acknowledged() + " operations acknowledged, " + outcome.size()
                + " in flight at the end, " + done + " of them took effect, "
                + image.contents().size() + " versions compared");
    }

    private void say(String line) {
        try {
            terminal().println(line);
            terminal().out().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
