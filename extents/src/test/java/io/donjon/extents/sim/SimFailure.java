package io.donjon.extents.sim;

import org.jspecify.annotations.Nullable;

/** A simulated run went wrong. The message says from which seed, so that it can be run again. */
public final class SimFailure extends AssertionError {
    private static final long serialVersionUID = 1L;

    SimFailure(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
