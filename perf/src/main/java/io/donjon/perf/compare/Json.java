package io.donjon.perf.compare;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes maps, lists, strings, numbers, booleans and null as JSON (RFC 8259), with one line for each element of the outer list.
 * Numbers that JSON cannot hold become null.
 */
public final class Json {
    private Json() {}

    /** One value: a map, a list, a string, a number, a boolean or null, on one line. */
    public static String of(@Nullable Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text);
        return text.toString();
    }

    /** {@code {"rows": [...]}}, one object on a line for each row, as every bench command writes it. */
    public static String rows(List<? extends Map<String, ? extends @Nullable Object>> rows) {
        return rows.stream().map(row -> "  " + of(row)).collect(Collectors.joining(",\n", "{\"rows\": [\n", "\n]}\n"));
    }

    /** The fields of a row of a comparison. */
    static Map<String, @Nullable Object> fields(Row row) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("engine", row.engine());
        fields.put("workload", row.workload());
        fields.put("records", row.records());
        fields.put("operations", row.operations());
        fields.put("rate", row.rate());
        fields.put("rateQuiesced", row.rateQuiesced());
        fields.put("unit", row.unit());
        fields.put("latencyOf", row.latency().of());
        fields.put("p50us", row.latency().p50());
        fields.put("p99us", row.latency().p99());
        fields.put("p999us", row.latency().p999());
        fields.put("maxus", row.latency().max());
        fields.put("bytesRead", row.io().readBytes());
        fields.put("bytesWritten", row.io().writtenBytes());
        fields.put("reads", row.io().reads());
        fields.put("readsSequential", row.io().reads() - row.io().readsRandom());
        fields.put("readsRandom", row.io().readsRandom());
        fields.put("bytesReadSequential", row.io().readBytes() - row.io().readBytesRandom());
        fields.put("bytesReadRandom", row.io().readBytesRandom());
        fields.put("writes", row.io().writes());
        fields.put("writesSequential", row.io().writes() - row.io().writesRandom());
        fields.put("writesRandom", row.io().writesRandom());
        fields.put("bytesWrittenSequential", row.io().writtenBytes() - row.io().writtenBytesRandom());
        fields.put("bytesWrittenRandom", row.io().writtenBytesRandom());
        fields.put("forces", row.io().forces());
        fields.put("diskBytes", row.diskBytes());
        fields.put("writeAmplification", row.writeAmplification());
        fields.put("spaceAmplification", row.spaceAmplification());
        fields.put("modelledSeconds", row.modelled().seconds());
        fields.put("modelledRate", row.modelled().rate());
        fields.putAll(row.figures());
        return fields;
    }

    static void write(@Nullable Object value, StringBuilder into) {
        if (value instanceof Map<?, ?> map) {
            into.append('{');
            String separator = "";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                into.append(separator);
                string(String.valueOf(entry.getKey()), into);
                into.append(": ");
                write(entry.getValue(), into);
                separator = ", ";
            }
            into.append('}');
        } else if (value instanceof List<?> list) {
            into.append('[');
            String separator = "";
            for (Object element : list) {
                into.append(separator);
                write(element, into);
                separator = ", ";
            }
            into.append(']');
        } else if (value instanceof Double number) {
            into.append(number(number));
        } else if (value == null || value instanceof Number || value instanceof Boolean) {
            into.append(value);
        } else {
            string(value.toString(), into);
        }
    }

    /** The shortest form that reads back the same; whole numbers without a fraction. */
    private static String number(double number) {
        if (!Double.isFinite(number)) {
            return "null";
        }
        long whole = (long) number;
        return whole == number && Math.abs(whole) < 1L << 53 ? Long.toString(whole) : Double.toString(number);
    }

    private static void string(String text, StringBuilder into) {
        into.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                into.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                into.append("\\u%04x".formatted((int) c));
            } else {
                into.append(c);
            }
        }
        into.append('"');
    }
}
