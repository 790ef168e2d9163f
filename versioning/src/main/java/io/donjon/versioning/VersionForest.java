package io.donjon.versioning;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The versions of a store: whose child each is, what it serves as, what it is called, and where it stands on the
 * {@link Line} (design.md sections 1 and 2). In memory a version goes by its place, a small int; its id, which is valid
 * for ever, leads to the place.
 *
 * <p>A version that was dropped may {@link #leave}: it has no id any more, and nothing leads to its place. What was known
 * of it stays until the place is given to {@link #reuse another version}; so whoever keeps a place keeps the id with it,
 * and asks {@link #isHead} or {@link #isAlive} by both.
 *
 * <p>Every operation is O(1) amortised. There is no object per version: a million of them with names of 40 bytes take
 * about 150 MB, names included.
 *
 * <p>Thread-safe: by its monitor, but for comparisons on {@link #line()}, for {@link #isHead} and {@link #isAlive}, which
 * take no lock.
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
    /**
     * Low half the first version of the tree. High half the parent, or of the first version of a tree, which has none, the
     * first of the tree that stands behind on the line. All of these are places.
     */
    private static final int FAMILY = 1;
    /** Milliseconds since 1970, shifted up by {@link #STATE_BITS}, and the state. */
    private static final int STATE = 2;
    /** Where the name is in {@link #text}. */
    private static final int NAME = 3;

    /** Of a head: the number of its keyspace. */
    private static final int KEYSPACE = 4;

    /** Who the snapshot is among those of all stores, in two words; zeros if nobody has said so. */
    private static final int IDENTITY = 5;

    private static final int STATE_BITS = 5;
    private static final int KIND_MASK = 0x3;
    /** The version is in the manifest's line. */
    private static final int SAVED = 0x4;
    /** It is dropped there too. */
    private static final int DROP_SAVED = 0x8;
    /** It has left the line. */
    private static final int GONE = 0x10;

    // A keyspace: two words.
    private static final int KEYSPACE_RECORD = 2;
    /** The version that was its head first, which no other keyspace has been or will be. */
    private static final int FIRST_HEAD = 0;
    /** The place of its head, or {@link #NONE}; of a number that is free, the next one that is. */
    private static final int HEAD = 1;

    private final Line line = new Line();

    // Guarded by this object's monitor from here on.
    private final PagedLongs records = new PagedLongs();
    private final PagedLongs keyspaces = new PagedLongs();
    private final PlaceIndex byId = new PlaceIndex(this::idAt);
    private final NameText text = new NameText();
    private final NameIndex keyspaceNames = new NameIndex(text, this::nameAt, place -> 0);
    private final NameIndex snapshotNames = new NameIndex(text, this::nameAt, this::treeAt);
    private final Map<Integer, String> treeNames = new HashMap<>();
    private final Map<String, Integer> treesByName = new HashMap<>();
    private final Set<Walk> walks = Collections.newSetFromMap(new WeakHashMap<>());
    private long heads;
    private long views;

    /** How many numbers of keyspaces there are, and the one to be given out again first. */
    private int keyspaceNumbers;

    private int freeKeyspace = NONE;

    /** How many versions have left. Read without the monitor. */
    private volatile long departures;

    /** A forest of the root alone. */
    public VersionForest() {
        records.growTo(RECORD);
        set(ROOT, ID, 0);
        set(ROOT, FAMILY, ((long) NONE << 32) | (NONE & 0xffff_ffffL));
        set(ROOT, STATE, Kind.DROPPED.number() | SAVED);
        set(ROOT, NAME, UNNAMED);
        set(ROOT, KEYSPACE, NONE);
        byId.add(ROOT);
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
        nameTree(place, treeName);
        makeHead(place, newKeyspace(id), text.add(keyspace));
        return place;
    }

    /**
     * Adds a child directly behind its parent, as the head of a keyspace.
     *
     * @return its place
     */
    public synchronized int addHead(long id, int parent, String keyspace, long createdMillis) {
        int place = insert(id, parent, parent, createdMillis);
        makeHead(place, newKeyspace(id), text.add(keyspace));
        return place;
    }

    /**
     * Freezes a head: it becomes a snapshot of that name, or a view if the name is null, and its keyspace goes on in a
     * new child.
     *
     * @return the child's place
     */
    public synchronized int freeze(int head, @Nullable String snapshot, long childId, long createdMillis) {
        int child = moveKeyspace(head, head, childId, createdMillis);
        setKind(head, snapshot == null ? Kind.VIEW : Kind.SNAPSHOT);
        if (snapshot != null) {
            setName(head, snapshot);
        }
        return child;
    }

    /**
     * Drops a head and lets its keyspace go on in a new child of another version.
     *
     * @return the child's place
     */
    public synchronized int moveHead(int head, int parent, long childId, long createdMillis) {
        int child = moveKeyspace(head, parent, childId, createdMillis);
        setKind(head, Kind.DROPPED);
        return child;
    }

    /** Takes name and keyspace from a head and gives them to a new child of some version. */
    private int moveKeyspace(int head, int parent, long childId, long createdMillis) {
        int child = insert(childId, parent, parent, createdMillis);
        keyspaceNames.replace(head, child);
        takeKeyspace(child, (int) get(head, KEYSPACE), get(head, NAME));
        set(head, NAME, UNNAMED);
        set(head, KEYSPACE, NONE);
        return child;
    }

    private void makeHead(int place, int keyspace, long name) {
        takeKeyspace(place, keyspace, name);
        keyspaceNames.add(place);
        heads++;
    }

    private void takeKeyspace(int place, int keyspace, long name) {
        set(place, KEYSPACE, keyspace);
        setKeyspace(keyspace, HEAD, place);
        setKind(place, Kind.HEAD);
        set(place, NAME, name);
    }

    private int newKeyspace(long firstHead) {
        int number = freeKeyspace;
        if (number == NONE) {
            number = keyspaceNumbers++;
            keyspaces.growTo((long) KEYSPACE_RECORD * keyspaceNumbers);
        } else {
            freeKeyspace = (int) keyspace(number, HEAD);
        }
        setKeyspace(number, FIRST_HEAD, firstHead);
        return number;
    }

    private void endKeyspace(int head) {
        int number = (int) get(head, KEYSPACE);
        set(head, KEYSPACE, NONE);
        setKeyspace(number, FIRST_HEAD, NONE);
        setKeyspace(number, HEAD, freeKeyspace);
        freeKeyspace = number;
    }

    /** Drops a version: it loses its name. */
    public synchronized void drop(int place) {
        setName(place, null);
        if (kind(place) == Kind.HEAD) {
            endKeyspace(place);
        }
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
            nameTree(place, treeName == null ? "" : treeName);
        }
        if (kind == Kind.HEAD) {
            makeHead(place, newKeyspace(id), text.add(name == null ? "" : name));
        } else {
            setKind(place, kind);
            if (kind == Kind.SNAPSHOT) {
                setName(place, name);
            }
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
        int treeBehind = parent == ROOT ? treeBehind(behind) : NONE;
        int place = line.insertAfter(behind);
        records.growTo((long) line.numbers() * RECORD);
        int tree = parent == ROOT ? place : tree(parent);
        // The id before the state: who finds a state of this version finds its id as well.
        set(place, ID, id);
        set(place, FAMILY, family(parent == ROOT ? treeBehind : parent, tree));
        set(place, STATE, (createdMillis << STATE_BITS) | Kind.DROPPED.number());
        set(place, NAME, UNNAMED);
        set(place, KEYSPACE, NONE);
        identify(place, NOBODY);
        byId.add(place);
        if (parent == ROOT && behind != ROOT) {
            setTreeBehind(tree(behind), place);
        }
        return place;
    }

    /** The first version of the tree that would stand behind a tree whose first version comes behind a place. */
    private int treeBehind(int place) {
        return place == ROOT ? line.next(ROOT) : high(tree(place));
    }

    private void setTreeBehind(int tree, int behind) {
        set(tree, FAMILY, family(behind, tree));
    }

    private static long family(int parent, int tree) {
        return ((long) parent << 32) | (tree & 0xffff_ffffL);
    }

    private int high(int place) {
        return (int) (get(place, FAMILY) >>> 32);
    }

    private void nameTree(int tree, String name) {
        treeNames.put(tree, name);
        treesByName.put(name, tree);
    }

    private void setKind(int place, Kind kind) {
        long state = get(place, STATE);
        views += (kind == Kind.VIEW ? 1 : 0) - (Kind.of((int) state & KIND_MASK) == Kind.VIEW ? 1 : 0);
        set(place, STATE, (state & ~KIND_MASK) | kind.number());
    }

    /** Takes a version's old name away and gives it a new one, if any, in the index that its kind belongs to. */
    private void setName(int place, @Nullable String name) {
        boolean head = kind(place) == Kind.HEAD;
        NameIndex index = head ? keyspaceNames : snapshotNames;
        long old = get(place, NAME);
        if (old != UNNAMED) {
            index.remove(place);
            text.remove(old);
            heads -= head ? 1 : 0;
            set(place, NAME, UNNAMED);
        }
        if (name != null) {
            set(place, NAME, text.add(name));
            index.add(place);
            heads += head ? 1 : 0;
        }
    }

    // ---- leaving ----

    /**
     * Whether a version may leave as far as its tree is concerned: the first stays as long as others of the tree are there.
     */
    public synchronized boolean mayLeave(int place) {
        return kind(place) == Kind.DROPPED
                && place != ROOT
                && !has(place, GONE)
                && (tree(place) != place || nextInTree(place) == NONE);
    }

    /**
     * Takes a version that {@linkplain #mayLeave may leave} off the line. Its children are its parent's from now on. What
     * is known of the place stays as it is until {@link #reuse}, and with a tree's last version its name is still taken.
     */
    public synchronized void leave(int place) {
        if (!mayLeave(place)) {
            throw new IllegalArgumentException("version " + id(place) + " is " + kind(place)
                    + ", gone, or the first of a" + " tree that has others");
        }
        int next = nextInTree(place);
        for (Walk walk : walks) {
            walk.pass(place, walk.inTree ? next : line.next(place));
        }
        if (tree(place) == place) {
            int before = line.previous(place);
            if (before != ROOT) {
                setTreeBehind(tree(before), high(place));
            }
        }
        byId.remove(place);
        line.leave(place);
        set(place, STATE, get(place, STATE) | GONE);
        long before = departures;
        departures = before + 1;
    }

    /** How often a version has left. Takes no lock. */
    public long departures() {
        return departures;
    }

    /** Frees the name of a tree whose last version has left. */
    public synchronized void releaseTreeName(int tree) {
        String name = treeNames.remove(tree);
        if (name != null) {
            treesByName.remove(name, tree);
        }
    }

    /**
     * Goes over some versions behind a place: those whose parents have left forget these, and names that stand where little
     * else does are moved together.
     *
     * @return the last one, or {@link #NONE} if there is no more behind it
     */
    public synchronized int tidy(int place, int count) {
        int at = place;
        for (int n = 0; n < count && at != NONE; n++) {
            if (at != ROOT) {
                parent(at);
                long name = get(at, NAME);
                if (name != UNNAMED && text.isSparse(name)) {
                    set(at, NAME, text.move(name));
                }
            }
            at = line.next(at);
        }
        return at;
    }

    /** Whether names have left so many gaps that {@link #tidy} is due. */
    public synchronized boolean isWasteful() {
        return text.isWasteful();
    }

    /**
     * Lets the place of a version that has left be given to another. Nobody has it in hand any more, and {@link #tidy} has
     * gone over all versions since.
     */
    public synchronized void reuse(int place) {
        if (!has(place, GONE)) {
            throw new IllegalArgumentException("version " + id(place) + " has not left");
        }
        if (tree(place) == place) {
            releaseTreeName(place);
        }
        line.reuse(place);
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

    /** The ids of the versions at some of these places, in their order. */
    public synchronized long[] ids(int[] places, int from, int to) {
        long[] ids = new long[to - from];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = id(places[from + i]);
        }
        return ids;
    }

    /** A version's id. */
    public synchronized long id(int place) {
        return get(place, ID);
    }

    /**
     * The place of a version's parent, or if that has left of the next one up; {@link #ROOT} for the first of a tree, and
     * {@link #NONE} for the root.
     */
    public synchronized int parent(int place) {
        int tree = tree(place);
        if (tree == place) {
            return ROOT;
        }
        int parent = high(place);
        if (parent == NONE || !has(parent, GONE)) {
            return parent;
        }
        // The first of a tree leaves last, so the way up ends.
        int alive = parent;
        while (alive != tree && has(alive, GONE)) {
            alive = high(alive);
        }
        // All that were passed get to know, so that no way is long twice.
        for (int at = place; high(at) != alive; ) {
            int up = high(at);
            set(at, FAMILY, family(alive, tree));
            at = up;
        }
        return alive;
    }

    /** The place of the first version of a version's tree. */
    public synchronized int tree(int place) {
        return (int) get(place, FAMILY);
    }

    /** What a version serves as. */
    public synchronized Kind kind(int place) {
        return Kind.of((int) get(place, STATE) & KIND_MASK);
    }

    /** Whether a place is the head of a keyspace at this moment, and that version. Takes no lock. */
    public boolean isHead(int place, long id) {
        // The state first: that of a later version at this place comes after the later id.
        return kindNumber(place) == Kind.HEAD.number() && idAt(place) == id;
    }

    /** Whether a version has not been dropped; {@code place} is where it stands, or stood. Takes no lock. */
    public boolean isAlive(int place, long id) {
        return kindNumber(place) != Kind.DROPPED.number() && idAt(place) == id;
    }

    private int kindNumber(int place) {
        return (int) records.getAcquire((long) place * RECORD + STATE) & KIND_MASK;
    }

    /** The number of the keyspace that has its head at a place. */
    public synchronized int keyspaceOf(int head) {
        return (int) get(head, KEYSPACE);
    }

    /** The version that was the head of a keyspace first: it is the keyspace's alone. */
    public synchronized long firstHead(int keyspace) {
        return keyspace(keyspace, FIRST_HEAD);
    }

    /**
     * The place of the head of the keyspace of that number that began with that version, or {@link #NONE} if it was
     * dropped.
     */
    public synchronized int head(int keyspace, long firstHead) {
        return keyspace(keyspace, FIRST_HEAD) == firstHead ? (int) keyspace(keyspace, HEAD) : NONE;
    }

    /** Whether the manifest's line holds a version. */
    public synchronized boolean isSaved(int place) {
        return has(place, SAVED);
    }

    /** Whether the manifest's line holds that a version is dropped. */
    public synchronized boolean isDropSaved(int place) {
        return has(place, DROP_SAVED);
    }

    private boolean has(int place, int flag) {
        return (get(place, STATE) & flag) != 0;
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
        int tree = treesByName.getOrDefault(name, NONE);
        return tree == NONE || has(tree, GONE) ? NONE : tree;
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
        return keyspaceNames.find(0, name);
    }

    /** The snapshot of that name in the tree that begins at a place, or {@link #NONE}. */
    public synchronized int snapshot(int tree, String name) {
        return snapshotNames.find(tree, name);
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

    /** Where the tree of a version ends: the place behind all of it, or {@link #NONE} if that is the end of the line. */
    public synchronized int endOfTree(int place) {
        return high(tree(place));
    }

    /** How many versions are on the line, the root included. */
    public synchronized int size() {
        return line.size();
    }

    /** How many views there are. */
    public synchronized long viewCount() {
        return views;
    }

    /** A walk over all versions from the root on, or over a tree from its first version on. */
    public synchronized Walk walk(int from) {
        Walk walk = new Walk(from == ROOT ? line.next(ROOT) : from, from != ROOT);
        walks.add(walk);
        return walk;
    }

    /**
     * A walk along the line as it is: what is born behind its position on the way is met, what leaves before is not. Under
     * the forest's monitor.
     */
    public final class Walk {
        private final boolean inTree;
        private int at;

        private Walk(int at, boolean inTree) {
            this.at = at;
            this.inTree = inTree;
        }

        /** The place that comes next, or {@link #NONE}. */
        public int next() {
            int place = at;
            if (place != NONE) {
                at = inTree ? nextInTree(place) : line.next(place);
            }
            return place;
        }

        private void pass(int place, int following) {
            if (at == place) {
                at = following;
            }
        }
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
                + keyspaceNames.heapBytes()
                + snapshotNames.heapBytes()
                + 200L * treeNames.size();
    }

    private long nameAt(int place) {
        return get(place, NAME);
    }

    private long get(int place, int word) {
        if (place < 0 || place >= line.numbers()) {
            throw new IndexOutOfBoundsException("place " + place + " of " + line.numbers());
        }
        return records.get((long) place * RECORD + word);
    }

    private long idAt(int place) {
        return records.getAcquire((long) place * RECORD + ID);
    }

    private int treeAt(int place) {
        return (int) get(place, FAMILY);
    }

    private long keyspace(int number, int word) {
        return keyspaces.get((long) number * KEYSPACE_RECORD + word);
    }

    private void setKeyspace(int number, int word, long value) {
        keyspaces.set((long) number * KEYSPACE_RECORD + word, value);
    }

    private void set(int place, int word, long value) {
        records.setRelease((long) place * RECORD + word, value);
    }
}
