package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.versioning.VersionForest;
import java.util.UUID;

/**
 * The operations that commits consist of, and their numbers and fields in the log (docs/format.md section 4).
 */
final class LogOp {
    /** varint version, bytes key, bytes value. */
    static final int PUT = 1;
    /** varint version, bytes key. */
    static final int DELETE = 2;

    /** From here on: operations on versions. */
    static final int FIRST_OF_VERSIONS = 16;

    /** varint version, varint created, text name: the first version of a new tree. */
    static final int KEYSPACE = 16;
    /** The same as {@link #SNAPSHOT} without an identity, as it was written before there were any. */
    static final int SNAPSHOT_OF_NOBODY = 17;
    /** varint parent, varint child, varint created, text name of the new keyspace. */
    static final int CLONE = 18;
    /** varint head, varint parent, varint child, varint created: the keyspace goes on from elsewhere. */
    static final int ROLLBACK = 19;
    /** varint version. */
    static final int DROP = 20;
    /** varint version, text name. */
    static final int RENAME = 21;
    /** varint version, varint child, varint created: it becomes a view, its keyspace goes on. */
    static final int VIEW = 22;
    /**
     * varint version, varint child, varint created, text name, u64 and u64 identity: it becomes a snapshot, its keyspace
     * goes on.
     */
    static final int SNAPSHOT = 23;

    /** varint version, varint created, text name, text name of the tree: like {@link #KEYSPACE}. */
    static final int KEYSPACE_OF_TREE = 24;

    private LogOp() {}

    static void keyspace(Encoder out, long version, long created, String name) {
        out.u8(KEYSPACE).varint(version).varint(created).text(name);
    }

    static void snapshot(Encoder out, long version, long child, long created, String name, UUID identity) {
        boolean nobody = identity.equals(VersionForest.NOBODY);
        out.u8(nobody ? SNAPSHOT_OF_NOBODY : SNAPSHOT)
                .varint(version)
                .varint(child)
                .varint(created)
                .text(name);
        if (!nobody) {
            identity(out, identity);
        }
    }

    static void identity(Encoder out, UUID identity) {
        out.u64(identity.getMostSignificantBits()).u64(identity.getLeastSignificantBits());
    }

    static UUID identity(Decoder in) {
        return new UUID(in.u64(), in.u64());
    }

    static void keyspaceOfTree(Encoder out, long version, long created, String name, String tree) {
        out.u8(KEYSPACE_OF_TREE).varint(version).varint(created).text(name).text(tree);
    }

    static void cloned(Encoder out, long parent, long child, long created, String name) {
        out.u8(CLONE).varint(parent).varint(child).varint(created).text(name);
    }

    static void rollback(Encoder out, long head, long parent, long child, long created) {
        out.u8(ROLLBACK).varint(head).varint(parent).varint(child).varint(created);
    }

    static void drop(Encoder out, long version) {
        out.u8(DROP).varint(version);
    }

    static void rename(Encoder out, long version, String name) {
        out.u8(RENAME).varint(version).text(name);
    }

    static void view(Encoder out, long version, long child, long created) {
        out.u8(VIEW).varint(version).varint(child).varint(created);
    }
}
