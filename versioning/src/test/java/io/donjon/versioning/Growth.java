package io.donjon.versioning;

import java.util.function.IntSupplier;
import java.util.random.RandomGenerator;

/** Ways in which a line grows. */
enum Growth {
    /** One chain of snapshots. */
    BEHIND_THE_LAST {
        @Override
        IntSupplier on(Line line, RandomGenerator random) {
            int last = Line.ROOT;
            while (line.next(last) != Line.NONE) {
                last = line.next(last);
            }
            int first = last;
            int sizeBefore = line.size();
            return () -> line.size() == sizeBefore ? first : line.size() - 1;
        }
    },
    BEHIND_ROOT {
        @Override
        IntSupplier on(Line line, RandomGenerator random) {
            return () -> Line.ROOT;
        }
    },
    /** Clone after clone of one version. */
    BEHIND_ONE {
        @Override
        IntSupplier on(Line line, RandomGenerator random) {
            int place = random.nextInt(line.size());
            return () -> place;
        }
    },
    BEHIND_ANY {
        @Override
        IntSupplier on(Line line, RandomGenerator random) {
            return () -> random.nextInt(line.size());
        }
    },
    /** Into one gap, which closes from both sides in turn. */
    INTO_A_GAP {
        @Override
        IntSupplier on(Line line, RandomGenerator random) {
            return new IntSupplier() {
                private int left = random.nextInt(line.size());

                @Override
                public int getAsInt() {
                    int parent = left;
                    if (line.size() % 2 == 0) {
                        left = line.size();
                    }
                    return parent;
                }
            };
        }
    },
    /** Bursts from one place to tens of thousands, each behind another place. */
    IN_BURSTS {
        @Override
        IntSupplier on(Line line, RandomGenerator random) {
            return new IntSupplier() {
                private int place;

                @Override
                public int getAsInt() {
                    if (random.nextInt(1 << random.nextInt(17)) == 0) {
                        place = random.nextInt(line.size());
                    }
                    return place;
                }
            };
        }
    },
    /**
     * Against the labels: as many places behind one as use up the labels there, then as many a little before these, and
     * so on, so that the groups this makes crowd together from behind.
     */
    BACKWARDS {
        @Override
        IntSupplier on(Line line, RandomGenerator random) {
            return new IntSupplier() {
                private int place = random.nextInt(line.size());

                @Override
                public int getAsInt() {
                    if (line.size() % 28 == 0) {
                        for (int steps = 0; steps < 128 && place != Line.ROOT; steps++) {
                            place = line.previous(place);
                        }
                        if (place == Line.ROOT) {
                            place = random.nextInt(line.size());
                        }
                    }
                    return place;
                }
            };
        }
    };

    /** What gives the place that each next place goes behind, from now on. */
    abstract IntSupplier on(Line line, RandomGenerator random);
}
