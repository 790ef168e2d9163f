package io.donjon.perf.btree;

import io.donjon.perf.DirectIo;
import io.donjon.perf.IoCounts;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;

/**
 * The file of a tree, read and written in runs of pages by position, and the meter of it.
 *
 * <p>Bytes pass through one direct buffer, aligned to a page, so that the same code serves O_DIRECT; the copy costs
 * about a tenth of a microsecond a page.
 */
final class PageFile implements AutoCloseable {
    /** The longest run: one mebibyte, by which a disk is as fast as it gets (platform.md, limits of the machine). */
    static final int RUN_PAGES_MAX = 128;

    private final Path path;
    private final FileChannel channel;
    private final ByteBuffer staging = ByteBuffer.allocateDirect((RUN_PAGES_MAX + 1) * Page.BYTES)
            .alignedSlice(Page.BYTES)
            .limit(RUN_PAGES_MAX * Page.BYTES)
            .slice();

    /** The file's length in bytes. */
    private long length;

    private long reads;
    private long readsRandom;
    private long readBytes;
    private long readBytesRandom;
    private long readEnd;
    private long writes;
    private long writesRandom;
    private long writtenBytes;
    private long writtenBytesRandom;
    private long writeEnd;
    private long forces;

    PageFile(Path path, boolean direct) {
        this.path = path;
        Set<OpenOption> options =
                new HashSet<>(Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE));
        if (direct) {
            options.add(DirectIo.option());
        }
        try {
            channel = FileChannel.open(path, options);
            length = channel.size();
        } catch (IOException e) {
            throw new UncheckedIOException("open of " + path + " failed", e);
        }
    }

    long length() {
        return length;
    }

    /** Whole pages of the file: what was made since may still be in memory only. */
    int pages() {
        return (int) (length / Page.BYTES);
    }

    /** Reads a run of pages; {@link #take} copies them out, in order. */
    void read(int page, int count) {
        long at = (long) page * Page.BYTES;
        staging.clear().limit(count * Page.BYTES);
        try {
            while (staging.hasRemaining()) {
                if (channel.read(staging, at + staging.position()) < 0) {
                    throw new EOFException(path + " ends before page " + (page + count - 1));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "read of " + count + " pages at page " + page + " of " + path + " failed", e);
        }
        staging.flip();
        reads++;
        readBytes += staging.limit();
        if (at != readEnd) {
            readsRandom++;
            readBytesRandom += staging.limit();
        }
        readEnd = at + staging.limit();
    }

    /** The next page of the run that was read last. */
    void take(byte[] into) {
        staging.get(into, 0, Page.BYTES);
    }

    /** Drops the next page of the run that was read last. */
    void skip() {
        staging.position(staging.position() + Page.BYTES);
    }

    /** Begins a run of pages to be written; {@link #add} fills it. */
    void begin() {
        staging.clear();
    }

    /** Whether the run to be written can take no page more. */
    boolean full() {
        return !staging.hasRemaining();
    }

    void add(byte[] page) {
        staging.put(page, 0, Page.BYTES);
    }

    /** Writes the run to where its first page belongs. */
    void write(int page) {
        long at = (long) page * Page.BYTES;
        staging.flip();
        int bytes = staging.limit();
        try {
            while (staging.hasRemaining()) {
                channel.write(staging, at + staging.position());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("write of " + bytes + " bytes at " + at + " of " + path + " failed", e);
        }
        writes++;
        writtenBytes += bytes;
        if (at != writeEnd) {
            writesRandom++;
            writtenBytesRandom += bytes;
        }
        writeEnd = at + bytes;
        length = Math.max(length, writeEnd);
    }

    void force() {
        try {
            channel.force(false);
        } catch (IOException e) {
            throw new UncheckedIOException("fsync of " + path + " failed", e);
        }
        forces++;
    }

    IoCounts counts() {
        return new IoCounts(
                reads,
                readsRandom,
                readBytes,
                readBytesRandom,
                writes,
                writesRandom,
                writtenBytes,
                writtenBytesRandom,
                forces);
    }

    @Override
    public String toString() {
        return path.toString();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("close of " + path + " failed", e);
        }
    }
}
