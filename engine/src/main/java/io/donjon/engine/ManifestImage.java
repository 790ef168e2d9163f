package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.extents.ExtentStore;
import io.donjon.versioning.VersionForest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What the manifest has of the engine's state: arrays, the log position they reach to, and the line as of there
 * (docs/format.md section 6). Changed only while an edit takes effect, with other edits held back, so that a checkpoint
 * is always of one moment.
 */
final class ManifestImage implements ExtentStore.Client {
    private static final int POSITION = 1;
    private static final int OPERATIONS = 2;
    private static final int ARRAY = 3;
    private static final int ARRAY_GONE = 4;
    private static final int VERSIONS = 5;
    private static final int LEFT = 6;

    /** Parts of a checkpoint are closed at about this size. */
    private static final int PART_BYTES = 128 << 10;

    private final Catalog catalog;
    private final Runnable onDiskLeft;

    // Guarded by this object's monitor.
    private final Map<Long, ArrayInfo> arrays = new LinkedHashMap<>();
    private long replayFrom;
    private long lastSequence;
    private long nextAge = 1;
    private long nextArray = 1;

    /** While the checkpoint is read back: the place of the last version. */
    private int lastPlace = VersionForest.ROOT;

    ManifestImage(Catalog catalog, Runnable onDiskLeft) {
        this.catalog = catalog;
        this.onDiskLeft = onDiskLeft;
    }

    // ---- reading back ----

    @Override
    public synchronized void restore(Decoder part) {
        while (part.hasMore()) {
            int tag = part.tag();
            Decoder body = part.nested();
            switch (tag) {
                case POSITION -> {
                    replayFrom = body.varint();
                    lastSequence = body.varint();
                    catalog.skipVersionsBelow(body.varint());
                    nextAge = Math.max(nextAge, body.varint());
                    nextArray = Math.max(nextArray, body.varint());
                }
                case OPERATIONS -> {
                    while (body.hasMore()) {
                        catalog.restore(body.u8(), body);
                    }
                }
                case ARRAY -> {
                    ArrayInfo array = ArrayInfo.decode(body);
                    arrays.put(array.id(), array);
                    nextArray = Math.max(nextArray, array.id() + 1);
                    nextAge = Math.max(nextAge, array.age() + 1);
                }
                case ARRAY_GONE -> {
                    long id = body.varint();
                    if (arrays.remove(id) == null) {
                        throw body.bad("array " + id + " goes, which does not exist");
                    }
                }
                case LEFT -> {
                    while (body.hasMore()) {
                        catalog.restoreLeft(body.varint(), body);
                    }
                }
                case VERSIONS -> lastPlace = catalog.readSaved(body, lastPlace);
                default -> part.passOver(tag);
            }
        }
    }

    @Override
    public synchronized long replayFrom() {
        return replayFrom;
    }

    synchronized long lastSequence() {
        return lastSequence;
    }

    synchronized List<ArrayInfo> arrays() {
        return new ArrayList<>(arrays.values());
    }

    /** A number for a new array. */
    synchronized long newArray() {
        return nextArray++;
    }

    /** The age of the next buffer that is sealed. */
    synchronized long newAge() {
        return nextAge++;
    }

    // ---- edits ----

    /** The part of an edit that installs what was flushed, up to a position of the log. */
    synchronized Encoder position(long position, long sequence) {
        return item(
                new Encoder(128),
                POSITION,
                new Encoder(64)
                        .varint(position)
                        .varint(sequence)
                        .varint(catalog.nextVersion())
                        .varint(nextAge)
                        .varint(nextArray));
    }

    /** The position has moved on durably. */
    synchronized void moved(long position, long sequence) {
        replayFrom = position;
        lastSequence = sequence;
        catalog.saved(position);
    }

    /** Appends the operations on versions that an edit carries. */
    static void operations(Encoder part, Encoder operations) {
        if (operations.length() > 0) {
            item(part, OPERATIONS, operations);
        }
    }

    static void array(Encoder part, ArrayInfo array) {
        Encoder body = new Encoder(128);
        array.encode(body);
        item(part, ARRAY, body);
    }

    static void arrayGone(Encoder part, long id) {
        item(part, ARRAY_GONE, new Encoder(16).varint(id));
    }

    /** The part of an edit that takes versions off the line: some of these, from one on and before another. */
    static Encoder left(long[] ids, int from, int to) {
        Encoder body = new Encoder(4 * (to - from) + 16);
        for (int i = from; i < to; i++) {
            body.varint(ids[i]);
        }
        return item(new Encoder(body.length() + 16), LEFT, body);
    }

    synchronized void added(ArrayInfo array) {
        arrays.put(array.id(), array);
    }

    synchronized void gone(long id) {
        arrays.remove(id);
    }

    private static Encoder item(Encoder part, int tag, Encoder body) {
        return part.varint(tag).bytes(body);
    }

    @Override
    public synchronized void checkpoint(Consumer<Encoder> parts) {
        catalog.writeSaved(VERSIONS, PART_BYTES, parts);
        Encoder part = position(replayFrom, lastSequence);
        for (ArrayInfo array : arrays.values()) {
            array(part, array);
            if (part.length() >= PART_BYTES) {
                parts.accept(part);
                part = new Encoder(PART_BYTES);
            }
        }
        parts.accept(part);
    }

    @Override
    public void diskLeft() {
        onDiskLeft.run();
    }
}
