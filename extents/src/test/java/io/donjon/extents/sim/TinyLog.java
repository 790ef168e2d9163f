package io.donjon.extents.sim;

import io.donjon.extents.Directory;
import io.donjon.extents.Directory.Access;
import io.donjon.extents.Environment;
import io.donjon.extents.OpenFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.zip.CRC32C;

/** The smallest write-ahead log, to test the simulator on: it can be built with a flaw, which must be found. */
final class TinyLog implements AutoCloseable {
    private static final String NAME = "log";
    private static final int HEADER_BYTES = 2 * Integer.BYTES;

    /** What can be wrong with it. */
    enum Flaw {
        NO_FORCE,
        FORCE_AFTER_ACKNOWLEDGING,
        NO_CHECKSUM,
        NO_DIRECTORY_SYNC
    }

    private final OpenFile file;
    private final Lock lock;
    private final Set<Flaw> flaws;
    private final List<String> records = new ArrayList<>();
    private long end;

    private TinyLog(OpenFile file, Lock lock, Set<Flaw> flaws) {
        this.file = file;
        this.lock = lock;
        this.flaws = flaws;
    }

    static TinyLog open(Environment environment, Directory directory, Set<Flaw> flaws) throws IOException {
        boolean fresh = !directory.list().contains(NAME);
        OpenFile file = fresh ? directory.create(NAME, Access.BUFFERED) : directory.open(NAME, Access.BUFFERED);
        if (!flaws.contains(Flaw.NO_DIRECTORY_SYNC)) {
            directory.sync();
        }
        TinyLog log = new TinyLog(file, environment.newLock(), flaws);
        log.recover();
        return log;
    }

    private void recover() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
        file.read(bytes, 0);
        bytes.flip();
        while (bytes.remaining() >= HEADER_BYTES) {
            int length = bytes.getInt();
            int crc = bytes.getInt();
            if (length <= 0 || length > bytes.remaining()) {
                break;
            }
            byte[] record = new byte[length];
            bytes.get(record);
            if (!flaws.contains(Flaw.NO_CHECKSUM) && crc != checksum(end, record)) {
                break;
            }
            records.add(new String(record, StandardCharsets.UTF_8));
            end += HEADER_BYTES + length;
        }
        // What was read may not be stable yet, and will be told to somebody.
        file.force();
    }

    /** Returns when the record is stable. */
    void append(String record, Runnable acknowledge) throws IOException {
        byte[] bytes = record.getBytes(StandardCharsets.UTF_8);
        lock.lock();
        try {
            ByteBuffer framed = ByteBuffer.allocate(HEADER_BYTES + bytes.length);
            framed.putInt(bytes.length).putInt(checksum(end, bytes)).put(bytes).flip();
            file.write(framed, end);
            end += HEADER_BYTES + bytes.length;
            records.add(record);
            if (flaws.contains(Flaw.FORCE_AFTER_ACKNOWLEDGING)) {
                acknowledge.run();
            }
            if (!flaws.contains(Flaw.NO_FORCE)) {
                file.force();
            }
            if (!flaws.contains(Flaw.FORCE_AFTER_ACKNOWLEDGING)) {
                acknowledge.run();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The records in it, in order. */
    List<String> records() {
        return List.copyOf(records);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private static int checksum(long at, byte[] record) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(Long.BYTES).putLong(at).flip());
        crc.update(record);
        return (int) crc.getValue();
    }
}
