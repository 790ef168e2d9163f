package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ProgressTest {
    @Test
    void theLineIsWrittenOverAndWipedAtTheEnd() {
        var bytes = new ByteArrayOutputStream();
        var line = new Progress.Line(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        line.at("load", 250_000, 1_000_000);
        line.at("load", 250_001, 1_000_000);
        line.at("load", 1_000_000, 1_000_000);
        String first = "load: 250,000 of 1,000,000 (25 %)";
        assertEquals(
                "\r" + first + " ".repeat(78 - first.length()) + "\r" + " ".repeat(78) + "\r",
                bytes.toString(StandardCharsets.UTF_8));
    }
}
