package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Store;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.Shrinker;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Steps;
import io.donjon.extents.sim.Survival;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One random history of the whole API under many sets of options: how large buffers and blocks are, what is compressed,
 * cached and filtered, on how many disks, when the threads run, when the store is opened again. Every answer is the
 * same. What the answers should be is not asked here.
 */
class MetamorphicTest {
    /** {@code -Dmetamorphic.sets=50 -Dmetamorphic.steps=20000} is the long run. */
    private static final int SETS = Integer.getInteger("metamorphic.sets", 5);

    private static final int STEPS = Integer.getInteger("metamorphic.steps", 5000);

    /** After so many steps all readers are closed, so that the store can be opened again by those who like. */
    private static final int STEPS_PER_EPOCH = 200;

    private static final int FIRST = 5;

    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("metamorphic.seeds", 1));
    }

    /** The set of options of this number, and when its store is opened again. */
    private record Options(SimStore store, boolean javaLz4, long worldSeed, SplittableRandom dice) {
        /** Each of the first five has another value of every option, as far as there are; the others have any. */
        static Options of(int set) {
            SplittableRandom random = new SplittableRandom(set);
            int[] choices = {0};
            IntUnaryOperator choose = set >= FIRST
                    ? random::nextInt
                    : bound -> (set + new SplittableRandom(choices[0]++).nextInt(bound)) % bound;
            int disks = 1 + choose.applyAsInt(5);
            int copies = 1 + choose.applyAsInt(Math.min(disks, 2));
            int codec = choose.applyAsInt(Tunings.CODECS.size() + 1);
            boolean javaLz4 = codec == Tunings.CODECS.size();
            Codec used = javaLz4 ? Codec.LZ4 : Tunings.CODECS.get(codec);
            SimStore store = new SimStore(disks, copies, Tunings.any(choose, used));
            return new Options(store, javaLz4, set, random);
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void everySetOfOptionsGivesTheSameAnswers(long seed) {
        long[] compared = {0};
        Recorder[] last = {new Recorder()};
        Shrinker.check(seed, steps -> {
            Recorder first = new Recorder();
            record(first, 0, seed, steps);
            compared[0] = 0;
            for (int set = 1; set < SETS; set++) {
                List<String> other = of(set, seed, steps.again());
                assertEquals("", Recorder.difference(first.answers(), other), "between sets 0 and " + set);
                compared[0] += other.size();
            }
            last[0] = first;
        });
        assertEquals(Set.of(), last[0].neverCalled(), "methods of the API that the history does not go through");
        System.out.println("metamorphic: seed=" + seed + " sets=" + SETS + " steps=" + STEPS + " answers=" + compared[0]
                + " differences=0");
    }

    @Test
    void theSetsOfTheDefaultRunHaveEveryKindOfOption() {
        Set<Object> kinds = new HashSet<>();
        for (int set = 0; set < FIRST; set++) {
            Options options = Options.of(set);
            Tuning tuning = options.store.tuning;
            kinds.addAll(List.of(
                    "disks " + options.store.disks,
                    "copies " + options.store.copies,
                    options.javaLz4 ? "LZ4 in Java" : tuning.codec(),
                    "cache " + tuning.cacheBytes(),
                    "bits " + tuning.bitsPerKey(),
                    "ratio " + tuning.ratio(),
                    tuning.slabs().apply(4096).getClass()));
        }
        assertEquals(5 + 2 + 4 + 3 + 3 + 3 + 2, kinds.size(), kinds.toString());
    }

    @Test
    void theFirstAnswerThatDiffersIsNamedButNotThoseOfAScanThatExpiredUnderOneSet() {
        List<String> one = List.of("1 - get null", "1 c0 next true", "2 c1 next true", "2 c0 next false");
        List<String> other = List.of("1 - get null", "1 c0 next true", "2 c1 next true", "2 c0 next true");
        assertEquals("", Recorder.difference(one, one));
        assertEquals("answer 3: <2 c0 next false> and <2 c0 next true>", Recorder.difference(one, other));
        assertEquals("answer 3: <2 c0 next false> and <nothing>", Recorder.difference(one, one.subList(0, 3)));
        List<String> expired = List.of("1 - get null", "1 c0 next CursorExpiredException", "2 c1 next true");
        assertEquals("", Recorder.difference(one, expired));
        assertEquals("", Recorder.difference(expired, one));
        assertEquals(
                "answer 1: <2 c1 next true> and <2 c1 next false>",
                Recorder.difference(expired, List.of("1 - get null", "2 c0 key 7", "2 c1 next false")));
    }

    private static List<String> of(int set, long seed, Steps steps) {
        if (!Options.of(set).javaLz4) {
            return answers(set, seed, steps);
        }
        String before = System.getProperty("donjon.lz4.java", "false");
        System.setProperty("donjon.lz4.java", "true");
        try {
            return new Apart().answers(set, seed, steps);
        } finally {
            System.setProperty("donjon.lz4.java", before);
        }
    }

    /** What the store says under this set of options. Called by reflection, too. */
    static List<String> answers(int set, long seed, Steps steps) {
        Recorder recorder = new Recorder();
        record(recorder, set, seed, steps);
        return recorder.answers();
    }

    private static void record(Recorder recorder, int set, long seed, Steps steps) {
        Options options = Options.of(set);
        Machine machine = new Machine(seed, steps);
        SimWorld world = new SimWorld(options.worldSeed);
        int[] done = {0};
        while (done[0] < STEPS) {
            SimWorld here = world;
            assertTrue(world.run(() -> {
                StoreHandle store = options.store.open(here);
                Store face = recorder.face(store);
                machine.attach(store, face);
                do {
                    for (int n = 0; n < STEPS_PER_EPOCH; n++) {
                        recorder.step(done[0]++);
                        machine.step();
                    }
                    machine.closeReaders();
                } while (done[0] < STEPS && options.dice.nextInt(3) > 0);
                if (done[0] >= STEPS) {
                    machine.assertEverything();
                    assertEquals(List.of(), face.verify().result().problems());
                }
                if (options.dice.nextBoolean()) {
                    recorder.aside(face::close);
                }
            }));
            world = world.reboot(Survival.ALL_KEPT);
        }
    }

    /** The classes of this project and LZ4 loaded once more, for a choice that is made once in the life of a class. */
    private static final class Apart extends ClassLoader {
        Apart() {
            super(MetamorphicTest.class.getClassLoader());
        }

        @SuppressWarnings("unchecked")
        List<String> answers(int set, long seed, Steps steps) {
            try {
                var answers = loadClass(MetamorphicTest.class.getName())
                        .getDeclaredMethod("answers", int.class, long.class, Steps.class);
                answers.setAccessible(true);
                List<String> all = (List<String>) answers.invoke(null, set, seed, steps);
                var isNative = loadClass("net.jpountz.util.Native").getDeclaredMethod("isLoaded");
                isNative.setAccessible(true);
                assertFalse((Boolean) Objects.requireNonNull(isNative.invoke(null)), "LZ4 did not run in Java");
                return Objects.requireNonNull(all);
            } catch (InvocationTargetException e) {
                throw new AssertionError("with LZ4 in Java: " + e.getCause(), e.getCause());
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.toString(), e);
            }
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            boolean apart = name.startsWith("io.donjon.") || name.startsWith("net.jpountz.");
            if (!apart || name.equals(Steps.class.getName())) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded == null ? define(name) : loaded;
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }
}
