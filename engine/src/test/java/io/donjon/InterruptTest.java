package io.donjon;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A caller that is interrupted gets what he asked for, and stays interrupted; nobody else notices. */
final class InterruptTest {
    private static final List<Class<?>> API = List.of(
            Store.class,
            Keyspace.class,
            Reader.class,
            Snapshot.class,
            View.class,
            Cursor.class,
            ChangeCursor.class,
            WriteBatch.class,
            Job.class);

    @TempDir
    Path folder;

    private final Set<Method> called = new HashSet<>();
    private final IdentityHashMap<Object, Object> targets = new IdentityHashMap<>();

    private Store open() {
        return Store.open(StoreOptions.at(folder.resolve("store"))
                .createIfMissing(true)
                .memoryBytes(StoreOptions.MEMORY_BYTES_MIN));
    }

    /** Each call of what comes back is made by a thread that is interrupted, and so are those of what it returns. */
    private <T> T interrupting(Class<T> type, T target) {
        Object proxy =
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    called.add(method);
                    @Nullable Object[] plain = arguments == null ? new Object[0] : arguments.clone();
                    for (int i = 0; i < plain.length; i++) {
                        plain[i] = plain(plain[i]);
                    }
                    Thread.currentThread().interrupt();
                    try {
                        return wrapped(method.invoke(target, plain));
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        assertTrue(Thread.interrupted(), () -> method + " lost the interrupt");
                    }
                });
        targets.put(proxy, target);
        return type.cast(proxy);
    }

    private @Nullable Object plain(@Nullable Object argument) {
        if (argument instanceof Map<?, ?> map) {
            Map<Object, Object> plain = new LinkedHashMap<>();
            map.forEach((key, value) -> plain.put(targets.getOrDefault(key, key), value));
            return plain;
        }
        return argument == null ? null : targets.getOrDefault(argument, argument);
    }

    private @Nullable Object wrapped(@Nullable Object result) {
        for (Class<?> type : List.of(
                Keyspace.class,
                Snapshot.class,
                View.class,
                Cursor.class,
                ChangeCursor.class,
                WriteBatch.class,
                Job.class)) {
            if (type.isInstance(result)) {
                return wrapped(type, result);
            }
        }
        return result;
    }

    private <T> T wrapped(Class<T> type, Object result) {
        return interrupting(type, type.cast(result));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static ByteBuffer buffer(String text) {
        return ByteBuffer.wrap(bytes(text));
    }

    @Test
    void everyCallOfTheApiIsServedAndKeepsTheInterrupt() {
        Store store = interrupting(Store.class, open());
        Keyspace k = store.createKeyspace("k");
        write(store, k);
        read(k);
        Snapshot one = k.snapshot("one");
        versions(store, k, one);
        View view = k.view();
        read(view);
        view.close();
        fillBuffers(k);
        store.sync();
        store.whenDurable(store.stats().durableSequence()).toCompletableFuture().join();
        assertNull(store.stats().readOnlyReason());
        Job<VerifyReport> job = store.verify();
        assertTrue(job.progress() >= 0);
        assertTrue(job.result().clean());
        assertTrue(job.isDone());
        job.cancel();
        store.close();

        Set<String> missing = new HashSet<>();
        for (Class<?> type : API) {
            for (Method method : type.getDeclaredMethods()) {
                boolean counts = !Modifier.isStatic(method.getModifiers()) && !method.isSynthetic();
                if (counts && Modifier.isPublic(method.getModifiers()) && !called.contains(method)) {
                    missing.add(method.toString());
                }
            }
        }
        assertEquals(Set.of(), missing);
        try (Store again = open()) {
            assertArrayEquals(
                    bytes("1"), Objects.requireNonNull(again.keyspace("k")).get(bytes("a")));
            assertTrue(again.verify().result().clean());
        }
    }

    private static void write(Store store, Keyspace k) {
        k.put(bytes("a"), bytes("1"));
        k.put(buffer("b"), buffer("2"));
        assertTrue(k.putIfAbsent(bytes("c"), bytes("3")));
        assertTrue(k.replace(bytes("c"), bytes("3"), bytes("4")));
        assertTrue(k.deleteIf(bytes("c"), bytes("4")));
        k.delete(bytes("d"));
        k.with(Durability.ASYNC).put(bytes("e"), bytes("5"));
        WriteBatch batch = store.newBatch().allOrNothing(true);
        batch.put(k, bytes("f"), bytes("6"));
        batch.delete(k, bytes("f"));
        batch.putIfAbsent(k, bytes("f"), bytes("7"));
        batch.replace(k, bytes("f"), bytes("7"), bytes("8"));
        batch.deleteIf(k, bytes("f"), bytes("8"));
        batch.put(k, buffer("f"), buffer("6"));
        batch.delete(k, buffer("f"));
        batch.putIfAbsent(k, buffer("f"), buffer("7"));
        batch.replace(k, buffer("f"), buffer("7"), buffer("8"));
        batch.deleteIf(k, buffer("f"), buffer("8"));
        assertEquals(10, batch.size());
        assertTrue(batch.bytes() > 0);
        store.write(batch, Durability.SYNC);
        batch.clear();
    }

    private static void read(Reader reader) {
        assertArrayEquals(bytes("1"), reader.get(bytes("a")));
        assertEquals(1, reader.get(buffer("b"), ByteBuffer.allocate(10)));
        assertEquals(1, reader.read(buffer("b"), ByteBuffer::remaining));
        assertTrue(reader.contains(bytes("e")));
        List<byte[]> found = new ArrayList<>();
        reader.getAll(List.of(bytes("a"), bytes("b")), (key, value) -> found.add(key));
        assertEquals(2, found.size());
        try (Cursor cursor = reader.scan(KeyRange.all())) {
            assertTrue(cursor.next());
            assertTrue(cursor.seek(buffer("b")));
            assertEquals(buffer("b"), cursor.key());
            assertEquals(buffer("2"), cursor.value());
            assertArrayEquals(bytes("b"), cursor.keyBytes());
            assertArrayEquals(bytes("2"), cursor.valueBytes());
        }
    }

    private static void versions(Store store, Keyspace k, Snapshot one) {
        read(one);
        one.rename("first");
        Keyspace clone = one.cloneAs("clone");
        clone.put(bytes("a"), bytes("9"));
        clone.rollback(one);
        clone.rename("copy");
        assertEquals("copy", clone.name());
        long id = one.version().id();
        assertEquals(id, Objects.requireNonNull(store.version(id)).id());
        assertEquals(id, Objects.requireNonNull(store.snapshot(id)).version().id());
        assertEquals(
                id, Objects.requireNonNull(k.snapshotNamed("first")).version().id());
        assertEquals("k", Objects.requireNonNull(store.keyspace("k")).version().name());
        List<Snapshot> both = store.snapshotAll(Map.of(k, "k2", clone, "c2"));
        assertEquals(2, both.size());
        try (Stream<Version> all = store.versions(VersionQuery.all())) {
            assertTrue(all.count() > 3);
        }
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        Snapshot come;
        try {
            store.exportSnapshot(one, null, stream);
            come = store.importSnapshot(new ByteArrayInputStream(stream.toByteArray()), "come");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertEquals(one.identity(), come.identity());
        read(come);
        diff(store, one);
        try (Stream<VersionSpace> space = store.space(VersionQuery.all())) {
            assertTrue(space.count() > 3);
        }
        clone.drop();
        one.drop();
        assertTrue(store.clean().result().arrays() >= 0);
    }

    private static void diff(Store store, Snapshot from) {
        Keyspace other = from.cloneAs("other");
        other.put(bytes("a"), bytes("9"));
        try (ChangeCursor changes = store.diff(from.version(), other.version(), KeyRange.all())) {
            assertTrue(changes.next());
            assertTrue(changes.seek(buffer("a")));
            assertEquals(ChangeCursor.Kind.CHANGED, changes.kind());
            assertEquals(buffer("a"), changes.key());
            assertArrayEquals(bytes("a"), changes.keyBytes());
            assertEquals(buffer("1"), changes.oldValue());
            assertEquals(buffer("9"), changes.newValue());
        }
        other.drop();
    }

    /** Writes until flushes and merges are waited for. */
    private static void fillBuffers(Keyspace k) {
        byte[] value = new byte[64 << 10];
        for (int i = 0; i < 200; i++) {
            k.with(Durability.ASYNC).put(bytes("large" + i), value);
        }
    }

    @Test
    void interruptsFromOutsideDisturbNobody() throws InterruptedException {
        try (Store store = open()) {
            Keyspace k = store.createKeyspace("k");
            int writers = 3;
            int writes = 150;
            List<Throwable> problems = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < writers; i++) {
                int writer = i;
                threads.add(new Thread(() -> {
                    try {
                        for (int j = 0; j < writes; j++) {
                            k.put(bytes(writer + "/" + j), new byte[32 << 10]);
                            assertEquals(32 << 10, Objects.requireNonNull(k.get(bytes(writer + "/" + j))).length);
                        }
                    } catch (RuntimeException | Error e) {
                        synchronized (problems) {
                            problems.add(e);
                        }
                    }
                }));
            }
            threads.forEach(Thread::start);
            // All but the last are interrupted all the time; the last must not notice.
            while (threads.stream().anyMatch(Thread::isAlive)) {
                threads.subList(0, writers - 1).forEach(Thread::interrupt);
                Thread.sleep(1);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(List.of(), problems);
            assertNull(store.stats().readOnlyReason());
            assertTrue(store.verify().result().clean());
        }
    }
}
