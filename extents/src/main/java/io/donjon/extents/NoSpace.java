package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;

/**
 * Tells a full medium from a broken one. The JDK passes on the error's text alone, and in the user's language; what
 * that is for "no space left" is asked of {@code /dev/full}, the device that is always full.
 */
final class NoSpace {
    private static final Set<String> TEXTS = texts();

    private NoSpace() {}

    static boolean isSaidBy(IOException failure) {
        String message = failure.getMessage();
        return message != null && TEXTS.stream().anyMatch(message::endsWith);
    }

    private static Set<String> texts() {
        Set<String> texts = new HashSet<>(Set.of("No space left on device", "Disk quota exceeded"));
        try (SteadyChannel full = SteadyChannel.open(Path.of("/dev/full"), Set.of(StandardOpenOption.WRITE))) {
            full.write(ByteBuffer.allocateDirect(1), 0);
        } catch (FileSystemException e) {
            // No such device here: the English texts must do.
        } catch (IOException e) {
            if (e.getMessage() != null) {
                texts.add(e.getMessage());
            }
        }
        return texts;
    }
}
