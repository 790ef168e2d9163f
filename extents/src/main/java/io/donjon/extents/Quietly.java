package io.donjon.extents;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is done with files that nothing depends on any more: if it fails, that is no failure of what goes on. */
final class Quietly {
    private static final Logger LOG = LoggerFactory.getLogger(Quietly.class);

    private Quietly() {}

    static void close(OpenFile file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.debug("a file that is no longer used could not be closed", e);
        }
    }

    /** Removes a file, or leaves that to the next open; whether it is gone. */
    static boolean delete(Directory directory, String name) {
        try {
            directory.delete(name);
            return true;
        } catch (IOException e) {
            LOG.warn("{}/{} could not be removed; the next open will do so", directory.path(), name, e);
            return false;
        }
    }
}
