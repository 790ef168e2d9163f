package io.donjon.bloom;

/** Placeholder. */
public final class BlockedBloom {
    private BlockedBloom() {}
}
