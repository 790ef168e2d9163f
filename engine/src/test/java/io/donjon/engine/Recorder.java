package io.donjon.engine;

import io.donjon.Commit;
import io.donjon.Cursor;
import io.donjon.CursorExpiredException;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreStats;
import io.donjon.Version;
import io.donjon.View;
import io.donjon.WriteBatch;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a program and the public API, and writes down every answer of every method: results, what callbacks
 * were given, the kinds of exceptions. It knows nothing of what the answers should be.
 */
final class Recorder {
    private static final List<Class<?>> FACES = List.of(
            Store.class,
            Keyspace.class,
            Snapshot.class,
            View.class,
            Cursor.class,
            WriteBatch.class,
            Commit.class,
            Reader.class);

    /** One line for each answer: the step, the cursor or "-", the method and what it said. */
    private final List<String> answers = new ArrayList<>();

    private final Set<String> called = new TreeSet<>();
    private int step;
    private int cursors;

    /** A store that is recorded. */
    Store face(Store store) {
        return (Store) wrap(store);
    }

    /** What is said from here on belongs to this step. */
    void step(int number) {
        step = number;
    }

    /** Records nothing of what is done here: it is not part of the history. */
    void aside(Runnable action) {
        int before = answers.size();
        action.run();
        answers.subList(before, answers.size()).clear();
    }

    List<String> answers() {
        return answers;
    }

    /** The methods of the API, other than {@link Store#open}, that were never called. */
    Set<String> neverCalled() {
        Set<String> never = new TreeSet<>();
        for (Class<?> face : FACES) {
            for (Method method : face.getDeclaredMethods()) {
                if (!Modifier.isStatic(method.getModifiers())) {
                    never.add(signature(method));
                }
            }
        }
        never.removeAll(called);
        return never;
    }

    /**
     * What differs first between the answers of two stores to one history, or an empty text. How long a scan of a
     * keyspace may take depends on the memory it is given: of one that has expired under either, nothing is compared.
     */
    static String difference(List<String> one, List<String> other) {
        Set<String> expired = new TreeSet<>();
        Stream.of(one, other)
                .flatMap(List::stream)
                .filter(line -> line.endsWith(CursorExpiredException.class.getSimpleName()))
                .forEach(line -> expired.add(cursor(line)));
        List<String> left = without(one, expired);
        List<String> right = without(other, expired);
        for (int i = 0; i < Math.max(left.size(), right.size()); i++) {
            String here = i < left.size() ? left.get(i) : "nothing";
            String there = i < right.size() ? right.get(i) : "nothing";
            if (!here.equals(there)) {
                return "answer " + i + ": <" + here + "> and <" + there + ">";
            }
        }
        return "";
    }

    private static List<String> without(List<String> answers, Set<String> cursors) {
        return cursors.isEmpty()
                ? answers
                : answers.stream()
                        .filter(line -> !cursors.contains(cursor(line)))
                        .toList();
    }

    private static String cursor(String line) {
        int at = line.indexOf(' ') + 1;
        return line.substring(at, line.indexOf(' ', at));
    }

    // ---- proxies ----

    private Object wrap(Object target) {
        Class<?>[] faces =
                FACES.stream().filter(face -> face.isInstance(target)).toArray(Class<?>[]::new);
        String cursor = target instanceof Cursor ? "c" + cursors++ : "-";
        return Proxy.newProxyInstance(Store.class.getClassLoader(), faces, new Face(target, cursor));
    }

    private static Object unwrapped(Object maybe) {
        return Proxy.isProxyClass(maybe.getClass()) && Proxy.getInvocationHandler(maybe) instanceof Face face
                ? face.target
                : maybe;
    }

    private final class Face implements InvocationHandler {
        final Object target;
        private final String cursor;

        Face(Object target, String cursor) {
            this.target = target;
            this.cursor = cursor;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
            @Nullable Object[] passed = arguments == null ? new Object[0] : arguments.clone();
            Arrays.setAll(passed, i -> pass(passed[i]));
            if (method.getDeclaringClass() == Object.class) {
                return method.invoke(target, passed);
            }
            called.add(signature(method));
            try {
                Object answer = method.invoke(target, passed);
                say(method.getName(), answer);
                return answer instanceof Stream<?> stream ? recorded(stream) : handOut(answer);
            } catch (InvocationTargetException thrown) {
                Throwable cause = Objects.requireNonNull(thrown.getCause());
                say(method.getName(), cause.getClass().getSimpleName());
                throw cause;
            }
        }

        private @Nullable Object pass(@Nullable Object argument) {
            if (argument instanceof Map<?, ?> map) {
                Map<Object, Object> plain = new LinkedHashMap<>();
                map.forEach((key, value) -> plain.put(unwrapped(key), value));
                return plain;
            }
            if (argument instanceof Function<?, ?>) {
                @SuppressWarnings("unchecked")
                Function<Object, Object> function = (Function<Object, Object>) argument;
                return (Function<Object, Object>) given -> {
                    say("is given", given);
                    return function.apply(given);
                };
            }
            if (argument instanceof BiConsumer<?, ?>) {
                @SuppressWarnings("unchecked")
                BiConsumer<Object, @Nullable Object> sink = (BiConsumer<Object, @Nullable Object>) argument;
                return (BiConsumer<Object, @Nullable Object>) (key, value) -> {
                    say("is given", key);
                    say("is given", value);
                    sink.accept(key, value);
                };
            }
            return argument == null ? null : unwrapped(argument);
        }

        private Stream<?> recorded(Stream<?> answer) {
            try (answer) {
                List<?> all = answer.toList();
                all.forEach(each -> say("lists", each));
                return all.stream();
            }
        }

        private void say(String what, @Nullable Object answer) {
            answers.add(step + " " + cursor + " " + what + " " + text(answer));
        }
    }

    private @Nullable Object handOut(@Nullable Object answer) {
        if (answer instanceof List<?> list) {
            return list.stream().map(each -> handOut(each)).toList();
        }
        return answer != null && FACES.stream().anyMatch(face -> face.isInstance(answer)) ? wrap(answer) : answer;
    }

    private static String signature(Method method) {
        return method.getDeclaringClass().getSimpleName()
                + '.'
                + method.getName()
                + Arrays.stream(method.getParameterTypes())
                        .map(Class::getSimpleName)
                        .toList();
    }

    /** What of an answer must not depend on how a store is tuned. */
    private static String text(@Nullable Object answer) {
        if (answer instanceof byte[] bytes) {
            return bytes.length + " bytes " + Arrays.hashCode(bytes);
        }
        if (answer instanceof ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(buffer.position(), bytes);
            return text(bytes);
        }
        if (answer instanceof Version version) {
            // When a dropped parent leaves, so that the one before it is the parent, depends on merges.
            return version.id() + " in " + version.tree() + ' ' + version.kind() + ' ' + version.name() + ' '
                    + version.readable();
        }
        if (answer instanceof StoreStats stats) {
            return stats.keyspaces() + " keyspaces, " + stats.sequence();
        }
        if (answer instanceof List<?> list) {
            return list.size() + " in a list";
        }
        if (answer instanceof Boolean || answer instanceof Number || answer instanceof String) {
            return answer.toString();
        }
        return answer == null ? "null" : "an object";
    }
}
