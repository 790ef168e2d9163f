package io.donjon.extents;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Checked blocks by (extent, offset), within a budget. Extent ids are never used again, so an entry is never wrong, only
 * useless.
 *
 * <p>A hit takes no lock and allocates nothing. What to keep is decided by S3-FIFO (Yang et al., SOSP 2023): a block
 * comes into a small queue, a tenth of the budget; only if it is asked for again there, or was evicted from there
 * not long ago, does it come into the main queue. So a scan of blocks that are read once passes through the small queue
 * and leaves alone what others use. Blocks that lead to many others go into the main queue at once: short scans all over a
 * large store would otherwise push them out of the small one before they are asked for again.
 *
 * <p>Thread-safe. The budget is split among shards, each with a lock that guards memory only.
 */
public final class BlockCache {
    /** What an entry costs beside the block's bytes: node, block object, array header, queue and table slots. */
    private static final int ENTRY_BYTES = 120;

    private static final int SHARDS = 8;

    /** A block asked for this often while in a queue stays as long as one asked for more often. */
    private static final int USES_MAX = 3;

    private final Shard[] shards;
    private final long capacity;
    private final LongAdder hits = new LongAdder();
    private final LongAdder misses = new LongAdder();

    /** A cache for that many bytes; with 0 it keeps nothing. */
    public BlockCache(long capacity) {
        this.capacity = capacity;
        this.shards = new Shard[SHARDS];
        for (int i = 0; i < SHARDS; i++) {
            shards[i] = new Shard(capacity / SHARDS);
        }
    }

    /** The block of that extent that begins at that offset, or null if it is not here. */
    public @Nullable Block get(long extent, long offset) {
        long hash = hash(extent, offset);
        Block block = shard(hash).get(extent, offset, hash);
        (block == null ? misses : hits).increment();
        return block;
    }

    /** Keeps a block, unless it is here already. */
    public void put(long extent, long offset, Block block) {
        long hash = hash(extent, offset);
        shard(hash).put(extent, offset, hash, block, false);
    }

    /**
     * Keeps a block of a long scan if there is room, or if it was here or offered not long ago. So what is larger than the
     * cache does not pass through it again and again, and of what fits nothing is left out.
     */
    public void offer(long extent, long offset, Block block) {
        long hash = hash(extent, offset);
        shard(hash).put(extent, offset, hash, block, true);
    }

    /** Keeps so many bytes less than its capacity, until it is told another number. */
    public void lend(long bytes) {
        for (Shard shard : shards) {
            shard.resize(Math.max(0, capacity - bytes) / SHARDS);
        }
    }

    /** The most that is kept. */
    public long capacity() {
        return capacity;
    }

    /** What is kept. */
    public long bytes() {
        long sum = 0;
        for (Shard shard : shards) {
            sum += shard.bytes();
        }
        return sum;
    }

    /** How often a block was here. */
    public long hits() {
        return hits.sum();
    }

    /** How often a block was not here. */
    public long misses() {
        return misses.sum();
    }

    private Shard shard(long hash) {
        return shards[shardOf(hash)];
    }

    /** The number of the shard that a block with this hash belongs to; its lowest bits name the bucket there. */
    static int shardOf(long hash) {
        return (int) (hash >>> 61);
    }

    static long hash(long extent, long offset) {
        long h = (extent * 0x9E3779B97F4A7C15L) ^ (offset * 0xC2B2AE3D27D4EB4FL);
        h ^= h >>> 32;
        h *= 0xD6E8FEB86659FD93L;
        return h ^ (h >>> 29);
    }

    /** A cached block in its bucket's list and in one of the queues. */
    private static final class Node {
        final long extent;
        final long offset;
        final Block block;

        /** The rest of the bucket. Changed under the shard's lock, read without: a removed node still leads on. */
        volatile @Nullable Node next;

        /** How often it was asked for since it came or was last passed over; races lose a count and do no harm. */
        int uses;

        Node(long extent, long offset, Block block) {
            this.extent = extent;
            this.offset = offset;
            this.block = block;
        }

        long cost() {
            return cost(block);
        }

        static long cost(Block block) {
            return (long) block.bytes().length + ENTRY_BYTES;
        }
    }

    private static final class Shard {
        /** Replaced as a whole when it grows. Written under the lock, read without. */
        private volatile AtomicReferenceArray<@Nullable Node> table = new AtomicReferenceArray<>(64);

        // Guarded by the shard's monitor from here on.
        private long capacity;
        private final ArrayDeque<Node> small = new ArrayDeque<>();
        private final ArrayDeque<Node> main = new ArrayDeque<>();
        private final Ghosts ghosts = new Ghosts();
        private long smallBytes;
        private long mainBytes;
        private int count;

        Shard(long capacity) {
            this.capacity = capacity;
        }

        @Nullable Block get(long extent, long offset, long hash) {
            AtomicReferenceArray<@Nullable Node> buckets = table;
            for (Node node = buckets.get(bucket(buckets, hash)); node != null; node = node.next) {
                if (node.offset == offset && node.extent == extent) {
                    if (node.uses < USES_MAX) {
                        node.uses++;
                    }
                    return node.block;
                }
            }
            return null;
        }

