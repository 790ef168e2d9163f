package io.donjon.extents.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A random history as data: steps by number, each with randomness of its own, so that leaving some out leaves the others
 * what they were. Who does a step chooses among what exists then.
 *
 * <p>For one run of a history; {@link Shrinker} makes the next.
 */
public final class Steps {
    /** The steps that are done; null if all are. */
    private final @Nullable BitSet kept;

    private final long seed;

    /** Gives each step its dice, and is drawn on even for those that are left out. */
    private final SplittableRandom seeds;

    private int begun;
    private final BitSet done = new BitSet();
    private final List<String> said = new ArrayList<>();

    Steps(long seed, @Nullable BitSet kept) {
        this.seed = seed;
        this.seeds = new SplittableRandom(seed);
        this.kept = kept;
    }

    /** All the steps of this seed. */
    public static Steps all(long seed) {
        return new Steps(seed, null);
    }

    /** The same steps from the beginning, for another run of them. */
    public Steps again() {
        return new Steps(seed, kept);
    }

    /** Begins the next step: what its dice are, or null if it is left out. */
    public @Nullable SplittableRandom next() {
        SplittableRandom dice = seeds.split();
        int number = begun++;
        if (kept != null && !kept.get(number)) {
            return null;
        }
        done.set(number);
        return dice;
    }

    /** Notes what the present step does, to be read by people; asked only of histories that have been cut down. */
    public void say(Object... words) {
        if (kept != null) {
            said.add((begun - 1) + ": " + Arrays.stream(words).map(Steps::text).collect(Collectors.joining(" ")));
        }
    }

    private static String text(Object word) {
        if (!(word instanceof byte[] bytes)) {
            return String.valueOf(word);
        }
        boolean plain = true;
        for (byte each : bytes) {
            plain &= each > ' ' && each < 127;
        }
        String head = plain && bytes.length > 0 ? "'" : "0x";
        StringBuilder text = new StringBuilder(head);
        for (int i = 0; i < Math.min(bytes.length, 30); i++) {
            text.append(plain ? String.valueOf((char) bytes[i]) : String.format("%02x", bytes[i]));
        }
        return text.append(bytes.length > 30 ? "... (" + bytes.length + " bytes)" : "")
                .append(plain && bytes.length > 0 ? "'" : "")
                .toString();
    }

    /** The numbers of the steps that have been done. */
    BitSet done() {
        return (BitSet) done.clone();
    }

    /** What the steps said, one line each. */
    List<String> said() {
        return List.copyOf(said);
    }
}
