package io.donjon.perf.plot;

import java.util.ArrayList;
import java.util.List;

/**
 * A bar chart of text, one line for each bar. The longest bar has {@value #WIDTH} characters; eighths of a character are
 * drawn with the block characters of Unicode.
 */
public final class TextBars {
    /** The longest bar, in characters. */
    public static final int WIDTH = 60;

    private static final String EIGHTHS = " ▏▎▍▌▋▊▉";

    private final String title;
    private final List<Bar> bars = new ArrayList<>();

    private record Bar(String label, double value, String text) {}

    /** An empty chart. */
    public TextBars(String title) {
        this.title = title;
    }

    /**
     * Adds a bar.
     *
     * @param label what stands in front of it
     * @param value its length, in any unit; less than 0 and NaN count as 0
     * @param text what stands behind it, such as the value with its unit
     */
    public TextBars add(String label, double value, String text) {
        bars.add(new Bar(label, value > 0 ? value : 0, text));
        return this;
    }

    /** The chart, with a line break at the end of each line. */
    @Override
    public String toString() {
        double longest = bars.stream().mapToDouble(Bar::value).max().orElse(0);
        int labelWidth =
                bars.stream().mapToInt(bar -> bar.label().length()).max().orElse(0);
        StringBuilder text = new StringBuilder(title).append('\n');
        for (Bar bar : bars) {
            long eighths = longest == 0 ? 0 : Math.round(bar.value() / longest * WIDTH * 8);
            // A bar that is too short to see would look like nothing at all.
            eighths = bar.value() > 0 ? Math.max(1, eighths) : 0;
            text.append("  ")
                    .append(bar.label())
                    .append(" ".repeat(labelWidth - bar.label().length() + 1))
                    .append("█".repeat((int) (eighths / 8)));
            if (eighths % 8 > 0) {
                text.append(EIGHTHS.charAt((int) (eighths % 8)));
            }
            text.append(' ').append(bar.text()).append('\n');
        }
        return text.toString();
    }
}
