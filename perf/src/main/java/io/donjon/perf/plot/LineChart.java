package io.donjon.perf.plot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;

/**
 * Lines through the points of several series, on two logarithmic axes, written as SVG. Needs no screen.
 *
 * @param title what stands above
 * @param xTitle what stands below the horizontal axis
 * @param yTitle what stands beside the vertical axis
 * @param series for each name, its points from left to right; those with a coordinate that is not above 0 are left out
 */
public record LineChart(String title, String xTitle, String yTitle, Map<String, List<Point>> series) {
    /** A point. */
    public record Point(double x, double y) {
        private boolean drawn() {
            return x > 0 && y > 0 && x < Double.POSITIVE_INFINITY && y < Double.POSITIVE_INFINITY;
        }
    }

    /** Writes the chart to a file. */
    public void write(Path file) throws IOException {
        Svg.write(file, title, series.toString(), chart());
    }

    private XYChart chart() {
        XYChart chart = new XYChartBuilder()
                .width(Svg.WIDTH)
                .height(Svg.HEIGHT)
                .title(title)
                .xAxisTitle(xTitle)
                .yAxisTitle(yTitle)
                .build();
        Svg.style(chart.getStyler());
        double lowest = Double.MAX_VALUE;
        double highest = 0;
        for (Map.Entry<String, List<Point>> entry : series.entrySet()) {
            List<Point> points = entry.getValue().stream().filter(Point::drawn).toList();
            if (!points.isEmpty()) {
                chart.addSeries(
                        entry.getKey(),
                        points.stream().mapToDouble(Point::x).toArray(),
                        points.stream().mapToDouble(Point::y).toArray());
            }
            for (Point point : points) {
                lowest = Math.min(lowest, point.y);
                highest = Math.max(highest, point.y);
            }
        }
        if (lowest <= highest) {
            chart.getStyler()
                    .setXAxisLogarithmic(true)
                    .setYAxisLogarithmic(true)
                    .setYAxisMin(Svg.powerBelow(lowest))
                    .setYAxisMax(Svg.powerAbove(highest));
        }
        return chart;
    }
}
