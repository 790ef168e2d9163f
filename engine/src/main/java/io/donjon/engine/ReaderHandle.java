package io.donjon.engine;

import io.donjon.Cursor;
import io.donjon.KeyRange;
import io.donjon.Reader;
import io.donjon.ScanOption;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What all readers of the public API have in common: they read a version. */
abstract class ReaderHandle implements Reader, Reads.Target {
    private final Engine engine;

    ReaderHandle(Engine engine) {
        this.engine = engine;
    }

    Engine engine() {
        return engine;
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        return engine.reads().get(this, key);
    }

    @Override
    public int get(ByteBuffer key, ByteBuffer into) {
        return engine.reads().get(this, key, into);
    }

    @Override
    public <R> @Nullable R read(ByteBuffer key, Function<ByteBuffer, ? extends @Nullable R> f) {
        return engine.reads().read(this, key, f);
    }

    @Override
    public boolean contains(byte[] key) {
        return engine.reads().contains(this, key);
    }

    @Override
    public void getAll(List<byte[]> keys, BiConsumer<byte[], @Nullable ByteBuffer> sink) {
        engine.reads().getAll(this, keys, sink);
    }

    @Override
    public Cursor scan(KeyRange range, ScanOption... options) {
        return engine.reads().scan(this, range, options);
    }
}
