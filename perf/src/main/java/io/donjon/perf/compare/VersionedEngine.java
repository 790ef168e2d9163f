package io.donjon.perf.compare;

import io.donjon.perf.IoCounts;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a rival with versions must do. Versions are numbered 0, 1, 2 and so on in the order in which they are made. One
 * thread at a time; buffers are as {@link Engine} says.
 */
interface VersionedEngine extends AutoCloseable {
    /** Opens an engine without versions in an empty folder. */
    @FunctionalInterface
    interface Factory {
        VersionedEngine open(Path folder, Setup setup);
    }

    /** Makes the next version, which begins as {@code parent}, or empty for -1. The parent is not written to from then on. */
    void make(int version, int parent);

    /** Sets the values of a batch's keys, each in a version that has no child, without waiting for the disk. */
    void write(Batch batch, int[] versions);

    /** Copies a key's value at a version into a buffer, as {@link Engine#get}. */
    int get(int version, ByteBuffer key, ByteBuffer into);

    /** Visits the records of a version from a key on, as {@link Engine#scan}; an empty key begins a scan of all. */
    void scan(int version, ByteBuffer from, Engine.Visitor visitor);

    /** Makes all that was written stable. */
    void sync();

    /** Waits until no work in the background is due. */
    void quiesce();

    /** Waits until nothing happens by itself any more: what begins only once nobody writes included. */
    default void rest() {
        quiesce();
    }

    /** Brings what is stored into the best shape there is, and waits for it; false if there is no such thing. */
    boolean clean();

    /** What was asked of the disks since the store was opened. */
    IoCounts counts();

    /** Bytes on disk that hold data, without what is free or kept in reserve within files. */
    long dataBytes();

    /** What else is worth a column of the inserts. */
    Map<String, Double> figures();

    /**
     * What is worth a column of the ranges: how many entries are read for each that is live, above all.
     *
     * @param live how many keys each version shows that was made so far
     * @param elements how many records were visited since this was last asked
     */
    Map<String, Double> readFigures(int[] live, long elements);

    @Override
    void close();
}
