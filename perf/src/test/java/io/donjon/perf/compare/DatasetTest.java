package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;

final class DatasetTest {
    private final Dataset data = new Dataset(1000, 16, 100, 1);
    private final ByteBuffer key = ByteBuffer.allocate(16);
    private final ByteBuffer value = ByteBuffer.allocate(100);

    @Test
    void keysAscendWithRecordsAndMissingOnesLieBetween() {
        byte[] last = new byte[0];
        for (int record = 0; record < 1000; record++) {
            data.keyBelow(record, key);
            assertEquals(-1, data.recordOf(key));
            byte[] below = EngineContract.bytes(key);
            data.key(record, key);
            assertEquals(record, data.recordOf(key));
            byte[] present = EngineContract.bytes(key);
            assertEquals(16, present.length);
            assertTrue(Arrays.compareUnsigned(last, below) < 0 && Arrays.compareUnsigned(below, present) < 0);
            last = present;
        }
    }

    @Test
    void aKeyOfAnotherFormIsNoRecord() {
        data.key(5, key);
        key.put(15, (byte) '1');
        assertEquals(-1, data.recordOf(key));
        assertEquals(-1, data.recordOf(ByteBuffer.allocate(15)));
    }

    @Test
    void valuesCompressToAboutHalfAndDiffer() {
        var all = ByteBuffer.allocate(100_000);
        for (int record = 0; record < 1000; record++) {
            data.value(record, value);
            all.put(value);
        }
        var deflater = new Deflater();
        deflater.setInput(all.flip());
        deflater.finish();
        int compressed = deflater.deflate(new byte[100_000]);
        deflater.end();
        assertTrue(compressed > 48_000 && compressed < 56_000, compressed + " of 100,000 bytes");
    }

    @Test
    void oddAndShortValuesRepeatTheirFirstHalf() {
        for (int length = Dataset.VALUE_BYTES_MIN; length < 60; length++) {
            var odd = new Dataset(10, 8, length, 1);
            var bytes = ByteBuffer.allocate(length);
            odd.value(3, bytes);
            assertEquals(length, bytes.remaining());
            int half = (length + 1) / 2;
            for (int i = half; i < length; i++) {
                assertEquals(bytes.get(i - half), bytes.get(i));
            }
            odd.check(3, bytes);
        }
    }

    @Test
    void anUpdateChangesTheValueOfThatRecordAlone() {
        byte[][] before = new byte[1000][];
        for (int record = 0; record < 1000; record++) {
            data.value(record, value);
            before[record] = EngineContract.bytes(value);
        }
        boolean[] updated = new boolean[1000];
        for (int i = 0; i < 400; i++) {
            updated[(int) data.update()] = true;
        }
        int changed = 0;
        for (int record = 0; record < 1000; record++) {
            data.value(record, value);
            boolean same = Arrays.equals(before[record], EngineContract.bytes(value));
            assertEquals(updated[record], !same);
            changed += same ? 0 : 1;
        }
        assertEquals(400, changed);
        assertEquals(400, data.updates());
        while (!data.exhausted()) {
            data.update();
        }
        assertEquals(1000, data.updates());
    }

    @Test
    void aWrongValueIsNamed() {
        data.value(7, value);
        data.check(7, value);
        value.put(99, (byte) (value.get(99) + 1));
        var e = assertThrows(IllegalStateException.class, () -> data.check(7, value));
        assertTrue(String.valueOf(e.getMessage()).startsWith("record 7 has the value "), e.getMessage());
        assertThrows(IllegalStateException.class, () -> data.check(7, value.limit(99)));
    }

    @Test
    void seedsGiveOtherValues() {
        data.value(7, value);
        var other = ByteBuffer.allocate(100);
        new Dataset(1000, 16, 100, 2).value(7, other);
        assertNotEquals(value, other);
    }
}
