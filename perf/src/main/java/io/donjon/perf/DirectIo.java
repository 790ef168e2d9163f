package io.donjon.perf;

import java.nio.file.OpenOption;
import java.util.Arrays;

/**
 * The option that opens a file past the operating system's page cache.
 *
 * <p>It is looked up by name: a compiler of JDK 25 that builds for 17 warns of {@code com.sun.nio.file} wherever it is
 * written down, by a warning that cannot be suppressed.
 */
public final class DirectIo {
    private static final String OPTIONS = "com.sun.nio.file.ExtendedOpenOption";

    private DirectIo() {}

    /**
     * The option.
     *
     * @throws UnsupportedOperationException if this Java has none
     */
    public static OpenOption option() {
        try {
            Object[] options = Class.forName(OPTIONS).getEnumConstants();
            return Arrays.stream(options)
                    .filter(option -> option.toString().equals("DIRECT"))
                    .map(OpenOption.class::cast)
                    .findFirst()
                    .orElseThrow(() -> new UnsupportedOperationException(OPTIONS + " has no DIRECT"));
        } catch (ClassNotFoundException e) {
            throw new UnsupportedOperationException("direct I/O needs " + OPTIONS, e);
        }
    }
}
