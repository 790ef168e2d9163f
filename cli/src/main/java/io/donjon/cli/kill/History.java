package io.donjon.cli.kill;

import io.donjon.cli.Failure;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the journal tells. */
final class History {
    /** The last operation that each actor began. */
    final long[] begun = new long[Script.ACTORS];
    /** The last operation of each actor whose end is known; one less than {@link #begun} if one is in flight. */
    final long[] ended = new long[Script.ACTORS];
    /** Operations without effect, by actor. */
    final List<Set<Long>> undone = new ArrayList<>();
    /** What the keeper has made by operations whose end is known. */
    final KeeperModel model;
    /** What the keeper has in flight, or null. */
    @Nullable KeeperOp pending;

    private long[] endedBeforePending = new long[Script.ACTORS];
    private long acknowledged;

    History(Script script, List<String> journal) {
        model = new KeeperModel(script);
        for (int i = 0; i < Script.ACTORS; i++) {
            undone.add(new HashSet<>());
        }
        for (int i = 0; i < journal.size(); i++) {
            try {
                read(journal.get(i).split(" ", -1));
            } catch (IllegalArgumentException | IndexOutOfBoundsException | IllegalStateException e) {
                throw new Failure("the journal's line " + (i + 2) + " cannot be: " + journal.get(i) + " (" + e + ")");
            }
        }
    }

    private void read(String[] words) {
        int actor = Integer.parseInt(words[1]);
        long number = Long.parseLong(words[2]);
        boolean begins = words[0].equals("b");
        if (number != ended[actor] + 1 || number != begun[actor] + (begins ? 1 : 0)) {
            throw new IllegalArgumentException(
                    "the last that was begun is " + begun[actor] + ", and ended " + ended[actor]);
        }
        switch (words[0]) {
            case "b" -> {
                begun[actor] = number;
                if (actor == Script.KEEPER) {
                    pending = KeeperOp.parse(words[3], words[4], words[5], words[6]);
                    endedBeforePending = ended.clone();
                }
            }
            case "a" -> {
                acknowledged++;
                end(actor, number, true);
            }
            case "y" -> end(actor, number, true);
            case "x" -> end(actor, number, false);
            default -> throw new IllegalArgumentException("it begins with none of b, a, x, y");
        }
    }

    private void end(int actor, long number, boolean tookEffect) {
        ended[actor] = number;
        if (!tookEffect) {
            undone.get(actor).add(number);
        }
        if (actor == Script.KEEPER && pending != null) {
            if (tookEffect) {
                model.apply(pending, number, windowOfPending());
            }
            pending = null;
        }
    }

    /** When what is pending takes or took effect. */
    Window windowOfPending() {
        return new Window(endedBeforePending, begun);
    }

    /** How many operations were acknowledged. */
    long acknowledged() {
        return acknowledged;
    }
}