        synchronized void resize(long to) {
            capacity = to;
            while (smallBytes + mainBytes > capacity) {
                evict();
            }
        }

        synchronized long bytes() {
            return smallBytes + mainBytes;
        }

        synchronized void put(long extent, long offset, long hash, Block block, boolean offered) {
            long cost = Node.cost(block);
            if (cost > capacity || contains(extent, offset, hash)) {
                return;
            }
            boolean known = ghosts.remove(hash);
            if (offered && !known && smallBytes + mainBytes + cost > capacity) {
                ghosts.add(hash, count);
                return;
            }
            while (smallBytes + mainBytes + cost > capacity) {
                evict();
            }
            Node node = new Node(extent, offset, block);
            // Before it is in a queue: nodes are made anew from those.
            if (++count > table.length()) {
                grow();
            }
            if (known || block.type().leads()) {
                main.addLast(node);
                mainBytes += node.cost();
            } else {
                small.addLast(node);
                smallBytes += node.cost();
            }
            link(table, node, hash);
        }

        private boolean contains(long extent, long offset, long hash) {
            for (Node node = table.get(bucket(table, hash)); node != null; node = node.next) {
                if (node.offset == offset && node.extent == extent) {
                    return true;
                }
            }
            return false;
        }

        private void evict() {
            if (smallBytes > capacity / 10 || main.isEmpty()) {
                Node node = small.removeFirst();
                smallBytes -= node.cost();
                if (node.uses > 0) {
                    node.uses = 0;
                    main.addLast(node);
                    mainBytes += node.cost();
                } else {
                    ghosts.add(hash(node.extent, node.offset), count);
                    unlink(node);
                }
            } else {
                Node node = main.removeFirst();
                if (node.uses > 0) {
                    node.uses--;
                    main.addLast(node);
                } else {
                    mainBytes -= node.cost();
                    unlink(node);
                }
            }
        }

        private static int bucket(AtomicReferenceArray<@Nullable Node> buckets, long hash) {
            return (int) hash & (buckets.length() - 1);
        }

        private static void link(AtomicReferenceArray<@Nullable Node> buckets, Node node, long hash) {
            int bucket = bucket(buckets, hash);
            node.next = buckets.get(bucket);
            buckets.set(bucket, node);
        }

        private void unlink(Node gone) {
            count--;
            int bucket = bucket(table, hash(gone.extent, gone.offset));
            Node node = table.get(bucket);
            if (node == gone) {
                table.set(bucket, gone.next);
                return;
            }
            while (node != null) {
                Node next = node.next;
                if (next == gone) {
                    node.next = gone.next;
                    return;
                }
                node = next;
            }
        }

        /** Doubles the table. Nodes are made anew: a reader may be walking the old lists, which must stay as they are. */
        private void grow() {
            AtomicReferenceArray<@Nullable Node> larger = new AtomicReferenceArray<>(2 * table.length());
            move(small, larger);
            move(main, larger);
            table = larger;
        }

        private static void move(ArrayDeque<Node> queue, AtomicReferenceArray<@Nullable Node> into) {
            for (int i = queue.size(); i > 0; i--) {
                Node old = queue.removeFirst();
                Node node = new Node(old.extent, old.offset, old.block);
                node.uses = old.uses;
                link(into, node, hash(node.extent, node.offset));
                queue.addLast(node);
            }
        }
    }

    /**
     * Hashes of blocks that lately left the small queue, or did not come into it: about as many as there are blocks in the
     * shard. A set of a few places for each that is full forgets its oldest.
     */
    private static final class Ghosts {
        private static final int SET = 4;
        private static final int LEAST = 16;

        private long[] hashes = new long[2 * LEAST];

        /** By place: how many had come when this one did; 0 for none. */
        private long[] came = new long[2 * LEAST];

        private long count;

        /** How many of the last are remembered. */
        private int most = LEAST;

        void add(long hash, int blocks) {
            most = Math.max(blocks, LEAST);
            if (2 * most > hashes.length) {
                grow();
            }
            count++;
            place(hash, count);
        }

        boolean remove(long hash) {
            int at = first(hash);
            for (int i = at; i < at + SET; i++) {
                if (hashes[i] == hash && came[i] > 0) {
                    boolean lately = count - came[i] < most;
                    came[i] = 0;
                    return lately;
                }
            }
            return false;
        }

        private void place(long hash, long number) {
            int at = first(hash);
            int oldest = at;
            for (int i = at; i < at + SET; i++) {
                if (hashes[i] == hash) {
                    oldest = i;
                    break;
                }
                oldest = came[i] < came[oldest] ? i : oldest;
            }
            hashes[oldest] = hash;
            came[oldest] = number;
        }

        private int first(long hash) {
            return (int) hash & (hashes.length - 1) & -SET;
        }

        private void grow() {
            long[] oldHashes = hashes;
            long[] oldCame = came;
            int length = Integer.highestOneBit(2 * most - 1) << 1;
            hashes = new long[length];
            came = new long[length];
            for (int i = 0; i < oldHashes.length; i++) {
                if (oldCame[i] > 0) {
                    place(oldHashes[i], oldCame[i]);
                }
            }
        }
    }
}
