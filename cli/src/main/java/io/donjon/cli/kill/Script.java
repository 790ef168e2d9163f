package io.donjon.cli.kill;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the actors write, from the seed alone: operation n of an actor is the same in every life of the test.
 *
 * <p>There are {@value #WRITERS} writers, each with keys of its own in every base keyspace, so that the order of writes to
 * a key is known; and the keeper, who takes and drops snapshots and clones and writes to the clones, to anybody's keys.
 */
final class Script {
    static final int WRITERS = 4;
    static final int KEEPER = WRITERS;
    static final int ACTORS = WRITERS + 1;
    static final int KEYSPACES = 3;
    /** The value code of a deleted key. */
    static final long ABSENT = -1;

    /** Keys of each actor in each keyspace. */
    private static final int KEYS = 200;

    /** All keys are below this. */
    static final int KEYS_IN_ALL = KEYS * ACTORS;

    private static final int STEPS_MAX = 12;
    private static final int VALUE_BYTES_MAX = 1500;
    private static final int LARGE_ONE_IN = 200;
    private static final int LARGE_BYTES = 150_000;
    private static final int NUMBER_SHIFT = 8;
    private static final int ACTOR_SHIFT = 56;
    private static final int STEP_MASK = 0xff;
    private static final long NUMBER_MASK = (1L << ACTOR_SHIFT) - 1;
    private static final Pattern KEY = Pattern.compile("a([0-4])/([0-9]{3})");
    private static final Pattern HEADER = Pattern.compile("([0-4]):([0-9]{1,15}):([0-9]{1,2}):");
    private static final int HEADER_BYTES_MAX = 24;

    private final long seed;

    Script(long seed) {
        this.seed = seed;
    }

    /**
     * A put or delete.
     *
     * @param keyspace the base keyspace's number; of no meaning for the keeper, who writes to one clone at a time
     * @param key the key's number, see {@link #owner}
     * @param value the value's code, or {@link #ABSENT}
     */
    record Step(int keyspace, int key, long value) {}

    static String keyspace(int number) {
        return "base" + number;
    }

    /** The keyspace that stands behind a base keyspace on the line and that nobody ever writes to. */
    static String fence(int number) {
        return "fence" + number;
    }

    SplittableRandom random(int actor, long number) {
        return new SplittableRandom(seed ^ mix(code(actor, number, 0)));
    }

    /** What one operation writes: a put, a delete, or a batch over several keyspaces. */
    List<Step> steps(int actor, long number) {
        SplittableRandom random = random(actor, number);
        int count = random.nextInt(4) == 0 ? 2 + random.nextInt(STEPS_MAX - 1) : 1;
        List<Step> steps = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int owner = actor == KEEPER ? random.nextInt(ACTORS) : actor;
            int key = owner * KEYS + random.nextInt(KEYS);
            long value = random.nextInt(5) == 0 ? ABSENT : code(actor, number, i);
            steps.add(new Step(random.nextInt(KEYSPACES), key, value));
        }
        return steps;
    }

    private static long code(int actor, long number, int step) {
        return (long) actor << ACTOR_SHIFT | number << NUMBER_SHIFT | step;
    }

    /** Whose key that is. */
    static int owner(int key) {
        return key / KEYS;
    }

    static byte[] keyBytes(int key) {
        return String.format(Locale.ROOT, "a%d/%03d", owner(key), key % KEYS).getBytes(StandardCharsets.US_ASCII);
    }

    /** The number of a key that was read. */
    static int key(byte[] bytes) {
        Matcher matcher = KEY.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
        if (!matcher.matches()) {
            throw new LossException("a key that nobody wrote: " + new String(bytes, StandardCharsets.ISO_8859_1));
        }
        return number(matcher, 1) * KEYS + number(matcher, 2);
    }

    private static int number(Matcher matcher, int group) {
        return Integer.parseInt(String.valueOf(matcher.group(group)));
    }

    /** The bytes of a value: who wrote it when, then what only the seed tells. */
    byte[] valueBytes(long code) {
        SplittableRandom random = new SplittableRandom(seed + mix(code));
        int length = random.nextInt(LARGE_ONE_IN) == 0 ? LARGE_BYTES : random.nextInt(VALUE_BYTES_MAX);
        byte[] header = describe(code).getBytes(StandardCharsets.US_ASCII);
        ByteBuffer value = ByteBuffer.allocate(header.length + length).put(header);
        while (value.remaining() >= Long.BYTES) {
            value.putLong(random.nextLong());
        }
        return value.array();
    }

    /** The code of a value that was read, every byte of which is compared. */
    long value(byte[] bytes) {
        String start = new String(bytes, 0, Math.min(HEADER_BYTES_MAX, bytes.length), StandardCharsets.ISO_8859_1);
        Matcher matcher = HEADER.matcher(start);
        if (!matcher.lookingAt()) {
            throw new LossException("a value that nobody wrote, which begins with " + start);
        }
        long code = code(number(matcher, 1), Long.parseLong(String.valueOf(matcher.group(2))), number(matcher, 3));
        if (!ByteBuffer.wrap(bytes).equals(ByteBuffer.wrap(valueBytes(code)))) {
            throw new LossException("a value that begins like " + matcher.group() + " and goes on differently");
        }
        return code;
    }

    /** Actor, number and step of what wrote a value. */
    static String describe(long code) {
        return code == ABSENT
                ? "nothing"
                : (code >>> ACTOR_SHIFT) + ":" + ((code & NUMBER_MASK) >>> NUMBER_SHIFT) + ":" + (code & STEP_MASK)
                        + ":";
    }

    private static long mix(long x) {
        long y = (x ^ x >>> 33) * 0xff51afd7ed558ccdL;
        y = (y ^ y >>> 33) * 0xc4ceb9fe1a85ec53L;
        return y ^ y >>> 33;
    }
}
