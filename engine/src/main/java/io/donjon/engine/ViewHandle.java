package io.donjon.engine;

import io.donjon.StoreClosedException;
import io.donjon.View;
import java.util.concurrent.atomic.AtomicBoolean;

/** A view of the public API. */
final class ViewHandle extends ReaderHandle implements View {
    private final SharedView shared;
    private final AtomicBoolean closed = new AtomicBoolean();

    ViewHandle(Engine engine, SharedView shared) {
        super(engine);
        this.shared = shared;
    }

    SharedView shared() {
        return shared;
    }

    @Override
    public VersionRef target() {
        if (closed.get()) {
            throw new StoreClosedException("the view is closed", null);
        }
        return shared.version();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            engine().versions().closeView(shared);
        }
    }

    @Override
    public String toString() {
        return "view of " + shared.version().describe();
    }
}
