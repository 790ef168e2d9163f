package io.donjon.extents.sim;

import java.util.random.RandomGenerator;

/**
 * Which of the changes that were not made stable are there after a power cut: writes, sector by sector; growth of
 * files; creations, renamings and deletions. A medium may do any of these, so a store must live with all of them.
 */
public enum Survival {
    /** Nothing that was not made stable. */
    ALL_LOST {
        @Override
        Fate fate(long salt, long oldest, long next) {
            return new Fate() {};
        }
    },
    /** Everything, as after the death of the process alone. */
    ALL_KEPT {
        @Override
        Fate fate(long salt, long oldest, long next) {
            return upTo(next);
        }
    },
    /** New names, but not what is in the files: a file renamed before it was forced is found empty. */
    NAMES_KEPT {
        @Override
        Fate fate(long salt, long oldest, long next) {
            return new Fate() {
                @Override
                public boolean keepsName(long order) {
                    return true;
                }
            };
        }
    },
    /** What is in the files, but not their new names. */
    DATA_KEPT {
        @Override
        Fate fate(long salt, long oldest, long next) {
            return new Fate() {
                @Override
                public boolean keepsSector(long order, int sector) {
                    return true;
                }

                @Override
                public boolean keepsSize(long order) {
                    return true;
                }
            };
        }
    },
    /** All changes up to a moment, whatever they are. */
    PREFIX {
        @Override
        Fate fate(long salt, long oldest, long next) {
            return upTo(moment(salt, oldest, next));
        }
    },
    /** All changes up to a moment, and of the write at that moment some sectors. */
    TORN {
        @Override
        Fate fate(long salt, long oldest, long next) {
            long moment = moment(salt, oldest, next);
            Fate before = upTo(moment);
            return new Fate() {
                @Override
                public boolean keepsSector(long order, int sector) {
                    return order == moment ? chance(salt, order, sector, EVEN) : before.keepsSector(order, sector);
                }

                @Override
                public boolean keepsSize(long order) {
                    return order == moment ? chance(salt, order, SIZE, EVEN) : before.keepsSize(order);
                }

                @Override
                public boolean keepsName(long order) {
                    return before.keepsName(order);
                }
            };
        }
    },
    /** Each change in full or not at all, by chance: a later one may be there and an earlier one not. */
    REORDERED {
        @Override
        Fate fate(long salt, long oldest, long next) {
            double share = share(salt);
            return new Fate() {
                @Override
                public boolean keepsSector(long order, int sector) {
                    return keepsName(order);
                }

                @Override
                public boolean keepsSize(long order) {
                    return keepsName(order);
                }

                @Override
                public boolean keepsName(long order) {
                    return chance(salt, order, 0, share);
                }
            };
        }
    },
    /** Each sector of each write, each growth and each change of a name by chance of its own. */
    RANDOM {
        @Override
        Fate fate(long salt, long oldest, long next) {
            double share = share(salt);
            return new Fate() {
                @Override
                public boolean keepsSector(long order, int sector) {
                    return chance(salt, order, sector, share);
                }

                @Override
                public boolean keepsSize(long order) {
                    return chance(salt, order, SIZE, share);
                }

                @Override
                public boolean keepsName(long order) {
                    return chance(salt, order, NAME, share);
                }
            };
        }
    };

    private static final double EVEN = 0.5;
    private static final int SIZE = -1;
    private static final int NAME = -2;

    /** The fate of the changes of one medium, numbered in the order in which they were made. */
    interface Fate {
        default boolean keepsSector(long order, int sector) {
            return false;
        }

        default boolean keepsSize(long order) {
            return false;
        }

        default boolean keepsName(long order) {
            return false;
        }
    }

    Fate fate(RandomGenerator random, long oldest, long next) {
        return fate(random.nextLong(), oldest, next);
    }

    /** The fate that follows from {@code salt}, for changes numbered from {@code oldest} to {@code next} - 1. */
    abstract Fate fate(long salt, long oldest, long next);

    private static Fate upTo(long end) {
        return new Fate() {
            @Override
            public boolean keepsSector(long order, int sector) {
                return order < end;
            }

            @Override
            public boolean keepsSize(long order) {
                return order < end;
            }

            @Override
            public boolean keepsName(long order) {
                return order < end;
            }
        };
    }

    private static long moment(long salt, long oldest, long next) {
        return oldest + Math.floorMod(mix(salt), next - oldest + 1);
    }

    /** Few, half or most: with one share alone, long sequences of lost or of kept changes would hardly occur. */
    private static double share(long salt) {
        return new double[] {0.1, EVEN, 0.9}[(int) Math.floorMod(mix(salt), 3L)];
    }

    private static boolean chance(long salt, long order, int what, double share) {
        long drawn = mix(mix(salt + order) + what);
        return (drawn >>> 11) * 0x1.0p-53 < share;
    }

    /** Stafford's mix 13, as in SplittableRandom. */
    private static long mix(long z) {
        long x = z + 0x9e3779b97f4a7c15L;
        x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
        x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
        return x ^ (x >>> 31);
    }
}
