package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.donjon.extents.Environment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.Lock;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Work that can wait, by a clock that moves only as the test says. */
class PaceTest {
    private static final long MILLI = 1_000_000;

    private final Clock clock = new Clock();
    private final Pace pace = new Pace(clock, () -> clock.activity);

    /** It passes while somebody works or rests; others may do something meanwhile. */
    private static final class Clock implements Environment {
        long now = -5 * MILLI;
        long activity;
        boolean othersInRests;
        final List<Long> rests = new ArrayList<>();

        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public void pause(long nanos) {
            rests.add(nanos);
            now += nanos;
            activity += othersInRests ? 1 : 0;
        }

        @Override
        public long currentTimeMillis() {
            throw new UnsupportedOperationException();
        }

        @Override
        public RandomGenerator random() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Lock newLock() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Worker start(String name, Runnable body) {
            throw new UnsupportedOperationException();
        }
    }

    /** Works for so long, reading something; gives the rests that this led to. */
    private List<Long> work(long nanos) {
        clock.rests.clear();
        clock.now += nanos;
        clock.activity++;
        pace.keep();
        return List.copyOf(clock.rests);
    }

    @Test
    void itWorksForFourMillisecondsBeforeItRests() {
        pace.begin();
        assertEquals(List.of(), work(4 * MILLI - 1));
        assertEquals(List.of(12 * MILLI), work(1));
        // What it rests is not work.
        assertEquals(List.of(), work(4 * MILLI - 1));
    }

    @Test
    void whatWasDoneBeforeTheWorkBeginsDoesNotCount() {
        pace.begin();
        work(3 * MILLI);
        clock.now += 100 * MILLI;
        pace.begin();
        assertEquals(List.of(), work(3 * MILLI));
    }

    @Test
    void besideOthersItRestsThreeTimesAsLongAsItHasWorked() {
        clock.othersInRests = true;
        SplittableRandom random = new SplittableRandom(1);
        pace.begin();
        long worked = 0;
        long began = clock.now;
        for (int i = 0; i < 100; i++) {
            long piece = random.nextLong(4 * MILLI, 50 * MILLI);
            assertEquals(List.of(3 * piece), work(piece));
            worked += piece;
        }
        assertEquals(4 * worked, clock.now - began);
    }

    @Test
    void whereNobodyElseDoesAnythingItRestsForAMomentOnly() {
        pace.begin();
        // At first it knows of nobody, and takes care.
        assertEquals(List.of(15 * MILLI), work(5 * MILLI));
        for (int i = 0; i < 10; i++) {
            assertEquals(List.of(MILLI / 2), work(5 * MILLI));
        }
    }

    @Test
    void itNoticesWithinAMomentThatOthersComeAndGo() {
        pace.begin();
        work(5 * MILLI);
        clock.othersInRests = true;
        assertEquals(List.of(MILLI / 2), work(5 * MILLI));
        assertEquals(List.of(15 * MILLI), work(5 * MILLI));
        clock.othersInRests = false;
        assertEquals(List.of(15 * MILLI), work(5 * MILLI));
        assertEquals(List.of(MILLI / 2), work(5 * MILLI));
    }
}
