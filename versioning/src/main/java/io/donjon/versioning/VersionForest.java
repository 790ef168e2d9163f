package io.donjon.versioning;

import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The versions of a store: whose child each is, what it serves as, what it is called, and where it stands on the
 * {@link Line} (design.md sections 1 and 2). In memory a version goes by its place, a small int; its id, which is valid
 * for ever, leads to the place.
 *
 * <p>Every operation is O(1) amortised. There is no object per version: a million of them with names of 40 bytes take
 * about 145 MB, names included.
 *
 * <p>Thread-safe: by its monitor, but for comparisons on {@link #line()} and for {@link #isHead}, which take no lock.
 */
public final class VersionForest {
    /** What a version serves as; the numbers stand on disk. */
    public enum Kind {
        /** The writable version of a keyspace, and named like it. */
        HEAD(0),
        /** An immutable version whose name is unique within its tree. */
        SNAPSHOT(1),
        /** An immutable version without a name. */
        VIEW(2),
        /** A version that was dropped. */
        DROPPED(3);

        private static final Kind[] ALL = values();

        private final int number;

        Kind(int number) {
            this.number = number;
        }

        /** The number that stands for it on disk. */
        public int number() {
            return number;
        }

        /** The kind of that number, 0 to 3. */
        public static Kind of(int number) {
            return ALL[number];
        }
    }

    /** The root of the line, which is never read or written. Its id is 0. */
    public static final int ROOT = Line.ROOT;

    /** No version. */
    public static final int NONE = Line.NONE;

    /** What a version is that has no identity. */
    public static final UUID NOBODY = new UUID(0, 0);

    /** No name. */
    private static final long UNNAMED = -1;

    // A version's record: seven words.
    private static final int RECORD = 7;
    private static final int ID = 0;
    /** High half the parent, low half the first version of the tree, both places. */
    private static final int FAMILY = 1;
    /** Milliseconds since 1970, shifted up by {@link #STATE_BITS}, and the state. */
    private static final int STATE = 2;
    /** Where the name is in {@link #text}. */
    private static final int NAME = 3;

    /** The place at which the keyspace that once had its head here went on. */
    private static final int SUCCESSOR = 4;

    /** Who the snapshot is among those of all stores, in two words; zeros if nobody has said so. */
    private static final int IDENTITY = 5;

    private static final int STATE_BITS = 4;
    private static final int KIND_MASK = 0x3;
    /** The version is in the manifest's line. */
    private static final int SAVED = 0x4;
    /** It is dropped there too. */
    private static final int DROP_SAVED = 0x8;

    private final Line line = new Line();

    // Guarded by this object's monitor from here on.
    private final PagedLongs records = new PagedLongs();
    private final PlaceIndex byId = new PlaceIndex();
    private final NameText text = new NameText();
    private final NameIndex keyspaces = new NameIndex(text, this::nameAt);
    private final NameIndex snapshots = new NameIndex(text, this::nameAt);
    private final Map<Integer, String> treeNames = new HashMap<>();
    private final Map<String, Integer> treesByName = new HashMap<>();
    private int size = 1;
    private long heads;

    /** A forest of the root alone. */
    public VersionForest() {
        records.growTo(RECORD);
        set(ROOT, ID, 0);
        set(ROOT, FAMILY, ((long) NONE << 32) | (NONE & 0xffff_ffffL));
        set(ROOT, STATE, Kind.DROPPED.number() | SAVED);
        set(ROOT, NAME, UNNAMED);
        set(ROOT, SUCCESSOR, NONE);
        byId.put(0, ROOT);
    }

    /** The order of all places. */
    public Line line() {
        return line;
    }

    // ---- changes ----

    /**
     * Adds the first version of a new tree, as the head of a keyspace.
     *
     * @param id greater than every one before
     * @param treeName what the tree is called; see {@link #freeTreeName}
     * @return its place
     */
    public synchronized int addTree(long id, String keyspace, String treeName, long createdMillis) {
        int place = insert(id, ROOT, ROOT, createdMillis);
        treeNames.put(place, treeName);
        treesByName.put(treeName, place);
        setKind(place, Kind.HEAD);
        setName(place, keyspace);
        return place;
    }

    /**
     * Adds a child directly behind its parent, as the head of a keyspace.
     *
     * @return its place
     */
    public synchronized int addHead(long id, int parent, String keyspace, long createdMillis) {
        int place = insert(id, parent, parent, createdMillis);
        setKind(place, Kind.HEAD);
        setName(place, keyspace);
        return place;
    }

    /**
     * Freezes a head: it becomes a snapshot of that name, or a view if the name is null, and its keyspace goes on in a
     * new child.
     *
     * @return the child's place
     */
    public synchronized int freeze(int head, @Nullable String snapshot, long childId, long createdMillis) {
        long keyspaceName = get(head, NAME);
        keyspaces.remove(0, head);
        heads--;
        set(head, NAME, UNNAMED);
        setKind(head, snapshot == null ? Kind.VIEW : Kind.SNAPSHOT);
        if (snapshot != null) {
            setName(head, snapshot);
        }
        int child = insert(childId, head, head, createdMillis);
        setKind(child, Kind.HEAD);
        set(child, NAME, keyspaceName);
        set(head, SUCCESSOR, child);
        keyspaces.add(0, child);
        heads++;
        return child;
    }

    /**
     * Drops a head and lets its keyspace go on in a new child of another version.
     *
     * @return the child's place
     */
    public synchronized int moveHead(int head, int parent, long childId, long createdMillis) {
        long keyspaceName = get(head, NAME);
        keyspaces.remove(0, head);
        set(head, NAME, UNNAMED);
        setKind(head, Kind.DROPPED);
        int child = insert(childId, parent, parent, createdMillis);
        setKind(child, Kind.HEAD);
        set(child, NAME, keyspaceName);
        keyspaces.add(0, child);
        set(head, SUCCESSOR, child);
        return child;
    }

    /** Drops a version: it loses its name. */
    public synchronized void drop(int place) {
        setName(place, null);
        setKind(place, Kind.DROPPED);
    }

    /** Says who a version is among the snapshots of all stores; this outlasts its drop. */
    public synchronized void identify(int place, UUID identity) {
        set(place, IDENTITY, identity.getMostSignificantBits());
        set(place, IDENTITY + 1, identity.getLeastSignificantBits());
    }

    /** Gives a head or a snapshot another name. */
    public synchronized void rename(int place, String name) {
        setName(place, name);
    }

    /**
     * Adds a version read back from the manifest, behind all that were added before in line order.
     *
     * @param treeName the tree's name if the parent is the root, else null
     * @return its place
     * @throws IllegalArgumentException if the id is taken or the parent is not known, with the values
     */
    public synchronized int restore(
            long id,
            long parentId,
            Kind kind,
            boolean dropSaved,
            long createdMillis,
            @Nullable String name,
            @Nullable String treeName,
            int behind) {
        int parent = byId.get(parentId);
        if (parent == NONE || byId.get(id) != NONE) {
            throw new IllegalArgumentException("version " + id + " with parent " + parentId
                    + (parent == NONE ? ": there is no such parent" : ": the id is taken"));
        }
        int place = insert(id, parent, behind, createdMillis);
        if (parent == ROOT) {
            String called = treeName == null ? "" : treeName;
            treeNames.put(place, called);
            treesByName.put(called, place);
        }
        setKind(place, kind);
        if (kind == Kind.HEAD || kind == Kind.SNAPSHOT) {
            setName(place, name);
        }
        set(place, STATE, get(place, STATE) | SAVED | (dropSaved ? DROP_SAVED : 0));
        return place;
    }

    /** Says that the manifest's line holds a version. */
    public synchronized void markSaved(int place) {
        set(place, STATE, get(place, STATE) | SAVED);
    }

    /** Says that the manifest's line holds a version's drop, so that merges may believe it. */
    public synchronized void markDropSaved(int place) {
        set(place, STATE, get(place, STATE) | DROP_SAVED);
    }

    private int insert(long id, int parent, int behind, long createdMillis) {
        int place = line.insertAfter(behind);
        size = place + 1;
        records.growTo((long) size * RECORD);
        set(place, ID, id);
        int tree = parent == ROOT ? place : tree(parent);
        set(place, FAMILY, ((long) parent << 32) | tree);
        set(place, STATE, createdMillis << STATE_BITS);
        set(place, NAME, UNNAMED);
        set(place, SUCCESSOR, NONE);
        byId.put(id, place);
        return place;
    }

    private void setKind(int place, Kind kind) {
        set(place, STATE, (get(place, STATE) & ~KIND_MASK) | kind.number());
    }

    /** Takes a version's old name away and gives it a new one, if any, in the index that its kind belongs to. */
    private void setName(int place, @Nullable String name) {
        Kind kind = kind(place);
        NameIndex index = kind == Kind.HEAD ? keyspaces : snapshots;
        int scope = kind == Kind.HEAD ? 0 : tree(place);
        if (get(place, NAME) != UNNAMED) {
            index.remove(scope, place);
            heads -= kind == Kind.HEAD ? 1 : 0;
            set(place, NAME, UNNAMED);
        }
        if (name != null) {
            set(place, NAME, text.add(name));
            index.add(scope, place);
            heads += kind == Kind.HEAD ? 1 : 0;
        }
    }

    // ---- questions ----

    /** The place of a version, or {@link #NONE}. */
    public synchronized int place(long id) {
        return byId.get(id);
    }

    /** The ids of versions, as their places. */
    public synchronized void places(long[] versionIds, int[] into) {
        for (int i = 0; i < into.length; i++) {
            into[i] = byId.get(versionIds[i]);
        }
    }

    /** A version's id. */
    public synchronized long id(int place) {
        return get(place, ID);
    }

    /** The place of a version's parent; {@link #ROOT} for the first of a tree. */
    public synchronized int parent(int place) {
        return (int) (get(place, FAMILY) >>> 32);
    }

    /** The place of the first version of a version's tree. */
    public synchronized int tree(int place) {
        return (int) get(place, FAMILY);
    }

    /** What a version serves as. */
    public synchronized Kind kind(int place) {
        return Kind.of((int) get(place, STATE) & KIND_MASK);
    }

    /** Whether a place is a keyspace's head at this moment. Takes no lock. */
    public boolean isHead(int place) {
        return (records.getAcquire((long) place * RECORD + STATE) & KIND_MASK) == Kind.HEAD.number();
    }

    /** Where the keyspace that once had its head at a place went on from there, or {@link #NONE} if it was dropped. */
    public synchronized int successor(int place) {
        return (int) get(place, SUCCESSOR);
    }

    /** Whether the manifest's line holds a version. */
    public synchronized boolean isSaved(int place) {
        return (get(place, STATE) & SAVED) != 0;
    }

    /** Whether the manifest's line holds that a version is dropped. */
    public synchronized boolean isDropSaved(int place) {
        return (get(place, STATE) & DROP_SAVED) != 0;
    }

    /** When a version was born. */
    public synchronized long createdMillis(int place) {
        return get(place, STATE) >>> STATE_BITS;
    }

    /** The name of a keyspace's head or of a snapshot, or null. */
    public synchronized @Nullable String name(int place) {
        long at = get(place, NAME);
        return at == UNNAMED ? null : text.get(at);
    }

    /** The name of the tree that begins at a place. */
    public synchronized String treeName(int tree) {
        return treeNames.getOrDefault(tree, "");
    }

    /** Who a version is among the snapshots of all stores; {@link #NOBODY} if that was never said. */
    public synchronized UUID identity(int place) {
        return new UUID(get(place, IDENTITY), get(place, IDENTITY + 1));
    }

    /** Where the tree of that name begins, or {@link #NONE}. */
    public synchronized int treeNamed(String name) {
        return treesByName.getOrDefault(name, NONE);
    }

    /**
     * What a new tree is called: as its keyspace, with "~" and its first version behind if another tree has that name,
     * and that once more should it be taken too.
     */
    public synchronized String freeTreeName(String keyspace, long id) {
        String name = keyspace;
        while (treesByName.containsKey(name)) {
            name += "~" + id;
        }
        return name;
    }

    /** The head of the keyspace of that name, or {@link #NONE}. */
    public synchronized int keyspace(String name) {
        return keyspaces.find(0, name);
    }

    /** The snapshot of that name in the tree that begins at a place, or {@link #NONE}. */
    public synchronized int snapshot(int tree, String name) {
        return snapshots.find(tree, name);
    }

    /** The place that follows on the line, or {@link #NONE}. */
    public synchronized int next(int place) {
        return line.next(place);
    }

    /** The place that follows in the same tree, or {@link #NONE}: where a paint from this one on must end. */
    public synchronized int nextInTree(int place) {
        int next = line.next(place);
        return next == NONE || tree(next) != tree(place) ? NONE : next;
    }

    /** How many places there are, the root included. */
    public synchronized int size() {
        return size;
    }

    /** How many keyspaces there are. */
    public synchronized long keyspaceCount() {
        return heads;
    }

    /** What all this takes in memory. */
    public synchronized long heapBytes() {
        return line.heapBytes()
                + records.heapBytes()
                + byId.heapBytes()
                + text.heapBytes()
                + keyspaces.heapBytes()
                + snapshots.heapBytes()
                + 200L * treeNames.size();
    }

    private long nameAt(int place) {
        return get(place, NAME);
    }

    private long get(int place, int word) {
        if (place < 0 || place >= size) {
            throw new IndexOutOfBoundsException("place " + place + " of " + size);
        }
        return records.get((long) place * RECORD + word);
    }

    private void set(int place, int word, long value) {
        records.setRelease((long) place * RECORD + word, value);
    }
}
