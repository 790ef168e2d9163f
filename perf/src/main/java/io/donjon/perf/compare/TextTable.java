package io.donjon.perf.compare;

import java.util.ArrayList;
import java.util.List;

/** A table of text: the first columns to the left, the others to the right, two spaces between. */
final class TextTable {
    private final int leftColumns;
    private final String[] head;
    private final List<String[]> rows = new ArrayList<>();

    TextTable(int leftColumns, String... head) {
        this.leftColumns = leftColumns;
        this.head = head;
    }

    void add(String... cells) {
        rows.add(cells);
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    @Override
    public String toString() {
        List<String[]> all = new ArrayList<>(List.<String[]>of(head));
        all.addAll(rows);
        int[] widths = new int[head.length];
        for (String[] cells : all) {
            for (int i = 0; i < cells.length; i++) {
                widths[i] = Math.max(widths[i], cells[i].length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (String[] cells : all) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < cells.length; i++) {
                String space = " ".repeat(widths[i] - cells[i].length());
                line.append(i == 0 ? "" : "  ").append(i < leftColumns ? cells[i] + space : space + cells[i]);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
