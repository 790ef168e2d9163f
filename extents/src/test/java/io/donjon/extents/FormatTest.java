package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What a store writes, byte for byte, against docs/format.md: the bytes that are due are put together here, by an encoder
 * and a checksum of this test's own.
 */
class FormatTest {
    private static SimDisk disk = new SimWorld(0).disk("none");
    private static byte[] storeId = {};
    private static byte[] diskId = {};

    /** One part for the engine's state, and a log to replay from its beginning. */
    private static final class Engine extends StatelessClient {
        @Override
        public void checkpoint(Consumer<Encoder> parts) {
            parts.accept(new Encoder(8).text("whole"));
        }
    }

    /** One disk, one extent of two chunks, two commits, one edit of the engine, the extent trimmed and dropped. */
    @BeforeAll
    static void write() throws IOException {
        SimWorld world = new SimWorld(5);
        disk = world.disk("d");
        assertTrue(world.run(() -> {
            ExtentStore store = ExtentStore.open(
                    StoreModel.config(world, List.of("d"), 1, 8192, false), world.environment(), new Engine());
            store.replay((sequence, position, operations) -> {});
            Log log = store.log();
            log.begin(7, 5);
            log.raw(ByteBuffer.wrap("first".getBytes(StandardCharsets.UTF_8)));
            log.awaitStable(log.end());
            log.begin(300, 3);
            log.u8(0xab);
            log.varint(300);
            log.end();
            ExtentWriter writer = store.create(4096, 0);
            writer.append(BlockType.DATA, Codec.RAW, "hello".getBytes(StandardCharsets.UTF_8), 5);
            writer.append(BlockType.VALUE_PIECE, Codec.RAW, new byte[1 << 20], BlockFormat.PLAIN_MAX);
            store.commit(new ManifestEdit().add(writer.finish()).state(new Encoder(8).text("part")));
            store.commit(new ManifestEdit().trim(writer.id(), (1 << 20) + 5));
            store.commit(new ManifestEdit().drop(writer.id()));
            store.abandon();
        }));
        byte[] identity = disk.contents("disk");
        storeId = Arrays.copyOfRange(identity, 16, 32);
        diskId = Arrays.copyOfRange(identity, 32, 48);
    }

    // ---- an encoder by the page ----

    private static final class Bytes {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Bytes fixed(long value, int bytes) {
            for (int i = bytes - 1; i >= 0; i--) {
                out.write((int) (value >>> (8 * i)));
            }
            return this;
        }

        Bytes varint(long value) {
            long rest = value;
            for (; rest >>> 7 != 0; rest >>>= 7) {
                out.write((int) ((rest & 127) | 128));
            }
            out.write((int) rest);
            return this;
        }

        Bytes raw(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        Bytes text(String text) {
            return varint(text.length()).raw(text.getBytes(StandardCharsets.US_ASCII));
        }

        Bytes item(int tag, Bytes body) {
            byte[] bytes = body.done();
            return varint(tag).varint(bytes.length).raw(bytes);
        }

        Bytes padTo(int length) {
            assertTrue(out.size() <= length, "more than " + length + " bytes: " + out.size());
            return raw(new byte[length - out.size()]);
        }

        byte[] done() {
            return out.toByteArray();
        }
    }

    private static Bytes bytes() {
        return new Bytes();
    }

    /** CRC-32C, bit by bit: polynomial 0x1EDC6F41 reflected. */
    private static int crc(byte[]... pieces) {
        int crc = -1;
        for (byte[] piece : pieces) {
            for (byte b : piece) {
                crc ^= b & 255;
                for (int bit = 0; bit < 8; bit++) {
                    crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82F63B78);
                }
            }
        }
        return ~crc;
    }

    private static byte[] seed(long a, long b) {
        return bytes().fixed(a, 8).fixed(b, 8).done();
    }

    private static byte[] header(String letters, Bytes body) {
        byte[] before = bytes().raw(("DONJON" + letters).getBytes(StandardCharsets.US_ASCII))
                .fixed(1, 2)
                .fixed(0, 2)
                .done();
        byte[] after =
                bytes().raw(storeId).raw(diskId).raw(body.done()).padTo(4080).done();
        return bytes().raw(before).fixed(crc(before, after), 4).raw(after).done();
    }

