package io.donjon.extents.sim;

/**
 * The power is off: thrown by the call during which it failed and by every later one, in all threads. An error, not an
 * exception, so that no code takes it for a failure of a disk and goes on.
 */
public final class PowerCut extends Error {
    private static final long serialVersionUID = 1L;

    private PowerCut(String message, boolean withStack) {
        super(message, null, false, withStack);
    }

    /** The one thrown where the power failed, with the stack of that place. */
    static PowerCut during(String call) {
        return new PowerCut("power cut during " + call, true);
    }

    /** The one thrown by whoever goes on; it has no stack, since tests cause many. */
    static PowerCut after() {
        return new PowerCut("the power is off", false);
    }
}
