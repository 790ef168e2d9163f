package io.donjon.perf.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

final class PlotTest {
    private static final String BLUE = "rgb(0,114,178)";
    private static final String ORANGE = "rgb(230,159,0)";
    private static final String GREEN = "rgb(0,158,115)";

    @TempDir
    private Path folder;

    private Element draw(Map<String, List<Double>> series)
            throws IOException, ParserConfigurationException, SAXException {
        Path file = folder.resolve("chart.svg");
        new BarChart("Rate <&>", List.of("load", "read"), series).write(file);
        return parse(file);
    }

    private static Element parse(Path file) throws IOException, ParserConfigurationException, SAXException {
        DocumentBuilder builder = DocumentBuilderFactory.newDefaultNSInstance().newDocumentBuilder();
        builder.setEntityResolver((publicId, systemId) -> new InputSource(new StringReader("")));
        try (InputStream in = Files.newInputStream(file)) {
            return builder.parse(in).getDocumentElement();
        }
    }

    /** How many shapes have the colour of a series: its bars, and its square in the legend. */
    private static int shapes(Element svg, String colour) {
        NodeList paths = svg.getElementsByTagName("*");
        int count = 0;
        for (int i = 0; i < paths.getLength(); i++) {
            count += ((Element) paths.item(i)).getAttribute("style").contains("fill:" + colour) ? 1 : 0;
        }
        return count;
    }

    @Test
    void aBarChartIsAnSvgWithTitleAndOneBarForEachFigure()
            throws IOException, ParserConfigurationException, SAXException {
        Map<String, List<Double>> series = new LinkedHashMap<>();
        series.put("donjon", List.of(400_000.0, Double.NaN));
        series.put("btree", List.of(12_000.0, 20.0));
        Element svg = draw(series);
        assertEquals("svg", svg.getLocalName());
        assertEquals("Rate <&>", svg.getElementsByTagName("title").item(0).getTextContent());
        assertEquals(
                "{donjon=[400000.0, NaN], btree=[12000.0, 20.0]}",
                svg.getElementsByTagName("desc").item(0).getTextContent());
        assertEquals(1 + 1, shapes(svg, BLUE));
        assertEquals(2 + 1, shapes(svg, ORANGE));
    }

    @Test
    void aChartWithoutAnyBarCanBeDrawn() throws IOException, ParserConfigurationException, SAXException {
        assertEquals(1, shapes(draw(Map.of("donjon", List.of(Double.NaN, 0.0))), BLUE));
    }

    @Test
    void aLineChartHasALineForEachSeriesThatHasPointsAndLeavesOutWhatNoLogarithmHas()
            throws IOException, ParserConfigurationException, SAXException {
        Map<String, List<LineChart.Point>> series = new LinkedHashMap<>();
        series.put("donjon", List.of(new LineChart.Point(1e6, 4e5), new LineChart.Point(2e6, 3e5)));
        series.put("none", List.of());
        series.put("btree", List.of(new LineChart.Point(1e6, 20), new LineChart.Point(2e6, Double.NaN)));
        Path file = folder.resolve("line.svg");
        new LineChart("Inserts", "keys", "inserts a second", series).write(file);
        Element svg = parse(file);
        assertEquals("Inserts", svg.getElementsByTagName("title").item(0).getTextContent());
        // The markers of a line are one shape, and the legend has another.
        assertEquals(2, shapes(svg, BLUE));
        assertEquals(2, shapes(svg, ORANGE));
        assertEquals(0, shapes(svg, GREEN));
        new LineChart("Nothing", "x", "y", Map.of()).write(file);
        assertEquals(
                "Nothing", parse(file).getElementsByTagName("title").item(0).getTextContent());
    }

    @Test
    void theLongestTextBarHasSixtyCharactersAndOthersAreInProportion() {
        String text = new TextBars("Updates a second")
                .add("donjon", 1200, "1,200")
                .add("btree", 105, "105")
                .toString();
        assertEquals(
                "Updates a second\n  donjon " + "█".repeat(60) + " 1,200\n  btree  " + "█".repeat(5) + "▎ 105\n", text);
    }

    @Test
    void aTinyTextBarCanStillBeSeenAndNothingIsNothing() {
        String text = new TextBars("t")
                .add("a", 1e9, "x")
                .add("b", 1, "x")
                .add("c", 0, "x")
                .add("d", Double.NaN, "x")
                .toString();
        assertEquals("t\n  a " + "█".repeat(60) + " x\n  b ▏ x\n  c  x\n  d  x\n", text);
        assertEquals("t\n  a  0\n", new TextBars("t").add("a", 0, "0").toString());
    }
}
