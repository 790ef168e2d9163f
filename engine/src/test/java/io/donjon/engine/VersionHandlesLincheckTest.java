package io.donjon.engine;

import io.donjon.DroppedException;
import io.donjon.versioning.VersionForest;
import org.jetbrains.kotlinx.lincheck.LinChecker;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.strategy.managed.modelchecking.ModelCheckingOptions;
import org.junit.jupiter.api.Test;

/** A keyspace's handle follows its head through snapshots, rollbacks, renamings and the drop, one step at a time. */
public class VersionHandlesLincheckTest {
    private static final String DROPPED = "dropped";

    private final VersionForest forest = new VersionForest();
    private final KeyspaceRef keyspace = new KeyspaceRef(forest, forest.addTree(1, "k", "t", 0));
    private long versions = 1;
    private int frozen = VersionForest.NONE;
    private boolean dropped;

    @Operation(nonParallelGroup = "writer")
    public void snapshot() {
        if (!dropped) {
            frozen = keyspace.head().place();
            forest.freeze(frozen, "s" + versions, ++versions, 0);
        }
    }

    @Operation(nonParallelGroup = "writer")
    public void rollback() {
        if (!dropped && frozen != VersionForest.NONE) {
            forest.moveHead(keyspace.head().place(), frozen, ++versions, 0);
        }
    }

    @Operation(nonParallelGroup = "writer")
    public void rename() {
        if (!dropped) {
            forest.rename(keyspace.head().place(), "k" + versions);
        }
    }

    @Operation(nonParallelGroup = "writer")
    public void drop() {
        if (!dropped) {
            dropped = true;
            forest.drop(keyspace.head().place());
        }
    }

    @Operation
    public String name() {
        try {
            return keyspace.name();
        } catch (DroppedException e) {
            return DROPPED;
        }
    }

    @Operation
    public String head() {
        try {
            return "version " + keyspace.head().id();
        } catch (DroppedException e) {
            return DROPPED;
        }
    }

    @Test
    void aHandleIsAtTheHeadOfOneMoment() {
        LinChecker.check(
                VersionHandlesLincheckTest.class,
                new ModelCheckingOptions()
                        .iterations(Integer.getInteger("lincheck.iterations", 10))
                        .invocationsPerIteration(Integer.getInteger("lincheck.invocations", 100))
                        .threads(2)
                        .actorsPerThread(3)
                        .sequentialSpecification(PlainHandle.class));
    }

    /** The same by a number and a name. */
    public static class PlainHandle {
        private long versions = 1;
        private boolean frozen;
        private String name = "k";
        private boolean dropped;

        public void snapshot() {
            if (!dropped) {
                versions++;
                frozen = true;
            }
        }

        public void rollback() {
            if (!dropped && frozen) {
                versions++;
            }
        }

        public void rename() {
            name = "k" + versions;
        }

        public void drop() {
            dropped = true;
        }

        public String name() {
            return dropped ? DROPPED : name;
        }

        public String head() {
            return dropped ? DROPPED : "version " + versions;
        }
    }
}
