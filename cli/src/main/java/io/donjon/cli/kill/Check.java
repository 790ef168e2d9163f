package io.donjon.cli.kill;

import io.donjon.cli.kill.KeeperModel.Content;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Compares a store with the journal. It holds what it must if
 *
 * <ul>
 *   <li>each writer's keys, in all base keyspaces together, are what its acknowledged operations left, with or without
 *       all of the one in flight;
 *   <li>exactly those keyspaces and snapshots are there that the keeper has made and not dropped, with or without what it
 *       had in flight;
 *   <li>for each writer, a snapshot shows the state behind one operation that is not older than what was acknowledged
 *       when the snapshot was begun, and not newer than what was begun when it was acknowledged; snapshots taken
 *       together show the same operation;
 *   <li>a clone shows what its snapshot does and what was written to it since.
 * </ul>
 */
final class Check {
    private final Script script;
    private final History history;
    private final Map<String, Map<Integer, Long>> actual;

    Check(Script script, History history, Image image) {
        this.script = script;
        this.history = history;
        this.actual = image.contents();
    }

    /**
     * What became of the operations in flight: true for those that took effect, by actor.
     *
     * @throws LossException if the store does not hold what it must
     */
    Map<Integer, Boolean> run() {
        Map<Integer, Boolean> outcome = new LinkedHashMap<>();
        resolveWriters(outcome);
        for (int writer = 0; writer < Script.WRITERS; writer++) {
            if (Boolean.FALSE.equals(outcome.get(writer))) {
                history.undone.get(writer).add(history.begun[writer]);
            }
        }
        Window now = new Window(history.begun, history.begun);
        KeeperModel without = history.model;
        Map<String, Content> expected = without.contents(now);
        if (history.pending == null) {
            throwIfPresent(difference(expected));
            return outcome;
        }
        KeeperModel with = without.copy();
        with.apply(history.pending, history.begun[Script.KEEPER], history.windowOfPending());
        String differenceWith = difference(with.contents(now));
        outcome.put(Script.KEEPER, differenceWith == null);
        if (differenceWith != null) {
            String differenceWithout = difference(expected);
            if (differenceWithout != null) {
                throw new LossException("'" + history.pending + "' was in flight; with it: " + differenceWith
                        + "; without it: " + differenceWithout);
            }
        }
        return outcome;
    }

    private static void throwIfPresent(@Nullable String difference) {
        if (difference != null) {
            throw new LossException(difference);
        }
    }

    /** Finds out which operations in flight took effect; that the rest fits is seen with all other contents. */
    private void resolveWriters(Map<Integer, Boolean> outcome) {
        WriterStates states = new WriterStates(script, history);
        states.want(new Window(history.ended, history.begun));
        states.compute();
        for (int writer = 0; writer < Script.WRITERS; writer++) {
            if (history.ended[writer] < history.begun[writer]) {
                boolean there = true;
                for (int keyspace = 0; keyspace < Script.KEYSPACES; keyspace++) {
                    Map<Integer, Long> held = actual.get(Script.keyspace(keyspace));
                    there &= held != null
                            && owned(held, writer).equals(states.of(writer, history.begun[writer], keyspace));
                }
                outcome.put(writer, there);
            }
        }
    }

    /** What is wrong, or null if the store holds exactly this. */
    private @Nullable String difference(Map<String, Content> expected) {
        if (!expected.keySet().equals(actual.keySet())) {
            Set<String> lost = new TreeSet<>(expected.keySet());
            lost.removeAll(actual.keySet());
            Set<String> extra = new TreeSet<>(actual.keySet());
            extra.removeAll(expected.keySet());
            return "lost are " + lost + ", and there are " + extra + ", which must not be";
        }
        WriterStates states = new WriterStates(script, history);
        Map<Window, Map<String, Content>> byWindow = new LinkedHashMap<>();
        expected.forEach((name, content) -> {
            states.want(content.window());
            byWindow.computeIfAbsent(content.window(), window -> new TreeMap<>())
                    .put(name, content);
        });
        states.compute();
        for (Map.Entry<Window, Map<String, Content>> together : byWindow.entrySet()) {
            for (int owner = 0; owner < Script.ACTORS; owner++) {
                String difference = difference(together.getKey(), together.getValue(), owner, states);
                if (difference != null) {
                    return difference;
                }
            }
        }
        return null;
    }

    /** Compares the keys of one owner in all versions that show the same point in time. */
    private @Nullable String difference(Window window, Map<String, Content> contents, int owner, WriterStates states) {
        if (owner == Script.KEEPER) {
            return difference(contents, owner, name -> Map.of());
        }
        String difference = null;
        for (long number = window.from[owner]; number <= window.to[owner]; number++) {
            long at = number;
            difference = difference(contents, owner, content -> states.of(owner, at, content.tree()));
            if (difference == null) {
                return null;
            }
        }
        return difference + " (writer " + owner + " behind any operation from " + window.from[owner] + " to "
                + window.to[owner] + ")";
    }

    private interface Base {
        Map<Integer, Long> of(Content content);
    }

    private @Nullable String difference(Map<String, Content> contents, int owner, Base base) {
        for (Map.Entry<String, Content> each : contents.entrySet()) {
            Map<Integer, Long> wanted = new HashMap<>(base.of(each.getValue()));
            owned(each.getValue().over(), owner).forEach((key, value) -> {
                if (value == Script.ABSENT) {
                    wanted.remove(key);
                } else {
                    wanted.put(key, value);
                }
            });
            Map<Integer, Long> held = owned(actual.getOrDefault(each.getKey(), Map.of()), owner);
            if (!wanted.equals(held)) {
                return each.getKey() + " " + firstDifference(wanted, held);
            }
        }
        return null;
    }

    private static Map<Integer, Long> owned(Map<Integer, Long> content, int owner) {
        Map<Integer, Long> owned = new HashMap<>(content);
        owned.keySet().removeIf(key -> Script.owner(key) != owner);
        return owned;
    }

    private static String firstDifference(Map<Integer, Long> wanted, Map<Integer, Long> held) {
        Set<Integer> keys = new TreeSet<>(wanted.keySet());
        keys.addAll(held.keySet());
        Set<Integer> wrong = new HashSet<>(keys);
        wrong.removeIf(key -> wanted.getOrDefault(key, Script.ABSENT).equals(held.getOrDefault(key, Script.ABSENT)));
        int key = wrong.stream().min(Integer::compare).orElseThrow();
        return "differs in " + wrong.size() + " keys: " + new String(Script.keyBytes(key), StandardCharsets.US_ASCII)
                + " must hold " + Script.describe(wanted.getOrDefault(key, Script.ABSENT)) + " and holds "
                + Script.describe(held.getOrDefault(key, Script.ABSENT));
    }
}
