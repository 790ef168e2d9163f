package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.versioning.VersionForest;
import io.donjon.versioning.VersionForest.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The versions of the store as they are now, and as the manifest has them (design.md section 3, "line and log go
 * together"). Operations take effect here in log order; each is remembered until an edit of the manifest carries it, so
 * that a checkpoint can say what the line was at the manifest's position, no earlier and no later.
 *
 * <p>Changes come under the store's write lock. The monitor guards memory only; it is the innermost lock but for the
 * forest's own.
 */
final class Catalog {
    /** The longest name and the varint of its length. */
    private static final int NAME_FIELD_BYTES_MAX = 2 + Arguments.NAME_BYTES_MAX;

    /** In the manifest, beside the numbers of kinds: a snapshot whose identity follows its name. */
    private static final int IDENTIFIED_SNAPSHOT = 4;

    /** Versions that a walk passes without letting others in between. */
    private static final int WALK_STEPS = 1024;

    /** Versions that are looked at with the locks held once. */
    private static final int AT_ONCE = 256;

    private final VersionForest forest = new VersionForest();

    /** Operations that the manifest's line does not have yet, in log order. */
    private final Deque<Pending> pending = new ArrayDeque<>();

    private long pendingBytes;
    private int pendingDrops;
    private long nextVersion = 1;

    /** {@link Hidden} keyspaces: of imports under way, and what could not be dropped of others. */
    private int hidden;

    /** How many versions have become unreadable, those counted that were so when the store was opened. */
    private long unreadable;

    /** While the line is written: by place, the first pending operation that changes a version. Null otherwise. */
    private @Nullable Map<Integer, Pending> changedSince;

    /** Versions that left while the line was read back. Their places are not free yet. */
    private final List<Integer> left = new ArrayList<>();

    /** Open views of keyspaces that have not been written to since, by the place of their head. */
    private final Map<Integer, SharedView> freshViews = new HashMap<>();

    private volatile int freshViewCount;

    /** How many open cursors a version has: as long as there are any, a drop of it waits. */
    private final Map<Integer, Integer> cursors = new HashMap<>();

    /** An operation, and what it changed of a version that was there before. */
    private static final class Pending {
        private static final byte[] NOT_KEPT = {};

        final long position;

        /** Its bytes, unless the manifest's line has it. */
        byte[] operation = NOT_KEPT;

        int born = VersionForest.NONE;
        int changed = VersionForest.NONE;
        Kind kindBefore = Kind.DROPPED;

        @Nullable String nameBefore;

        boolean drops;

        Pending(long position) {
            this.position = position;
        }

        /** Whether it changed a hidden keyspace. */
        boolean wasHidden() {
            return kindBefore == Kind.HEAD && nameBefore != null && Hidden.isHidden(nameBefore);
        }
    }

    VersionForest forest() {
        return forest;
    }

    // ---- changes ----

    /** A version id never given out before. Under the write lock. */
    synchronized long newVersion() {
        return nextVersion++;
    }

    /** The version ids from here on were never given out. */
    synchronized long nextVersion() {
        return nextVersion;
    }

    /** Ids below this have been given out at some time. */
    synchronized void skipVersionsBelow(long next) {
        nextVersion = Math.max(nextVersion, next);
    }

    /**
     * Lets an operation take effect.
     *
     * @param kind its number, which has been taken from {@code fields}
     * @param position the log position behind its commit
     */
    synchronized void apply(int kind, Decoder fields, long position) {
        int begin = fields.taken() - 1;
        Pending done = new Pending(position);
        take(kind, fields, done);
        done.operation = fields.takenSince(begin);
        pending.addLast(done);
        if (changedSince != null && done.changed != VersionForest.NONE) {
            changedSince.putIfAbsent(done.changed, done);
        }
        pendingBytes += done.operation.length;
        pendingDrops += done.drops ? 1 : 0;
    }

    /** Lets an operation take effect that the manifest's line has. */
    synchronized void restore(int kind, Decoder fields) {
        Pending done = new Pending(0);
        take(kind, fields, done);
        settle(done);
    }

    private void take(int kind, Decoder in, Pending done) {
        switch (kind) {
            case LogOp.KEYSPACE -> {
                long id = in.varint();
                long created = in.varint();
                String name = name(in);
                done.born = forest.addTree(isNew(id, in), name, forest.freeTreeName(Hidden.seen(name), id), created);
                hidden += Hidden.isHidden(name) ? 1 : 0;
            }
            case LogOp.KEYSPACE_OF_TREE -> {
                long id = in.varint();
                long created = in.varint();
                String name = name(in);
                String tree = in.text();
                if (!tree.equals(forest.freeTreeName(tree, id))) {
                    throw in.bad("there is a tree named " + tree + " already");
                }
                done.born = forest.addTree(isNew(id, in), name, tree, created);
                hidden += Hidden.isHidden(name) ? 1 : 0;
            }
            case LogOp.SNAPSHOT, LogOp.SNAPSHOT_OF_NOBODY, LogOp.VIEW -> {
                long id = in.varint();
                long child = in.varint();
                long created = in.varint();
                String name = kind == LogOp.VIEW ? null : name(in);
                UUID identity = kind == LogOp.SNAPSHOT ? identity(in) : VersionForest.NOBODY;
                int head = place(id, in);
                requireHead(head, in);
                changing(done, head);
                done.born = forest.freeze(head, name, isNew(child, in), created);
                forest.identify(head, identity);
                moveView(head, done.born);
            }
            case LogOp.CLONE -> {
                long parent = in.varint();
                long child = in.varint();
                long created = in.varint();
                String name = name(in);
                done.born = forest.addHead(isNew(child, in), place(parent, in), name, created);
                hidden += Hidden.isHidden(name) ? 1 : 0;
            }
            case LogOp.ROLLBACK -> {
                long head = in.varint();
                long parent = in.varint();
                long child = in.varint();
                long created = in.varint();
                int from = place(head, in);
                changing(done, from);
                requireHead(from, in);
                done.drops = true;
                done.born = forest.moveHead(from, place(parent, in), isNew(child, in), created);
                forgetView(from);
            }
            case LogOp.DROP -> {
                long id = in.varint();
                int place = place(id, in);
                if (forest.kind(place) == Kind.DROPPED) {
                    throw in.bad("version " + id + " is dropped twice");
                }
                changing(done, place);
                done.drops = true;
                forest.drop(place);
                hidden -= done.wasHidden() ? 1 : 0;
                forgetView(place);
            }
            case LogOp.RENAME -> {
                long id = in.varint();
                String name = name(in);
                int place = place(id, in);
                if (forest.name(place) == null) {
                    throw in.bad("version " + id + " is renamed, which has no name");
                }
                changing(done, place);
                forest.rename(place, name);
                if (done.kindBefore == Kind.HEAD) {
                    hidden += (Hidden.isHidden(name) ? 1 : 0) - (done.wasHidden() ? 1 : 0);
                }
            }
            default -> throw in.bad("operation " + kind + " is not known");
        }
    }

    private void requireHead(int place, Decoder in) {
        if (forest.kind(place) != Kind.HEAD) {
            throw in.bad("version " + forest.id(place) + " is no head");
        }
    }

    private String name(Decoder in) {
        int before = in.remaining();
        String name = in.text();
        if (Hidden.seen(name).isEmpty()
                || before - in.remaining() - (name.length() - Hidden.seen(name).length()) > NAME_FIELD_BYTES_MAX) {
            throw in.bad("a name of " + name.length() + " characters");
        }
        return name;
    }

    private static UUID identity(Decoder in) {
        UUID identity = LogOp.identity(in);
        if (identity.equals(VersionForest.NOBODY)) {
            throw in.bad("a snapshot that is said to be somebody and is nobody");
        }
        return identity;
    }

    private void changing(Pending operation, int place) {
        operation.changed = place;
        operation.kindBefore = forest.kind(place);
        operation.nameBefore = forest.name(place);
    }

    private int place(long id, Decoder in) {
        int place = forest.place(id);
        if (place == VersionForest.NONE || place == VersionForest.ROOT) {
            throw in.bad("version " + id + " does not exist");
        }
        return place;
    }

    private long isNew(long id, Decoder in) {
        if (forest.place(id) != VersionForest.NONE) {
            throw in.bad("version " + id + " is born twice");
        }
        nextVersion = Math.max(nextVersion, id + 1);
        return id;
    }

    // ---- the manifest's line ----

    /** What the operations take that no edit has carried yet. */
    synchronized long pendingBytes() {
        return pendingBytes;
    }

    /** Whether there are drops that merges may not believe yet, for want of an edit that carries them. */
    synchronized boolean hasPendingDrops() {
        return pendingDrops > 0;
    }

    /** The operations up to a log position that no edit has carried yet, one behind the other. */
    synchronized Encoder pendingUpTo(long position) {
        Encoder out = new Encoder(256);
        for (Pending operation : pending) {
            if (operation.position > position) {
                break;
            }
            out.raw(operation.operation, 0, operation.operation.length);
        }
        return out;
    }

    /** An edit with the operations up to a position is durable. */
    synchronized void saved(long position) {
        while (!pending.isEmpty() && pending.getFirst().position <= position) {
            Pending operation = pending.removeFirst();
            pendingBytes -= operation.operation.length;
            pendingDrops -= operation.drops ? 1 : 0;
            settle(operation);
        }
    }

    private void settle(Pending operation) {
        if (operation.born != VersionForest.NONE) {
            forest.markSaved(operation.born);
        }
        if (operation.drops) {
            forest.markDropSaved(operation.changed);
            noticeUnreadable(operation.changed);
        }
    }

    /**
     * Looks at the next versions of a walk for such as can be read no more.
     *
     * @param dead gets the place of each
     * @return whether there may be more behind
     */
    synchronized boolean findDead(VersionForest.Walk walk, IntConsumer dead) {
        synchronized (forest) {
            for (int n = 0; n < AT_ONCE; n++) {
                int place = walk.next();
                if (place == VersionForest.NONE) {
                    return false;
                }
                if (!isReadable(place)) {
                    dead.accept(place);
                }
            }
        }
        return true;
    }

    /**
     * Writes the manifest's line, version by version, in parts of about that many bytes. Operations may take effect
     * meanwhile, but none is {@link #saved}.
     */
    void writeSaved(int tag, int partBytes, Consumer<Encoder> parts) {
        VersionForest.Walk walk;
        synchronized (this) {
            Map<Integer, Pending> changed = new HashMap<>();
            for (Pending operation : pending) {
                if (operation.changed != VersionForest.NONE) {
                    changed.putIfAbsent(operation.changed, operation);
                }
            }
            changedSince = changed;
            walk = forest.walk(VersionForest.ROOT);
        }
        try {
            Encoder body = new Encoder(partBytes + 1024);
            boolean more = true;
            while (more) {
                more = writeSome(walk, body, partBytes);
                if (body.length() >= partBytes || (!more && body.length() > 0)) {
                    parts.accept(new Encoder(body.length() + 16).varint(tag).bytes(body));
                    body.truncate(0);
                }
            }
        } finally {
            synchronized (this) {
                changedSince = null;
            }
        }
    }

    /** Writes the next versions, until there are enough bytes; false at the end of the line. */
    private synchronized boolean writeSome(VersionForest.Walk walk, Encoder body, int partBytes) {
        synchronized (forest) {
            for (int n = 0; n < AT_ONCE && body.length() < partBytes; n++) {
                int place = walk.next();
                if (place == VersionForest.NONE) {
                    return false;
                }
                if (forest.isSaved(place)) {
                    writeSaved(place, body);
                }
            }
        }
        return true;
    }

    private void writeSaved(int place, Encoder body) {
        Pending changed = changedSince == null ? null : changedSince.get(place);
        Kind kind = changed == null ? forest.kind(place) : changed.kindBefore;
        String name = changed == null ? forest.name(place) : changed.nameBefore;
        long parent = forest.id(forest.parent(place));
        UUID identity = kind == Kind.SNAPSHOT ? forest.identity(place) : VersionForest.NOBODY;
        boolean identified = !identity.equals(VersionForest.NOBODY);
        body.varint(forest.id(place))
                .varint(parent)
                .u8(identified ? IDENTIFIED_SNAPSHOT : kind.number())
                .varint(forest.createdMillis(place))
                .text(name == null ? "" : name);
        if (identified) {
            LogOp.identity(body, identity);
        }
        if (parent == 0) {
            body.text(forest.treeName(place));
        }
    }

    /**
     * Reads back what {@link #writeSaved} wrote.
     *
     * @param behind the place that the first of these versions stands behind
     * @return the place of the last one
     */
    synchronized int readSaved(Decoder body, int behind) {
        int last = behind;
        while (body.hasMore()) {
            long id = body.varint();
            long parent = body.varint();
            int number = (int) body.varint("kind of version " + id, 0, IDENTIFIED_SNAPSHOT);
            Kind kind = number == IDENTIFIED_SNAPSHOT ? Kind.SNAPSHOT : Kind.of(number);
            long created = body.varint();
            String name = kind == Kind.HEAD || kind == Kind.SNAPSHOT ? name(body) : body.text();
            UUID identity = number == IDENTIFIED_SNAPSHOT ? identity(body) : VersionForest.NOBODY;
            String treeName = parent == 0 ? body.text() : null;
            try {
                last = forest.restore(
                        id, parent, kind, kind == Kind.DROPPED, created, name.isEmpty() ? null : name, treeName, last);
                forest.identify(last, identity);
                hidden += kind == Kind.HEAD && Hidden.isHidden(name) ? 1 : 0;
                noticeUnreadable(last);
            } catch (IllegalArgumentException e) {
                throw body.bad(String.valueOf(e.getMessage()));
            }
            nextVersion = Math.max(nextVersion, id + 1);
        }
        return last;
    }

    /** A version has left the line, says an edit. One that is not there has been left out by a checkpoint before. */
    synchronized void restoreLeft(long id, Decoder in) {
        int place = forest.place(id);
        if (place != VersionForest.NONE) {
            if (!forest.mayLeave(place)) {
                throw in.bad("version " + id + " leaves, but is not dropped or the first of others");
            }
            forest.leave(place);
            forest.releaseTreeName(place);
            left.add(place);
        }
    }

    /** Everything has been read back, and nobody has a place in hand yet. */
    synchronized void restored() {
        if (!left.isEmpty()) {
            for (int place = VersionForest.ROOT; place != VersionForest.NONE; ) {
                place = forest.tidy(place, AT_ONCE);
            }
            left.forEach(forest::reuse);
            left.clear();
        }
    }

    // ---- views ----

    /** An open view that says what the keyspace with this head is now, or null. Under the write lock. */
    synchronized @Nullable SharedView freshView(int head) {
        return freshViews.get(head);
    }

    /** A view has been taken, and the keyspace goes on, unchanged so far, in this head. Under the write lock. */
    synchronized void viewTaken(SharedView view, int head) {
        freshViews.put(head, view);
        freshViewCount = freshViews.size();
    }

    /** A view is no longer open. Under the write lock. */
    synchronized void viewClosed(SharedView view) {
        freshViews.values().remove(view);
        freshViewCount = freshViews.size();
    }

    /** A head is written to: no view says any more what it is. Under the write lock. */
    void written(int head) {
        if (freshViewCount > 0) {
            forgetView(head);
        }
    }

    private synchronized void forgetView(int head) {
        freshViews.remove(head);
        freshViewCount = freshViews.size();
    }

    private void moveView(int from, int to) {
        SharedView view = freshViewCount == 0 ? null : freshViews.remove(from);
        if (view != null) {
            freshViews.put(to, view);
        }
    }

    // ---- keyspaces ----

    /** How many keyspaces can be seen. */
    synchronized long keyspaceCount() {
        return forest.keyspaceCount() - hidden;
    }

    /** Whether there are {@link Hidden} keyspaces. */
    synchronized boolean hasHidden() {
        return hidden > 0;
    }

    // ---- readers ----

    /** A cursor is opened on a version. */
    synchronized void cursorOpened(int place) {
        cursors.merge(place, 1, Integer::sum);
    }

    /** It is closed. */
    synchronized void cursorClosed(int place) {
        cursors.computeIfPresent(place, (at, count) -> count == 1 ? null : count - 1);
        noticeUnreadable(place);
    }

    /**
     * Whether merges must keep what a version shows: unless the manifest's line has its drop, and no cursor is open on it.
     */
    synchronized boolean isReadable(int place) {
        return !forest.isDropSaved(place) || cursors.containsKey(place);
    }

    private void noticeUnreadable(int place) {
        if (!isReadable(place)) {
            unreadable++;
        }
    }

    /** Counts up whenever a version becomes unreadable. */
    synchronized long unreadable() {
        return unreadable;
    }

    /**
     * Walks along the line from a version up to a place, a few steps at a time so that nobody waits long.
     *
     * @param from the version's id
     * @param to a place, or {@link io.donjon.versioning.Line#END}
     * @param found gets the place of each readable version; it says whether to go on
     * @return the id of the version to go on with; 0 if that was all; -1 if the version is no more
     */
    synchronized long walk(long from, int to, IntPredicate found) {
        int at = forest.place(from);
        if (at == VersionForest.NONE) {
            return -1;
        }
        for (int left = WALK_STEPS; left > 0; left--) {
            if (at == VersionForest.NONE || at == to || (isReadable(at) && !found.test(at))) {
                return 0;
            }
            at = forest.next(at);
        }
        return at == VersionForest.NONE ? 0 : forest.id(at);
    }
}
