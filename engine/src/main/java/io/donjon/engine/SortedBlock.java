package io.donjon.engine;

import io.donjon.extents.Decoder;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Layout of the blocks that hold entries in ascending order of (key, rank): data, index and change directory
 * (docs/format.md section 5).
 *
 * <pre>
 *  entries   one behind the other
 *  u32 n     positions of the restarts: entries that share nothing with the one before
 *  u32       n
 *
 *  entry:
 *   u8       head: bits 0-3 kind, bit 4 same key as the entry before, bit 5 key-frame copy, bits 6-7 reserved
 *   not same varint shared, varint rest, rest bytes of the key
 *   varint   rank; if same key, the difference to the rank before, at least 1
 *   VALUE    varint length, bytes
 *   RESUME   varint distance from this entry's first byte back to that of the entry that has the value
 *   LARGE    varint length, varint offset and varint size of its block, u64 hash
 * </pre>
 */
final class SortedBlock {
    static final int KIND_MASK = 0x0f;
    static final int SAME = 0x10;
    static final int COPY = 0x20;
    static final int RESERVED = 0xc0;

    /** A restart at every so many entries. */
    static final int RESTART_EVERY = 16;

    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private SortedBlock() {}

    static int restarts(byte[] block) {
        return (int) INTS.get(block, block.length - Integer.BYTES);
    }

    /** Where the entries end and the list of restarts begins. */
    static int entriesEnd(byte[] block) {
        return block.length - Integer.BYTES * (1 + restarts(block));
    }

    static int restart(byte[] block, int entriesEnd, int index) {
        return (int) INTS.get(block, entriesEnd + index * Integer.BYTES);
    }

    /** Checks what of a block that came from a disk is relied on without a further look. */
    static void validate(byte[] block, Object place) {
        int restarts = block.length < Integer.BYTES ? 0 : restarts(block);
        if (restarts < 1 || restarts > (block.length - Integer.BYTES) / Integer.BYTES) {
            throw new Decoder(place, block).bad("a sorted block with " + restarts + " restarts");
        }
    }
}
