package io.donjon.cli.git;

import java.util.List;

/**
 * What a comparison of a store with its repository came to.
 *
 * @param commits commits in the repository
 * @param checked commits that were compared
 * @param lines files in them, in total
 * @param against what they were compared with: git or JGit, and its version
 * @param mismatches how many commits and branches differ or are missing
 * @param examples the first of these, a line each
 * @param seconds how long it took
 */
public record CheckResult(
        int commits, int checked, long lines, String against, int mismatches, List<String> examples, double seconds) {
    /** Whether everything agreed. */
    public boolean isClean() {
        return mismatches == 0;
    }
}
