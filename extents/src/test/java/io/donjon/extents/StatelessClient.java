package io.donjon.extents;

import java.util.function.Consumer;

/** An engine that has nothing in the manifest, and wants the log from its beginning. */
class StatelessClient implements ExtentStore.Client {
    @Override
    public void restore(Decoder part) {}

    @Override
    public void checkpoint(Consumer<Encoder> parts) {}

    @Override
    public void diskLeft() {}

    @Override
    public long replayFrom() {
        return 0;
    }
}
