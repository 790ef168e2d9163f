package io.donjon.perf.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Dimension;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGraphics2D;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/**
 * Bars for several series side by side over named categories, on a logarithmic axis, written as SVG. Needs no screen.
 *
 * @param title what stands above
 * @param categories what stands below each group of bars
 * @param series for each name, a value for each category; NaN and what is not above 0 gives no bar
 */
public record BarChart(String title, List<String> categories, Map<String, List<Double>> series) {
    private static final int WIDTH = 1000;
    private static final int HEIGHT = 500;
    private static final String SVG = "http://www.w3.org/2000/svg";
    /** Told apart also by those who do not see red and green alike (Okabe and Ito's blue, orange, green, purple). */
    private static final Color[] COLOURS = {
        new Color(0x0072b2), new Color(0xe69f00), new Color(0x009e73), new Color(0xcc79a7),
    };

    /** Writes the chart to a file. */
    public void write(Path file) throws IOException {
        // A machine that draws for a browser elsewhere has no screen, and AWT asks for one unless told so.
        if (System.getProperty("java.awt.headless") == null) {
            System.setProperty("java.awt.headless", "true");
        }
        SVGGraphics2D graphics = new SVGGraphics2D(document());
        graphics.setSVGCanvasSize(new Dimension(WIDTH, HEIGHT));
        chart().paint(graphics, WIDTH, HEIGHT);
        Element root = graphics.getRoot();
        graphics.dispose();
        // Letters are drawn as outlines; these two say for a search or a screen reader what is to be seen.
        describe(root, "desc", series.toString());
        describe(root, "title", title);
        try (Writer out = Files.newBufferedWriter(file)) {
            graphics.stream(root, out, true, false);
        }
    }

    private static void describe(Element root, String name, String text) {
        Element element = root.getOwnerDocument().createElementNS(SVG, name);
        element.setTextContent(text);
        root.insertBefore(element, root.getFirstChild());
    }

    private CategoryChart chart() {
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
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
        chart.getStyler()
                .setSeriesColors(COLOURS)
                .setChartBackgroundColor(Color.WHITE)
                .setLegendPosition(Styler.LegendPosition.OutsideS)
                .setLegendLayout(Styler.LegendLayout.Horizontal);
        // A dashed line is a shape for every dash in the file: plain ones make it a tenth as long.
        chart.getStyler().setPlotGridVerticalLinesVisible(false).setPlotGridLinesStroke(new BasicStroke(0.5f));
        if (lowest <= highest) {
            // From the power of ten below the shortest bar, so that this one can be seen too.
            chart.getStyler()
                    .setYAxisLogarithmic(true)
                    .setYAxisMin(Math.pow(10, Math.floor(Math.log10(lowest * 0.999))))
                    .setYAxisMax(Math.pow(10, Math.ceil(Math.log10(highest * 1.001))));
        }
        return chart;
    }

    private static Document document() throws IOException {
        try {
            return DocumentBuilderFactory.newDefaultNSInstance()
                    .newDocumentBuilder()
                    .getDOMImplementation()
                    .createDocument(SVG, "svg", null);
        } catch (ParserConfigurationException e) {
            throw new IOException("no XML document could be made", e);
        }
    }
}
