package io.donjon.engine;

/**
 * Puts the heads of several sorted sources in one order, with one comparison per level for each move and none where only
 * one source is left. Sources are numbered from 0. One thread at a time.
 */
abstract class LoserTree {
    private final int count;

    /** Element 0 is the winner, element i the loser of the match at inner node i. */
    private final int[] losers;

    LoserTree(int count) {
        this.count = count;
        this.losers = new int[Math.max(1, count)];
    }

    /** Whether source {@code a} comes before source {@code b}; one that has ended comes behind all that have not. */
    abstract boolean beats(int a, int b);

    /** Whether a source has ended. */
    abstract boolean hasEnded(int source);

    /** Begins anew, after all sources have been moved. */
    final void build() {
        if (count == 0) {
            return;
        }
        int[] winners = new int[2 * count];
        for (int i = 0; i < count; i++) {
            winners[count + i] = i;
        }
        for (int node = count - 1; node >= 1; node--) {
            int left = winners[2 * node];
            int right = winners[2 * node + 1];
            boolean leftWins = beats(left, right);
            winners[node] = leftWins ? left : right;
            losers[node] = leftWins ? right : left;
        }
        losers[0] = winners[1];
    }

    /** The source that comes first, or -1 if all have ended. */
    final int winner() {
        return count == 0 || hasEnded(losers[0]) ? -1 : losers[0];
    }

    /** The winner has been moved: finds the new one. */
    final void replay() {
        int winner = losers[0];
        for (int node = (count + winner) / 2; node >= 1; node /= 2) {
            if (beats(losers[node], winner)) {
                int loser = winner;
                winner = losers[node];
                losers[node] = loser;
            }
        }
        losers[0] = winner;
    }
}
