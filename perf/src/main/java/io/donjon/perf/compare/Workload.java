package io.donjon.perf.compare;

/** What is asked of an engine. Stateless, so that one object serves all engines. */
interface Workload {
    /** What the store holds when a workload begins. */
    enum Start {
        /** Nothing. */
        EMPTY,
        /** All records, loaded in random order. */
        LOADED
    }

    String name();

    Start start();

    /** What the rate counts, such as "rec/s". */
    String unit();

    /** What the percentiles are of, such as "batch of 1000". */
    String latencyOf();

    /**
     * Does the work. Everything in here is timed: workloads that write end with a sync.
     *
     * @return how many operations of the unit were done, and the bytes of keys and values written
     */
    Done run(Trial trial);

    /**
     * What was done.
     *
     * @param operations operations of the workload's unit
     * @param writtenBytes bytes of keys and values written
     */
    record Done(long operations, long writtenBytes) {}
}
