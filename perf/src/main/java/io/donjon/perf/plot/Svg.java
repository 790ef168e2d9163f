package io.donjon.perf.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Dimension;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGraphics2D;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** What all charts have in common: how they look, and the file. */
final class Svg {
    static final int WIDTH = 1000;
    static final int HEIGHT = 500;
    private static final String NAMESPACE = "http://www.w3.org/2000/svg";
    /** Told apart also by those who do not see red and green alike (Okabe and Ito's blue, orange, green, purple). */
    private static final Color[] COLOURS = {
        new Color(0x0072b2), new Color(0xe69f00), new Color(0x009e73), new Color(0xcc79a7),
    };

    private Svg() {}

    static void style(AxesChartStyler styler) {
        styler.setSeriesColors(COLOURS)
                .setChartBackgroundColor(Color.WHITE)
                .setLegendPosition(Styler.LegendPosition.OutsideS)
                .setLegendLayout(Styler.LegendLayout.Horizontal);
        // A dashed line is a shape for every dash in the file: plain ones make it a tenth as long.
        styler.setPlotGridVerticalLinesVisible(false).setPlotGridLinesStroke(new BasicStroke(0.5f));
    }

    /** A power of ten below a number, so that what is drawn there can be seen too. */
    static double powerBelow(double number) {
        return Math.pow(10, Math.floor(Math.log10(number * 0.999)));
    }

    /** A power of ten above a number. */
    static double powerAbove(double number) {
        return Math.pow(10, Math.ceil(Math.log10(number * 1.001)));
    }

    /** Paints a chart into a file, with words for a search or a screen reader, since letters are drawn as outlines. */
    static void write(Path file, String title, String description, Chart<?, ?> chart) throws IOException {
        // A machine that draws for a browser elsewhere has no screen, and AWT asks for one unless told so.
        if (System.getProperty("java.awt.headless") == null) {
            System.setProperty("java.awt.headless", "true");
        }
        SVGGraphics2D graphics = new SVGGraphics2D(document());
        graphics.setSVGCanvasSize(new Dimension(WIDTH, HEIGHT));
        chart.paint(graphics, WIDTH, HEIGHT);
        Element root = graphics.getRoot();
        graphics.dispose();
        describe(root, "desc", description);
        describe(root, "title", title);
        try (Writer out = Files.newBufferedWriter(file)) {
            graphics.stream(root, out, true, false);
        }
    }

    private static void describe(Element root, String name, String text) {
        Element element = root.getOwnerDocument().createElementNS(NAMESPACE, name);
        element.setTextContent(text);
        root.insertBefore(element, root.getFirstChild());
    }

    private static Document document() throws IOException {
        try {
            return DocumentBuilderFactory.newDefaultNSInstance()
                    .newDocumentBuilder()
                    .getDOMImplementation()
                    .createDocument(NAMESPACE, "svg", null);
        } catch (ParserConfigurationException e) {
            throw new IOException("no XML document could be made", e);
        }
    }
}
