package io.donjon.perf.compare;

import io.donjon.perf.IoCounts;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** An engine that is right and has no disk; tests override a method to make it wrong. */
class MapEngine implements Engine {
    final TreeMap<byte[], byte[]> map = new TreeMap<>(Arrays::compareUnsigned);
    int syncs;

    @Override
    public void write(Batch batch) {
        for (int i = 0; i < batch.size(); i++) {
            put(batch.key(i), batch.value(i));
        }
    }

    @Override
    public void put(ByteBuffer key, ByteBuffer value) {
        map.put(EngineContract.bytes(key), EngineContract.bytes(value));
    }

    @Override
    public void delete(ByteBuffer key) {
        map.remove(EngineContract.bytes(key));
    }

    @Override
    public int get(ByteBuffer key, ByteBuffer into) {
        byte[] value = map.get(EngineContract.bytes(key));
        if (value == null) {
            return -1;
        }
        if (value.length <= into.remaining()) {
            into.put(value);
        }
        return value.length;
    }

    @Override
    public void scan(ByteBuffer from, Visitor visitor) {
        for (Map.Entry<byte[], byte[]> entry :
                map.tailMap(EngineContract.bytes(from), true).entrySet()) {
            if (!visitor.visit(ByteBuffer.wrap(entry.getKey()), ByteBuffer.wrap(entry.getValue()))) {
                return;
            }
        }
    }

    @Override
    public void sync() {
        syncs++;
    }

    @Override
    public void quiesce() {
        // Nothing goes on in the background.
    }

    @Override
    public IoCounts counts() {
        return IoCounts.NONE;
    }

    @Override
    public Map<String, Double> figures() {
        return Map.of();
    }

    @Override
    public void close() {
        map.clear();
    }
}
