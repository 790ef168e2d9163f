package io.donjon;

/** When a write counts as done (design.md section 3). */
public enum Durability {
    /**
     * Visible and acknowledged once it is on stable storage. Concurrent writers share one fsync. After a crash nothing
     * acknowledged is missing; a write that was under way may be there, whole, or not.
     */
    SYNC,

    /**
     * Visible and acknowledged once it has been handed to the operating system: it survives the end of the process, but
     * the newest of such writes may be lost, in order, when the machine loses power. {@link Store#sync()} makes all
     * before it stable, {@link Store#whenDurable} tells when one is.
     */
    ASYNC
}
