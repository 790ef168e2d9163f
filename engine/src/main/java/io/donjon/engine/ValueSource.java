package io.donjon.engine;

/** Bytes of a value that is too large to be handed over in one piece. */
interface ValueSource {
    long length();

    /** Copies bytes of it; called from its start to its end. */
    void copy(long from, byte[] into, int count);
}
