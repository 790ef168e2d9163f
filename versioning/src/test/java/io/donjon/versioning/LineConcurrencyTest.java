package io.donjon.versioning;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Readers without locks while one writer relabels without pause: it puts thousands of places behind one, then behind
 * another, and each group that this fills is split within a microsecond or so.
 */
@Timeout(60)
class LineConcurrencyTest {
    private static final long SEED = Long.getLong("seed", 1);
    private static final int KNOWN = 1000;
    private static final int SIZE = 1_500_000;

    private final Line line = new Line();

    /** The places there before the readers start, in their order. All later ones are put behind one of these. */
    private final List<Integer> known = new ArrayList<>();

    /** What each place was put behind. Written before the place is made, hence seen by all who see the place. */
    private final int[] parents = new int[SIZE];

    /** What stood there before, and stands behind the place ever after. */
    private final int[] elders = new int[SIZE];

    /** The place that the writer puts others behind at present. */
    private volatile int parent;

    private volatile boolean written;

    /** Of two places behind one, the younger comes first. Most are a few births apart, so one group holds both. */
    @Test
    void theOrderOfTwoPlacesNeverSeemsToChange() throws Exception {
        whileTheLineGrows(random -> {
            int younger = young(random);
            int elder = Math.max(KNOWN, younger - 1 - random.nextInt(1 << random.nextInt(14)));
            if (elder < younger && parents[elder] == parents[younger]) {
                int order = random.nextBoolean() ? line.compare(younger, elder) : -line.compare(elder, younger);
                expect(order < 0, younger + " and " + elder + " behind " + parents[elder] + " compare as " + order);
            }
        });
    }

    @Test
    void aPlaceIsBehindItsParentAndBeforeItsElderFromTheMomentItCounts() throws Exception {
        whileTheLineGrows(random -> {
            int place = young(random);
            expect(line.compare(parents[place], place) < 0, place + " is not behind " + parents[place]);
            expect(line.compare(place, Line.END) < 0, place + " is not before the end");
            if (elders[place] != Line.NONE) {
                expect(line.compare(elders[place], place) > 0, place + " is not before " + elders[place]);
            }
        });
    }

    @Test
    void aPlaceIsLinkedFromTheMomentItIsMet() throws Exception {
        whileTheLineGrows(random -> {
            int met = line.next(parent);
            if (met >= KNOWN) {
                int elder = line.next(met);
                expect(elder == elders[met], elder + " behind " + met + ", not " + elders[met]);
                int before = line.previous(met);
                expect(before == parents[met] || before > met, before + " before " + met);
                if (elder != Line.NONE) {
                    before = line.previous(elder);
                    expect(before == parents[met] || before == met, before + " before " + elder + ", not " + met);
                }
            }
        });
    }

    @Test
    void aWalkPassesAllPlacesThatWereThereInOrder() throws Exception {
        whileTheLineGrows(random -> {
            int rank = random.nextInt(KNOWN - 3);
            boolean onwards = random.nextBoolean();
            int place = known.get(onwards ? rank : rank + 3);
            int goal = known.get(onwards ? rank + 3 : rank);
            List<Integer> between = new ArrayList<>(known.subList(rank + 1, rank + 3));
            for (int steps = 0; place != goal; steps++) {
                int neighbour = onwards ? line.next(place) : line.previous(place);
                expect(neighbour != Line.NONE && steps <= SIZE, "walk from rank " + rank + " leads nowhere");
                between.remove((Integer) neighbour);
                place = neighbour;
            }
            expect(between.isEmpty(), "walk from rank " + rank + " left out " + between);
        });
    }

    /** Others leave and come back elsewhere all the time, whole groups of them: those that stay never seem to move. */
    @Test
    void theOrderOfPlacesThatStayNeverSeemsToChangeWhileOthersLeave() throws Exception {
        var random = new SplittableRandom(SEED);
        while (line.size() < KNOWN) {
            line.insertAfter(random.nextInt(line.size()));
        }
        for (int place = Line.ROOT; place != Line.NONE; place = line.next(place)) {
            known.add(place);
        }
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<?>> readers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                RandomGenerator own = random.split();
                readers.add(threads.submit(() -> {
                    while (!written) {
                        int a = own.nextInt(KNOWN);
                        int b = own.nextInt(KNOWN);
                        int order = line.compare(known.get(a), known.get(b));
                        expect(
                                Integer.signum(order) == Integer.compare(a, b),
                                a + " and " + b + " compare as " + order);
                        int walked = line.next(known.get(a));
                        while (walked >= KNOWN) {
                            walked = line.next(walked);
                        }
                    }
                }));
            }
            List<Integer> others = new ArrayList<>();
            for (int round = 0; round < 150; round++) {
                int behind = random.nextInt(KNOWN);
                for (int n = 0; n < 3_000; n++) {
                    others.add(line.insertAfter(random.nextInt(8) == 0 ? random.nextInt(KNOWN) : behind));
                }
                while (others.size() > 1_000) {
                    int gone = others.remove(random.nextInt(others.size()));
                    line.leave(gone);
                    line.reuse(gone);
                }
            }
            written = true;
            for (Future<?> reader : readers) {
                reader.get();
            }
        } finally {
            written = true;
            threads.shutdown();
            assertTrue(threads.awaitTermination(30, TimeUnit.SECONDS));
        }
        line.check();
    }

    /** One of the last 512 places, most often one of the last few. */
    private int young(RandomGenerator random) {
        return line.size() - 1 - random.nextInt(1 << random.nextInt(10));
    }

    private interface Reading {
        void once(RandomGenerator random);
    }

    private void whileTheLineGrows(Reading reading) throws Exception {
        var random = new SplittableRandom(SEED);
        while (line.size() < KNOWN) {
            line.insertAfter(random.nextInt(line.size()));
        }
        for (int place = Line.ROOT; place != Line.NONE; place = line.next(place)) {
            known.add(place);
        }
        write(2 * KNOWN, random);
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<Integer>> readers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                RandomGenerator own = random.split();
                Callable<Integer> reader = () -> {
                    int readings = 0;
                    do {
                        reading.once(own);
                        readings++;
                    } while (!written);
                    return readings;
                };
                readers.add(threads.submit(reader));
            }
            write(SIZE, random);
            written = true;
            for (Future<Integer> reader : readers) {
                int readings = reader.get();
                System.out.println(readings + " readings, " + line.relabellings() + " relabellings, seed=" + SEED);
                assertTrue(readings > 0);
            }
        } finally {
            written = true;
            threads.shutdown();
            assertTrue(threads.awaitTermination(30, TimeUnit.SECONDS));
        }
        line.check();
    }

    private void write(int size, RandomGenerator random) {
        while (line.size() < size) {
            if (line.size() % 10_000 == KNOWN) {
                parent = random.nextInt(KNOWN);
            }
            parents[line.size()] = parent;
            elders[line.size()] = line.next(parent);
            line.insertAfter(parent);
        }
    }

    private static void expect(boolean fact, String otherwise) {
        if (!fact) {
            throw new AssertionError(otherwise + ", seed=" + SEED);
        }
    }
}
