package io.donjon.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads sizes such as 65536, 64k, 16m, 1g: powers of 1024. */
public final class ByteSize implements ITypeConverter<Long> {
    /** The memory that a store gets if nothing else is said. */
    static final String MEMORY_STANDARD = "256m";

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,12})([kmg]?)(i?b)?");

    @Override
    public Long convert(String text) {
        Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new TypeConversionException("'" + text + "' is not a size such as 65536, 64k, 16m or 1g");
        }
        long number = Long.parseLong(String.valueOf(matcher.group(1)));
        long unit = switch (String.valueOf(matcher.group(2))) {
            case "k" -> 1L << 10;
            case "m" -> 1L << 20;
            case "g" -> 1L << 30;
            default -> 1;
        };
        if (number > Long.MAX_VALUE / unit) {
            throw new TypeConversionException("'" + text + "' is more bytes than can be counted");
        }
        return number * unit;
    }
}
