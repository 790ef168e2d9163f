package io.donjon.perf.plot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;

/**
 * Bars for several series side by side over named categories, on a logarithmic axis, written as SVG. Needs no screen.
 *
 * @param title what stands above
 * @param categories what stands below each group of bars
 * @param series for each name, a value for each category; NaN and what is not above 0 gives no bar
 */
public record BarChart(String title, List<String> categories, Map<String, List<Double>> series) {
    /** Writes the chart to a file. */
    public void write(Path file) throws IOException {
        Svg.write(file, title, series.toString(), chart());
    }

    private CategoryChart chart() {
        CategoryChart chart = new CategoryChartBuilder()
                .width(Svg.WIDTH)
                .height(Svg.HEIGHT)
                .title(title)
                .build();
        double lowest = Double.MAX_VALUE;
        double highest = Double.MIN_VALUE;
        for (Map.Entry<String, List<Double>> entry : series.entrySet()) {
            List<@Nullable Double> bars = new ArrayList<>();
            for (double value : entry.getValue()) {
                boolean drawn = value > 0 && value < Double.POSITIVE_INFINITY;
                bars.add(drawn ? value : null);
                lowest = drawn ? Math.min(lowest, value) : lowest;
                highest = drawn ? Math.max(highest, value) : highest;
            }
            chart.addSeries(entry.getKey(), categories, bars);
        }
        Svg.style(chart.getStyler());
        if (lowest <= highest) {
            chart.getStyler()
                    .setYAxisLogarithmic(true)
                    .setYAxisMin(Svg.powerBelow(lowest))
                    .setYAxisMax(Svg.powerAbove(highest));
        }
        return chart;
    }
}
