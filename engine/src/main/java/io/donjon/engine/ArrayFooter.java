package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the parts of an array are, and what it consists of: the content of its footer block (docs/format.md section 5).
 *
 * @param index the root of the tree whose leaves are index blocks of level 0; its level is at least 1
 * @param places length of the version table
 * @param table the version table's blocks
 * @param directory the roots of the change directory's sections
 * @param sample the key sample
 * @param firstKey the smallest full key
 * @param lastKey the greatest full key
 * @param blockBytes plain size at which data blocks were closed
 * @param outlook what it says beyond its band
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ArrayFooter(
        TreeRoot index,
        int places,
        List<BlockPointer> table,
        List<TreeRoot> directory,
        BlockPointer sample,
        ArrayCounts counts,
        byte[] firstKey,
        byte[] lastKey,
        int blockBytes,
        Outlook outlook) {
    private static final int INDEX = 1;
    private static final int TABLE = 2;
    private static final int DIRECTORY = 3;
    private static final int SAMPLE = 4;
    private static final int COUNTS = 5;
    private static final int KEYS = 6;
    private static final int BLOCK_BYTES = 7;
    private static final int OUTLOOK = 8;

    /**
     * What an array says of the version at which its band ends, as if that were one more of its table: a diff of it and one
     * in the band finds both values of a key side by side. Nobody else reads it.
     *
     * @param entries how many breakpoints are of that version, which has the rank behind the last
     * @param whole whether with these the array says of all keys of its range what the version shows; else it says nothing
     */
    record Outlook(long entries, boolean whole) {
        static final Outlook NONE = new Outlook(0, false);
    }

    Encoder encode() {
        Encoder out = new Encoder(256);
        Encoder body = new Encoder(64);
        index.encode(body);
        item(out, INDEX, body);
        body.varint(places);
        table.forEach(block -> block.encode(body));
        item(out, TABLE, body);
        directory.forEach(section -> section.encode(body));
        item(out, DIRECTORY, body);
        sample.encode(body);
        item(out, SAMPLE, body);
        counts.encode(body);
        item(out, COUNTS, body);
        item(out, KEYS, body.bytes(firstKey).bytes(lastKey));
        item(out, BLOCK_BYTES, body.varint(blockBytes));
        if (!outlook.equals(Outlook.NONE)) {
            item(out, OUTLOOK, body.varint(outlook.entries).varint(outlook.whole ? 1 : 0));
        }
        return out;
    }

    private static void item(Encoder out, int tag, Encoder body) {
        out.varint(tag).bytes(body);
        body.truncate(0);
    }

    static ArrayFooter decode(Decoder in) {
        TreeRoot index = null;
        int places = 0;
        List<BlockPointer> table = new ArrayList<>();
        List<TreeRoot> directory = new ArrayList<>();
        BlockPointer sample = null;
        ArrayCounts counts = null;
        byte[] firstKey = {};
        byte[] lastKey = {};
        int blockBytes = 0;
        Outlook outlook = Outlook.NONE;
        while (in.hasMore()) {
            int tag = in.tag();
            Decoder body = in.nested();
            switch (tag) {
                case INDEX -> index = TreeRoot.decode(body);
                case TABLE -> {
                    places = body.count("places");
                    while (body.hasMore()) {
                        table.add(BlockPointer.decode(body));
                    }
                }
                case DIRECTORY -> {
                    while (body.hasMore()) {
                        directory.add(TreeRoot.decode(body));
                    }
                }
                case SAMPLE -> sample = BlockPointer.decode(body);
                case COUNTS -> counts = ArrayCounts.decode(body);
                case KEYS -> {
                    firstKey = body.bytes();
                    lastKey = body.bytes();
                }
                case BLOCK_BYTES -> blockBytes = body.count("block bytes");
                case OUTLOOK -> outlook = new Outlook(body.varint(), body.varint("whole outlook", 0, 1) == 1);
                default -> in.passOver(tag);
            }
        }
        if (index == null || index.level() < 1 || sample == null || counts == null) {
            throw in.bad("a footer without index, key sample or counts");
        }
        // No more versions than the blocks have room for: an array of all is made by this number.
        if ((places + ArrayWriter.TABLE_IDS - 1L) / ArrayWriter.TABLE_IDS != table.size()) {
            throw in.bad("a version table of " + places + " places in " + table.size() + " blocks");
        }
        return new ArrayFooter(index, places, table, directory, sample, counts, firstKey, lastKey, blockBytes, outlook);
    }
}
