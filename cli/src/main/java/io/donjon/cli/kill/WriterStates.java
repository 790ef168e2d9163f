package io.donjon.cli.kill;

import io.donjon.cli.kill.Script.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** What each writer had in each base keyspace behind certain operations. */
final class WriterStates {
    private final Script script;
    private final History history;
    private final List<TreeSet<Long>> wanted = new ArrayList<>();
    private final List<Map<Long, List<Map<Integer, Long>>>> states = new ArrayList<>();

    WriterStates(Script script, History history) {
        this.script = script;
        this.history = history;
        for (int i = 0; i < Script.WRITERS; i++) {
            wanted.add(new TreeSet<>());
            states.add(new HashMap<>());
        }
    }

    /** Asks for the states within a window, both ends included. */
    void want(Window window) {
        for (int writer = 0; writer < Script.WRITERS; writer++) {
            for (long number = window.from[writer]; number <= window.to[writer]; number++) {
                wanted.get(writer).add(number);
            }
        }
    }

    /** Goes through all operations of the history once. */
    void compute() {
        for (int writer = 0; writer < Script.WRITERS; writer++) {
            List<Map<Integer, Long>> state = new ArrayList<>();
            for (int i = 0; i < Script.KEYSPACES; i++) {
                Map<Integer, Long> owned = new TreeMap<>(history.startContents.get(i));
                int owner = writer;
                owned.keySet().removeIf(key -> Script.owner(key) != owner);
                state.add(owned);
            }
            long at = history.start[writer];
            for (long number : wanted.get(writer)) {
                while (at < number) {
                    at++;
                    if (!history.undone.get(writer).contains(at)) {
                        script.steps(writer, at).forEach(step -> apply(state.get(step.keyspace()), step));
                    }
                }
                List<Map<Integer, Long>> copy = new ArrayList<>();
                state.forEach(each -> copy.add(new HashMap<>(each)));
                states.get(writer).put(number, copy);
            }
        }
    }

    private static void apply(Map<Integer, Long> state, Step step) {
        if (step.value() == Script.ABSENT) {
            state.remove(step.key());
        } else {
            state.put(step.key(), step.value());
        }
    }

    /** The codes of a writer's keys in a base keyspace behind an operation that was asked for. */
    Map<Integer, Long> of(int writer, long number, int keyspace) {
        List<Map<Integer, Long>> state = states.get(writer).get(number);
        if (state == null) {
            throw new IllegalStateException("not asked for: writer " + writer + ", operation " + number);
        }
        return state.get(keyspace);
    }
}
