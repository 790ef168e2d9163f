package io.donjon.engine;

import io.donjon.versioning.Line;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jetbrains.kotlinx.lincheck.LinChecker;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.annotations.Param;
import org.jetbrains.kotlinx.lincheck.paramgen.IntGen;
import org.jetbrains.kotlinx.lincheck.strategy.managed.modelchecking.ModelCheckingOptions;
import org.junit.jupiter.api.Test;

/**
 * A buffer with one writer and readers at every point between two of its steps: a reader sees the commits up to one of
 * them and nothing else, on the place that is written to and on the one behind it.
 */
@Param(name = "key", gen = IntGen.class, conf = "0:1")
@Param(name = "place", gen = IntGen.class, conf = "0:2")
@Param(name = "value", gen = IntGen.class, conf = "1:9")
public class WriteBufferLincheckTest {
    private static final int PLACES = 3;

    private final Line line = new Line();
    private final int[] places = new int[PLACES];
    private final WriteBuffer buffer = new WriteBuffer(new SlabPool(HeapSlab::new, 0), line, 1);
    private long sequence;
    private volatile long visible;

    public WriteBufferLincheckTest() {
        for (int i = 0; i < PLACES; i++) {
            places[i] = line.insertAfter(i == 0 ? Line.ROOT : places[i - 1]);
        }
    }

    /** One commit: both keys get the value at a place. */
    @Operation(nonParallelGroup = "writer")
    public void paintBoth(@Param(name = "place") int place, @Param(name = "value") int value) {
        sequence++;
        paint(0, place, value);
        paint(1, place, value);
        visible = sequence;
    }

    /** One commit of a single key. */
    @Operation(nonParallelGroup = "writer")
    public void paintOne(
            @Param(name = "key") int key, @Param(name = "place") int place, @Param(name = "value") int value) {
        sequence++;
        paint(key, place, value);
        visible = sequence;
    }

    private void paint(int key, int place, int value) {
        ByteBuffer bytes = ByteBuffer.wrap(new byte[] {(byte) value});
        buffer.paint(key(key), places[place], line.next(places[place]), sequence, StepKind.VALUE, bytes);
    }

    /** What both keys are at a place, as of one commit. */
    @Operation
    public int read(@Param(name = "place") int place) {
        long now = visible;
        return 10 * find(0, place, now) + find(1, place, now);
    }

    private int find(int key, int place, long asOf) {
        int state = buffer.find(key(key), places[place], asOf);
        if (state == WriteBuffer.NONE || buffer.kind(state) == StepKind.PASS) {
            return 0;
        }
        byte[] value = new byte[1];
        buffer.copyValue(state, 0, value, 0, 1);
        return value[0];
    }

    private static FullKey key(int key) {
        return new FullKey().set(1, new byte[] {(byte) key});
    }

    @Test
    void aReaderSeesTheCommitsUpToOne() {
        LinChecker.check(
                WriteBufferLincheckTest.class,
                new ModelCheckingOptions()
                        .iterations(Integer.getInteger("lincheck.iterations", 10))
                        .invocationsPerIteration(Integer.getInteger("lincheck.invocations", 100))
                        .threads(2)
                        .actorsPerThread(3)
                        .sequentialSpecification(PlainBuffer.class));
    }

    /** The same by a map for each place. */
    public static class PlainBuffer {
        private final Map<Integer, Integer> values = new HashMap<>();

        public void paintBoth(int place, int value) {
            paintOne(0, place, value);
            paintOne(1, place, value);
        }

        public void paintOne(int key, int place, int value) {
            values.put(10 * place + key, value);
        }

        public int read(int place) {
            return 10 * values.getOrDefault(10 * place, 0) + values.getOrDefault(10 * place + 1, 0);
        }
    }
}
