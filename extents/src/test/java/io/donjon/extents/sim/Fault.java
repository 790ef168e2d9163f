package io.donjon.extents.sim;

import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A rule that makes calls of a {@link SimDisk} fail: which kinds of calls, on which files, how many go well first, and
 * how often it strikes (once, unless said otherwise). A disk that is gone is {@code Fault.ioError().forever()}.
 *
 * <p>Made by one thread, then given to one disk, which guards it.
 */
public final class Fault {
    private final Kind kind;
    private final Set<Call> calls;
    private final long stallNanos;
    private Predicate<String> names = name -> true;
    private int passes;
    private int timesLeft = 1;
    private int hits;

    enum Kind {
        IO_ERROR,
        NO_SPACE,
        PARTLY,
        FORGOTTEN,
        OUT_OF_MEMORY,
        STALL
    }

    private Fault(Kind kind, long stallNanos, Call... calls) {
        this.kind = kind;
        this.stallNanos = stallNanos;
        this.calls = calls.length == 0 ? Set.of(Call.values()) : Set.of(calls);
    }

    /** The call has no effect and throws, as for EIO. A force that fails so leaves its sectors to a later one. */
    public static Fault ioError(Call... calls) {
        return new Fault(Kind.IO_ERROR, 0, calls);
    }

    /** The call has no effect and throws {@link io.donjon.extents.NoSpaceException}, whatever room there is. */
    public static Fault noSpace(Call... calls) {
        return new Fault(Kind.NO_SPACE, 0, calls);
    }

    /** The call does a part of its work and throws: a short read or write, a force or sync of something. */
    public static Fault partly(Call... calls) {
        return new Fault(Kind.PARTLY, 0, calls);
    }

    /**
     * A force throws, and the sectors that it should have made stable never will be, although readers see them and
     * later forces go well: what Linux does when a page cannot be written back.
     */
    public static Fault forgottenByForce() {
        return new Fault(Kind.FORGOTTEN, 0, Call.FORCE);
    }

    /** The call has no effect and throws an {@link OutOfMemoryError}: the heap was used up by somebody just then. */
    public static Fault outOfMemory(Call... calls) {
        return new Fault(Kind.OUT_OF_MEMORY, 0, calls);
    }

    /** The call takes so much longer; needs a {@link SimEnvironment}. */
    public static Fault stall(long nanos, Call... calls) {
        return new Fault(Kind.STALL, nanos, calls);
    }

    /** Only on files of such names. A renaming counts for its old and its new name; lists and syncs are of "". */
    public Fault on(Predicate<String> names) {
        this.names = names;
        return this;
    }

    /** Lets so many of the calls go well that it would strike. */
    public Fault after(int calls) {
        passes = calls;
        return this;
    }

    /** Strikes so many times. */
    public Fault times(int count) {
        timesLeft = count;
        return this;
    }

    /** Strikes until it is lifted. */
    public Fault forever() {
        return times(Integer.MAX_VALUE);
    }

    /** Strikes no more. */
    public void lift() {
        timesLeft = 0;
    }

    /** How often it has struck. */
    public int hits() {
        return hits;
    }

    Kind kind() {
        return kind;
    }

    long stallNanos() {
        return stallNanos;
    }

    /** Whether it strikes this call on a file of this name, or of the other one if there are two. */
    boolean strikes(Call call, String name, @Nullable String otherName) {
        boolean meant = calls.contains(call) && (names.test(name) || (otherName != null && names.test(otherName)));
        if (!meant || timesLeft == 0 || passes-- > 0) {
            return false;
        }
        timesLeft--;
        hits++;
        return true;
    }
}