    private static void assertBytes(byte[] due, String file, int at) throws IOException {
        byte[] found = Arrays.copyOfRange(disk.contents(file), at, at + due.length);
        assertEquals(HexFormat.of().formatHex(due), HexFormat.of().formatHex(found), file + " from " + at);
    }

    // ---- the page ----

    @Test
    void checksumsAreCrc32c() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        assertEquals(0xE3069283, crc(digits));
        // RFC 3720, appendix B.4: 32 bytes of zeros, of ones, and ascending.
        assertEquals(0x8A9136AA, crc(new byte[32]));
        byte[] ones = new byte[32];
        Arrays.fill(ones, (byte) 255);
        assertEquals(0x62A8AB43, crc(ones));
        Checksums checksums = new Checksums();
        assertEquals(
                crc(seed(-3, 77), digits),
                checksums.begin(-3, 77).add(digits, 0, 9).value());
        ByteBuffer some = ByteBuffer.wrap(digits, 2, 5);
        assertEquals(
                crc(seed(0, 1), Arrays.copyOfRange(digits, 2, 7)),
                checksums.begin(0, 1).add(some).value());
        assertEquals(2, some.position());
    }

    @Test
    void namesOfFiles() {
        List<String> due = new ArrayList<>(
                List.of("disk", "fence", "lock", "log-0000000000000001", "manifest-0", "x-0000000000000001-0-0000"));
        assertEquals(due, disk.names());
        assertEquals("x-000000000000abcd-1-12345", ExtentInfo.fileName(0xabcd, 1, 0x12345));
    }

    @Test
    void diskAndFence() throws IOException {
        byte[] identity = disk.contents("disk");
        long made = ByteBuffer.wrap(identity).getLong(52);
        assertArrayEquals(header("DK", bytes().fixed(0, 4).fixed(made, 8)), identity);
        assertTrue(made >= 1_700_000_000_000L && made < 1_700_000_100_000L, "made at " + made);
        assertArrayEquals(header("FN", bytes().fixed(1, 8)), disk.contents("fence"));
    }

    private static byte[] record(long edit, int kind, int at, Bytes items) {
        byte[] body = items.done();
        Bytes both = bytes();
        int single = (36 + body.length + 4095) / 4096 * 4096;
        for (int copy = 0; copy < 2; copy++) {
            byte[] head = bytes().raw("DJMR".getBytes(StandardCharsets.US_ASCII))
                    .fixed(body.length, 4)
                    .fixed(1, 8)
                    .fixed(edit, 8)
                    .fixed(0, 4)
                    .fixed(kind, 1)
                    .fixed(copy, 1)
                    .fixed(0, 2)
                    .done();
            long half = ByteBuffer.wrap(storeId).getLong(0);
            int crc = crc(seed(half, at + copy * single), head, body);
            both.raw(head).fixed(crc, 4).raw(body).padTo((copy + 1) * single);
        }
        return both.done();
    }

    private static Bytes members() {
        return bytes().item(1, bytes().varint(1).varint(0));
    }

    @Test
    void manifest() throws IOException {
        assertBytes(header("MF", bytes().fixed(0, 4).fixed(1, 8).fixed(0, 8)), "manifest-0", 0);
        Bytes counters = bytes().varint(1).varint(1);
        Bytes checkpoint = members()
                .item(3, bytes().varint(1))
                .item(4, counters)
                .item(2, bytes().varint(0).raw(diskId).varint(0).text("/d"))
                .item(10, bytes().text("whole"))
                .item(4, counters);
        assertBytes(record(0, 2, 4096, checkpoint), "manifest-0", 4096);
        Bytes segment = members().item(7, bytes().varint(1).varint(1).varint(0));
        assertBytes(record(1, 3, 12288, segment), "manifest-0", 12288);
        Bytes extent = members()
                .item(
                        5,
                        bytes().varint(1)
                                .varint(2 << 20)
                                .varint(1)
                                .varint(0)
                                .varint(0)
                                .fixed(0, 1)
                                .varint(0)
                                .varint(0)
                                .fixed(1, 1))
                .item(10, bytes().text("part"));
        assertBytes(record(2, 3, 20480, extent), "manifest-0", 20480);
        assertBytes(record(3, 3, 28672, members().item(11, bytes().varint(1).varint(1))), "manifest-0", 28672);
        assertBytes(record(4, 3, 36864, members().item(6, bytes().varint(1))), "manifest-0", 36864);
        byte[] rest = disk.contents("manifest-0");
        assertArrayEquals(new byte[rest.length - 45056], Arrays.copyOfRange(rest, 45056, rest.length));
    }

    private static byte[] group(int at, Bytes content) {
        byte[] body = content.done();
        long tag = 0x9E3779B97F4A7C15L + at * 0xC2B2AE3D27D4EB4FL;
        byte[] head = bytes().fixed(tag >>> 32, 4).fixed(body.length, 4).done();
        return bytes().raw(head)
                .fixed(crc(seed(1, at), body, head), 4)
                .raw(body)
                .done();
    }

    @Test
    void log() throws IOException {
        String file = "log-0000000000000001";
        Bytes begun = bytes().fixed(1, 8).fixed(0, 4).fixed(1, 4).fixed(1, 8).fixed(1, 8);
        assertBytes(header("LG", begun), file, 0);
        byte[] start = group(4096, bytes().fixed(0, 1).fixed(0, 8).fixed(0, 8));
        assertEquals(29, start.length);
        assertBytes(start, file, 4096);
        // At position 29, with nothing known to be stable; then with the first commit stable.
        Bytes first = bytes().fixed(1, 1).varint(29).varint(7).raw("first".getBytes(StandardCharsets.US_ASCII));
        byte[] firstGroup = group(4125, first);
        assertBytes(firstGroup, file, 4125);
        int at = 4125 + firstGroup.length;
        Bytes second = bytes().fixed(1, 1).varint(0).varint(300).fixed(0xab, 1).varint(300);
        assertBytes(group(at, second), file, at);
    }

    private static byte[] block(long offset, int type, byte[] plain) {
        byte[] rest = bytes().fixed(type, 1)
                .fixed(0, 1)
                .fixed(0, 2)
                .fixed(plain.length, 4)
                .fixed(plain.length, 4)
                .raw(plain)
                .done();
        return bytes().fixed(crc(seed(1, offset), rest), 4).raw(rest).done();
    }

    @Test
    void superchunkFile() throws IOException {
        String file = "x-0000000000000001-0-0000";
        assertBytes(header("SC", bytes().fixed(1, 8).fixed(0, 4).fixed(0, 4)), file, 0);
        byte[] small = block(0, 1, "hello".getBytes(StandardCharsets.US_ASCII));
        byte[] large = block(1 << 20, 7, new byte[(1 << 20) - 16]);
        assertBytes(small, file, 4096);
        byte[] found = disk.contents(file);
        assertArrayEquals(
                new byte[(1 << 20) - small.length], Arrays.copyOfRange(found, 4096 + small.length, 4096 + (1 << 20)));
        assertArrayEquals(large, Arrays.copyOfRange(found, 4096 + (1 << 20), found.length));
    }

    @Test
    void varints() {
        for (String known : List.of("0 00", "127 7f", "128 8001", "300 ac02", "-1 ffffffffffffffffff01")) {
            long value = Long.parseLong(known.substring(0, known.indexOf(' ')));
            byte[] due = HexFormat.of().parseHex(known.substring(known.indexOf(' ') + 1));
            assertArrayEquals(due, new Encoder(1).varint(value).toBytes(), known);
            assertEquals(value, new Decoder("", due).varint(), known);
        }
    }

    @Test
    void textsAreUtf8AndNothingElse() {
        for (String text : List.of("", "plain", "\u00e9\u4e2d\ud83d\ude00", "a replacement character \ufffd")) {
            byte[] bytes = new Encoder(1).u8(7).text(text).toBytes();
            Decoder decoder = new Decoder("", bytes);
            decoder.u8();
            assertEquals(text, decoder.text());
            Decoder direct = new Decoder(
                    "",
                    ByteBuffer.allocateDirect(bytes.length).put(bytes).flip().position(1));
            assertEquals(text, direct.text());
            assertArrayEquals(Arrays.copyOfRange(bytes, 1, bytes.length), direct.takenSince(0));
            assertArrayEquals(Arrays.copyOfRange(bytes, 1, bytes.length), decoder.takenSince(1));
        }
        for (String bad : List.of("01ff", "02c3ff", "02c0af", "03eda080", "0561efbfbd80")) {
            Decoder decoder = new Decoder("", HexFormat.of().parseHex(bad));
            assertThrows(StorageException.class, decoder::text, bad);
        }
    }
}
