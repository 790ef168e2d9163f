package io.donjon.cli.git;

import java.io.IOException;
import org.eclipse.jgit.lib.AnyObjectId;

/** Something that lists commits as {@code git ls-tree -r --full-tree} does. Thread-safe. */
interface Lister {
    /** Its name and version. */
    String name();

    /** The exact bytes. */
    byte[] list(AnyObjectId commit) throws IOException;
}
