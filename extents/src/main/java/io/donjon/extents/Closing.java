package io.donjon.extents;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closing files that nothing depends on any more. */
final class Closing {
    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    private Closing() {}

    static void quietly(OpenFile file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.debug("a file that is no longer used could not be closed", e);
        }
    }
}
