package io.donjon.extents.sim;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What Jazzer calls, and what {@code tools/fuzz} asks beforehand. Which {@link Fuzzing.Target} it is about is said by
 * {@code -Dfuzz.target=CLASS.NAME}.
 */
public final class FuzzDriver {
    private static final Fuzzing.Target TARGET = target(System.getProperty("fuzz.target", ""));

    private FuzzDriver() {}

    /** Jazzer's way in. */
    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        Fuzzing.once(TARGET, input);
    }

    /** Writes the valid inputs of the target into a folder. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        Files.createDirectories(folder);
        List<byte[]> valid = TARGET.valid();
        for (int i = 0; i < valid.size(); i++) {
            Files.write(folder.resolve("valid-" + i), valid.get(i));
        }
    }

    private static Fuzzing.Target target(String name) {
        int dot = name.lastIndexOf('.');
        try {
            Object[] all = Class.forName(name.substring(0, Math.max(dot, 0))).getEnumConstants();
            for (Object each : all == null ? new Object[0] : all) {
                if (each instanceof Fuzzing.Target target && target.name().equals(name.substring(dot + 1))) {
                    return target;
                }
            }
        } catch (ClassNotFoundException e) {
            throw new IllegalArgumentException("-Dfuzz.target=" + name, e);
        }
        throw new IllegalArgumentException("-Dfuzz.target=" + name + " is none");
    }
}
