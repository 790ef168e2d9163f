package io.donjon.perf.compare;

import io.donjon.perf.IoCounts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a rival must do. One thread at a time. Buffers that are passed in are heap buffers whose remaining bytes count
 * and whose position an engine does not move; it keeps none of them.
 */
interface Engine extends AutoCloseable {
    /** What is asked of an engine when it is opened. */
    @FunctionalInterface
    interface Factory {
        /** Opens the store in a folder, which is empty for a new one. */
        Engine open(Path folder, Setup setup);
    }

    /** Gets the records of a scan, in key order. */
    @FunctionalInterface
    interface Visitor {
        /** Looks at a record, whose buffers die with the call; false ends the scan. */
        boolean visit(ByteBuffer key, ByteBuffer value);
    }

    /** Sets the values of a batch's keys, without waiting for the disk. */
    void write(Batch batch);

    /** Sets the value of one key, without waiting for the disk. */
    void put(ByteBuffer key, ByteBuffer value);

    /** Makes a key absent, without waiting for the disk. */
    void delete(ByteBuffer key);

    /** Copies a key's value into a buffer from its position on, as {@link io.donjon.Reader#get(ByteBuffer, ByteBuffer)}. */
    int get(ByteBuffer key, ByteBuffer into);

    /** Visits the records whose keys are at or after {@code from} in ascending order, until the visitor has enough. */
    void scan(ByteBuffer from, Visitor visitor);

    /** Makes all that was written stable. */
    void sync();

    /** Waits until no work in the background is due. */
    void quiesce();

    /** Waits until nothing happens by itself any more: what begins only once nobody writes included. */
    default void rest() {
        quiesce();
    }

    /** What was asked of the disks since the store was opened. */
    IoCounts counts();

    /** What else is worth a column: names and figures, in order. */
    Map<String, Double> figures();

    @Override
    void close();
}
