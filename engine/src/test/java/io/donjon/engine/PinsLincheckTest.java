package io.donjon.engine;

import io.donjon.StoreClosedException;
import io.donjon.versioning.Line;
import java.util.ArrayList;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.LinChecker;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.annotations.Validate;
import org.jetbrains.kotlinx.lincheck.strategy.managed.modelchecking.ModelCheckingOptions;
import org.junit.jupiter.api.Test;

/**
 * States that are pinned while others replace them: what a pinned state lists is held until the pin is given back, and
 * once all pins are, everything that was replaced has been let go of.
 */
public class PinsLincheckTest {
    private final Line line = new Line();
    private final SlabPool slabs = new SlabPool(size -> new HeapSlab(128), 0);
    private final List<Generation> made = new ArrayList<>();
    private final ReadStates states = new ReadStates(generation(), List.of(), List.of());
    private boolean closed;

    private Generation generation() {
        Generation generation = new Generation(new WriteBuffer(slabs, line, 1));
        made.add(generation);
        return generation;
    }

    /** A flush: the old buffer is listed no more. */
    @Operation(nonParallelGroup = "writer")
    public boolean replace() {
        if (closed) {
            return false;
        }
        Generation old = states.current().active;
        Generation next = generation();
        states.replace(state -> states.make(next, List.of(), List.of()));
        old.release();
        return true;
    }

    @Operation(nonParallelGroup = "writer")
    public boolean close() {
        if (closed) {
            return false;
        }
        closed = true;
        Generation last = states.current().active;
        states.close();
        last.release();
        return true;
    }

    /** Whether what is pinned is held; 2 if the store is closed. */
    @Operation
    public int read() {
        try {
            ReadState state = states.acquire();
            boolean held = state.active.isHeld();
            states.release(state);
            return held ? 1 : 0;
        } catch (StoreClosedException e) {
            return 2;
        }
    }

    /** Nobody pins anything now. */
    @Validate
    public void everythingThatWasReplacedIsLetGoOf() {
        for (Generation generation : made) {
            boolean current = !closed && generation == states.current().active;
            if (generation.isHeld() != current) {
                throw new IllegalStateException("a buffer is held that should not be, or is not that should");
            }
        }
        if (states.isInUse() == closed) {
            throw new IllegalStateException("states are in use: " + states.isInUse() + ", closed: " + closed);
        }
    }

    @Test
    void whatIsPinnedIsHeldAndNothingElse() {
        LinChecker.check(
                PinsLincheckTest.class,
                new ModelCheckingOptions()
                        .iterations(Integer.getInteger("lincheck.iterations", 10))
                        .invocationsPerIteration(Integer.getInteger("lincheck.invocations", 100))
                        .threads(3)
                        .actorsPerThread(2)
                        .sequentialSpecification(PlainPins.class));
    }

    /** What is read is held, until all is closed. */
    public static class PlainPins {
        private boolean closed;

        public boolean replace() {
            return !closed;
        }

        public boolean close() {
            boolean first = !closed;
            closed = true;
            return first;
        }

        public int read() {
            return closed ? 2 : 1;
        }
    }
}
