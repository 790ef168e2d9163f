package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** Which bytes are a sound group of the log. */
class LogFormatTest {
    private static final long SEGMENT = 7;
    private static final int AT = 5000;

    /** A file that ends right behind a group with this body. */
    private static ByteBuffer file(int bodyBytes) {
        ByteBuffer file = ByteBuffer.allocate(AT + LogFormat.BODY_AT + bodyBytes);
        file.putInt(AT + LogFormat.TAG_AT, LogFormat.tag(SEGMENT, AT)).putInt(AT + LogFormat.LENGTH_AT, bodyBytes);
        for (int i = 0; i < bodyBytes; i++) {
            file.put(AT + LogFormat.BODY_AT + i, (byte) (i + 1));
        }
        return seal(file);
    }

    private static ByteBuffer seal(ByteBuffer file) {
        return file.putInt(AT + LogFormat.CRC_AT, LogFormat.checksum(new Checksums(), SEGMENT, AT, file, AT));
    }

    private static int soundBody(long segment, ByteBuffer file, int at) {
        return LogFormat.soundBody(new Checksums(), segment, file, at);
    }

    @Test
    void tagsAreThoseOfTheFormat() {
        assertEquals(0xc91b4c36, LogFormat.tag(1, 4096));
        assertEquals(0x055f6e84, LogFormat.tag(7, 5000));
    }

    @Test
    void aGroupMayEndWhereTheFileDoes() {
        for (int bodyBytes : new int[] {1, 2, 300}) {
            assertEquals(bodyBytes, soundBody(SEGMENT, file(bodyBytes), AT));
        }
    }

    @Test
    void whatIsCutShortIsNone() {
        for (int missing = 1; missing < LogFormat.BODY_AT + 30; missing++) {
            ByteBuffer file = file(30);
            file.limit(file.limit() - missing);
            assertEquals(-1, soundBody(SEGMENT, file, AT), missing + " bytes are missing");
        }
    }

    @Test
    void aGroupWithoutABodyIsNone() {
        ByteBuffer file = file(1);
        file.putInt(AT + LogFormat.LENGTH_AT, 0);
        assertEquals(-1, soundBody(SEGMENT, seal(file), AT));
        file.putInt(AT + LogFormat.LENGTH_AT, -5);
        assertEquals(-1, soundBody(SEGMENT, file, AT));
    }

    @Test
    void aGroupOfAnotherPlaceOrSegmentIsNone() {
        ByteBuffer file = file(30);
        assertEquals(-1, soundBody(SEGMENT + 1, file, AT));
        ByteBuffer moved = ByteBuffer.allocate(file.limit() + 1).put(1, file, 0, file.limit());
        assertEquals(-1, soundBody(SEGMENT, moved, AT + 1));
        // Even under the tag of the other place: the checksum knows where it belongs.
        moved.putInt(AT + 1 + LogFormat.TAG_AT, LogFormat.tag(SEGMENT, AT + 1));
        assertEquals(-1, soundBody(SEGMENT, moved, AT + 1));
    }

    @Test
    void everyBitOfAGroupCounts() {
        for (int bit = AT * 8; bit < (AT + LogFormat.BODY_AT + 30) * 8; bit++) {
            ByteBuffer file = file(30);
            file.put(bit / 8, (byte) (file.get(bit / 8) ^ 1 << bit % 8));
            assertEquals(-1, soundBody(SEGMENT, file, AT), "bit " + bit);
        }
    }
}
