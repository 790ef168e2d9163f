package io.donjon.extents;

import io.donjon.extents.sim.DirectoryContract;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class ChannelDirectoryAppendingContractTest extends DirectoryContract {
    @TempDir(factory = InTarget.class)
    @SuppressWarnings("NullAway.Init") // set by JUnit
    private Path directory;

    ChannelDirectoryAppendingContractTest() {
        super(Directory.Access.APPENDING);
    }

    @Override
    protected Directory newDirectory() throws IOException {
        return ChannelDirectory.open(directory, new IoMeter());
    }
}
