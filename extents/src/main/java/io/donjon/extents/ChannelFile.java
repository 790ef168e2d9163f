package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An open file of a {@link ChannelDirectory}: one descriptor, or two where {@link Directory.Access#APPENDING} is asked
 * for.
 *
 * <p>A caller's buffer goes to the operating system as it is where that is possible, otherwise by way of a
 * {@link Scratch}, piece by piece: heap buffers always; under direct access also what is not aligned in memory, and
 * reads that begin or end within a unit, which are widened to whole ones.
 */
final class ChannelFile implements OpenFile {
    private final String path;
    private final SteadyChannel channel;

    /** What pieces of the heap are written by, if there is one. */
    private final @Nullable SmallWrites smallWrites;

    private final int writeUnit;
    private final IoMeter.FileMeter meter;
    private volatile boolean closed;

    ChannelFile(String path, SteadyChannel channel, @Nullable SmallWrites smallWrites, int writeUnit, IoMeter meter) {
        this.path = path;
        this.channel = channel;
        this.smallWrites = smallWrites;
        this.writeUnit = writeUnit;
        this.meter = meter.newFile();
    }

    @Override
    public int read(ByteBuffer into, long at) throws IOException {
        checkPosition(at);
        int length = into.remaining();
        int done = 0;
        try {
            int piece;
            do {
                piece = readSome(into, at + done);
                done += piece;
            } while (piece > 0 && into.hasRemaining());
        } catch (IOException e) {
            throw failure("read", length, at, e);
        }
        meter.read(at, done);
        return done;
    }

    /** Reads at least one byte, unless the file ends here or the buffer is full. */
    private int readSome(ByteBuffer into, long at) throws IOException {
        if (goesStraight(into, at)) {
            return Math.max(0, channel.read(into, at));
        }
        int skipped = (int) (at % writeUnit);
        int wanted = Math.min(into.remaining(), Scratch.PIECE_BYTES);
        ByteBuffer scratch = Scratch.take();
        try {
            scratch.limit(roundUp(skipped + wanted));
            int got = Math.min(wanted, channel.read(scratch, at - skipped) - skipped);
            if (got <= 0) {
                return 0;
            }
            into.put(scratch.flip().position(skipped).limit(skipped + got));
            return got;
        } finally {
            Scratch.giveBack(scratch);
        }
    }

    @Override
    public void write(ByteBuffer from, long at) throws IOException {
        checkPosition(at);
        int length = from.remaining();
        if (at % writeUnit != 0 || length % writeUnit != 0) {
            throw new IllegalArgumentException(
                    "direct write of %d bytes at %d to %s: not multiples of %d".formatted(length, at, path, writeUnit));
        }
        long next = at;
        try {
            while (from.hasRemaining()) {
                next += writeSome(from, next);
            }
        } catch (IOException e) {
            throw failure("write", length, at, e);
        }
        meter.wrote(at, length);
    }

    private int writeSome(ByteBuffer from, long at) throws IOException {
        SmallWrites small = smallWrites;
        if (small != null && from.hasArray()) {
            int length = from.remaining();
            small.write(from.array(), from.arrayOffset() + from.position(), length, at);
            from.position(from.limit());
            return length;
        }
        if (goesStraight(from, at)) {
            return channel.write(from, at);
        }
        int piece = Math.min(from.remaining(), Scratch.PIECE_BYTES);
        ByteBuffer scratch = Scratch.take();
        try {
            scratch.put(0, from, from.position(), piece).limit(piece);
            int written = channel.write(scratch, at);
            from.position(from.position() + written);
            return written;
        } finally {
            Scratch.giveBack(scratch);
        }
    }

    private boolean goesStraight(ByteBuffer buffer, long at) {
        return buffer.isDirect()
                && at % writeUnit == 0
                && buffer.remaining() % writeUnit == 0
                && buffer.alignmentOffset(buffer.position(), writeUnit) == 0;
    }

    private int roundUp(int bytes) {
        return (bytes + writeUnit - 1) / writeUnit * writeUnit;
    }

    @Override
    public void force() throws IOException {
        try {
            channel.force(false);
        } catch (IOException e) {
            // Even for want of space: pages may have been dropped, so this is no NoSpaceException.
            throw failed("force", e);
        }
        meter.forced();
    }

    @Override
    public long size() throws IOException {
        try {
            return channel.size();
        } catch (IOException e) {
            throw failed("size", e);
        }
    }

    @Override
    public int writeUnit() {
        return writeUnit;
    }

    @Override
    public void close() throws IOException {
        closed = true;
        try {
            SmallWrites small = smallWrites;
            if (small != null) {
                small.close();
            }
        } finally {
            closeChannel();
        }
    }

    private void closeChannel() throws IOException {
        try {
            channel.close();
        } catch (IOException e) {
            throw new IOException("close of " + path + " failed: " + e.getMessage(), e);
        }
    }

    private void checkPosition(long at) {
        if (at < 0) {
            throw new IllegalArgumentException("position " + at + " in " + path);
        }
    }

    private IOException failure(String operation, int length, long at, IOException cause) {
        String what = "%s of %d bytes at %d".formatted(operation, length, at);
        if (NoSpace.isSaidBy(cause)) {
            return new NoSpaceException(what + " of " + path + " found no room: " + cause.getMessage(), cause);
        }
        return failed(what, cause);
    }

    private IOException failed(String what, IOException cause) {
        if (closed) {
            throw new IllegalStateException(what + " of " + path + ": closed", cause);
        }
        return new IOException(what + " of " + path + " failed: " + cause.getMessage(), cause);
    }
}
