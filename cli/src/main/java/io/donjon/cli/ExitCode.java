package io.donjon.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** What {@code donjon} returns to the shell. */
public final class ExitCode {
    /** Done. */
    public static final int OK = 0;
    /** Done, and the answer is no: a key is absent, a condition failed, damage or a mismatch was found. */
    public static final int FINDING = 1;
    /** The command line is wrong. */
    public static final int USAGE = 2;
    /** It could not be done: the store, the disk or a file failed. */
    public static final int FAILED = 3;

    private ExitCode() {}

    /** For the help texts. */
    static Map<String, String> descriptions() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put(" " + OK, "done");
        all.put(" " + FINDING, "done, and the answer is no: absent, condition failed, damage or mismatch found");
        all.put(" " + USAGE, "the command line is wrong");
        all.put(" " + FAILED, "it could not be done: one line on standard error says what, where and why");
        return all;
    }
}
