package io.donjon.engine;

import io.donjon.extents.Checksums;
import io.donjon.extents.Encoder;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** Writes a snapshot in the form of {@link SnapshotStream}, chunk by chunk. One thread at a time. */
final class StreamWriter {
    private final OutputStream out;
    private final Checksums chunkSum = new Checksums();
    private final Checksums wholeSum = new Checksums().begin(0, 0);
    private final Encoder header = new Encoder(SnapshotStream.PREAMBLE_BYTES);
    private final Encoder body = new Encoder(SnapshotStream.BODY_BYTES + 1024);
    private long chunks;
    private long position;
    private long puts;
    private long gone;

    /** A writer that has written preamble and header. */
    StreamWriter(OutputStream out, StreamHeader says) throws IOException {
        this.out = out;
        header.u64(SnapshotStream.MAGIC).u32(SnapshotStream.FORMAT << Short.SIZE);
        header.u32(chunkSum.begin(0, 0).add(header.array(), 0, header.length()).value());
        write(header);
        says.encode(body);
        writeChunk(SnapshotStream.HEADER);
    }

    /** The next key has a value. */
    void put(ByteBuffer key, ByteBuffer value) throws IOException {
        body.u8(SnapshotStream.PUT).bytes(key).bytes(value);
        puts++;
        closeIfFull();
    }

    /** The next key is gone. */
    void delete(ByteBuffer key) throws IOException {
        body.u8(SnapshotStream.GONE).bytes(key);
        gone++;
        closeIfFull();
    }

    private void closeIfFull() throws IOException {
        if (body.length() >= SnapshotStream.BODY_BYTES) {
            writeChunk(SnapshotStream.CHANGES);
        }
    }

    /** Ends the stream, which is flushed and stays open. */
    void end() throws IOException {
        if (body.length() > 0) {
            writeChunk(SnapshotStream.CHANGES);
        }
        body.varint(puts).varint(gone).u32(wholeSum.value());
        writeChunk(SnapshotStream.END);
        out.flush();
    }

    private void writeChunk(int kind) throws IOException {
        header.truncate(0).u32(body.length()).u32(kind << (Integer.SIZE - Byte.SIZE));
        chunkSum.begin(chunks++, position)
                .add(header.array(), 0, header.length())
                .add(body.array(), 0, body.length());
        header.u32(chunkSum.value());
        write(header);
        write(body);
        body.truncate(0);
    }

    private void write(Encoder bytes) throws IOException {
        out.write(bytes.array(), 0, bytes.length());
        wholeSum.add(bytes.array(), 0, bytes.length());
        position += bytes.length();
    }
}
