package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Commit;
import io.donjon.Cursor;
import io.donjon.DroppedException;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.NameTakenException;
import io.donjon.Reader;
import io.donjon.ScanOption;
import io.donjon.Snapshot;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.View;
import io.donjon.WriteBatch;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Does random operations of the whole public API to a store and to the oracle, and compares. It remembers what was
 * acknowledged, what of it must survive anything, and what was under way, so that the state after a crash can be judged.
 */
final class Machine {
    private final SplittableRandom random;
    private final int keyCount;
    private final int valueBytesMax;

    /** Acknowledged operations in order; those before {@link #durable} survive anything. */
    private final List<Model.Op> acknowledged = new ArrayList<>();

    private int durable;

    /** Begun and not acknowledged; null if there is none. */
    private Model.Op underWay;

    private Model model = new Model();
    private int names;
    private StoreHandle store;

    private final List<OpenView> views = new ArrayList<>();
    private final List<OpenCursor> cursors = new ArrayList<>();

    private record OpenView(View view, NavigableMap<byte[], byte[]> content) {}

    private static final class OpenCursor {
        final Cursor cursor;
        final NavigableMap<byte[], byte[]> content;
        byte[] last;
        boolean begun;

        OpenCursor(Cursor cursor, NavigableMap<byte[], byte[]> content) {
            this.cursor = cursor;
            this.content = content;
        }
    }
}
