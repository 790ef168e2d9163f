package io.donjon.cli.kill;

import io.donjon.cli.Failure;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the journal tells. */
final class History {
    /** The last operation that each actor began. */
    final long[] begun = new long[Script.ACTORS];
    /** The last operation of each actor whose end is known; one less than {@link #begun} if one is in flight. */
    final long[] ended = new long[Script.ACTORS];
    /** The last operation of each actor that the journal does not tell of any more. */
    final long[] start = new long[Script.ACTORS];
    /** What the base keyspaces held then. */
    final List<Map<Integer, Long>> startContents = new ArrayList<>();
    /** Operations without effect since, by actor. */
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
        for (int i = 0; i < Script.KEYSPACES; i++) {
            startContents.add(new HashMap<>());
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
        switch (words[0]) {
            case "n" -> acknowledged = Long.parseLong(words[1]);
            case "s" -> {
                int actor = Integer.parseInt(words[1]);
                start[actor] = Long.parseLong(words[2]);
                begun[actor] = start[actor];
                ended[actor] = start[actor];
            }
            case "v" -> readVersion(KeeperModel.Sort.parse(words[1]), Integer.parseInt(words[2]), words[3], words);
            default -> readOperation(words);
        }
    }

    private void readVersion(KeeperModel.Sort sort, int tree, String name, String[] words) {
        Map<Integer, Long> held = new HashMap<>();
        for (int key = 0; key < Script.KEYS_IN_ALL; key++) {
            String code = words[4 + key];
            held.put(key, code.equals("-") ? Script.ABSENT : Long.parseLong(code, Character.MAX_RADIX));
        }
        model.restore(sort, tree, name, new KeeperModel.Content(new Window(start, start), tree, held));
        if (sort == KeeperModel.Sort.BASE) {
            held.values().removeIf(code -> code == Script.ABSENT);
            startContents.set(tree, held);
        }
    }

    private void readOperation(String[] words) {
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
            default -> throw new IllegalArgumentException("it begins with none of b, a, x, y, n, s, v");
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

    /** Takes note of what became of operations in flight. */
    void settle(Map<Integer, Boolean> outcome) {
        outcome.forEach((actor, tookEffect) -> end(actor, begun[actor], tookEffect));
    }

    /** The lines that stand for all of this, where nothing is in flight and the store was found to hold what it must. */
    List<String> toLines(Image image) {
        List<String> lines = new ArrayList<>();
        lines.add("n " + acknowledged);
        for (int i = 0; i < Script.ACTORS; i++) {
            lines.add("s " + i + " " + ended[i]);
        }
        model.each((sort, tree, name, fullName) -> {
            StringBuilder line = new StringBuilder("v " + sort + " " + tree + " " + name);
            Map<Integer, Long> held = image.contents().get(fullName);
            for (int key = 0; key < Script.KEYS_IN_ALL; key++) {
                Long code = held == null ? null : held.get(key);
                line.append(' ').append(code == null ? "-" : Long.toString(code, Character.MAX_RADIX));
            }
            lines.add(line.toString());
        });
        return lines;
    }

    /** How many operations were acknowledged. */
    long acknowledged() {
        return acknowledged;
    }
}
