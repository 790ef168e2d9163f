package io.donjon.extents;

import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.Lock;

/**
 * Open superchunk files, at most about so many at once: the least recently used that nobody is reading is closed when
 * another is wanted. Thread-safe.
 */
final class FilePool {
    private record Key(int disk, String name) {}

    /** A file that somebody is reading; give it back by {@link #release}. */
    static final class Lease {
        final OpenFile file;
        private int users;
        private boolean doomed;

        private Lease(OpenFile file) {
            this.file = file;
        }
    }

    private final int openMax;
    private final Directory.Access access;
    private final Lock lock;

    /** Least recently used first. Guarded by {@link #lock}. */
    private final Map<Key, Lease> open = new LinkedHashMap<>(16, 0.75f, true);

    FilePool(int openMax, Directory.Access access, Environment environment) {
        this.openMax = openMax;
        this.access = access;
        this.lock = environment.newLock();
    }

    Lease acquire(Disk disk, String name) throws IOException {
        lock.lock();
        try {
            Key key = new Key(disk.number, name);
            Lease lease = open.get(key);
            if (lease == null) {
                closeIdle(openMax - 1);
                lease = new Lease(disk.there().open(name, access));
                open.put(key, lease);
            }
            lease.users++;
            return lease;
        } finally {
            lock.unlock();
        }
    }

    void release(Lease lease) {
        lock.lock();
        try {
            if (--lease.users == 0 && lease.doomed) {
                Quietly.close(lease.file);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Closes a file that is about to be deleted. */
    void forget(Disk disk, String name) {
        lock.lock();
        try {
            Lease lease = open.remove(new Key(disk.number, name));
            if (lease != null) {
                doom(lease);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Closes everything, whatever is still being read as soon as it is given back. */
    void closeAll() {
        lock.lock();
        try {
            open.values().forEach(FilePool::doom);
            open.clear();
        } finally {
            lock.unlock();
        }
    }

    private void closeIdle(int most) {
        Iterator<Lease> oldest = open.values().iterator();
        while (open.size() > most && oldest.hasNext()) {
            Lease lease = oldest.next();
            if (lease.users == 0) {
                oldest.remove();
                Quietly.close(lease.file);
            }
        }
    }

    private static void doom(Lease lease) {
        lease.doomed = true;
        if (lease.users == 0) {
            Quietly.close(lease.file);
        }
    }
}
