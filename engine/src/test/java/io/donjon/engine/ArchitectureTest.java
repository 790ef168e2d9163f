package io.donjon.engine;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.constructors;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

/** The rules of design.md sections 7.6 and 8, and that everything from outside comes in through the environment. */
class ArchitectureTest {
    private static final String BLOOM = "io.donjon.bloom..";
    private static final String VERSIONING = "io.donjon.versioning..";
    private static final String RDA = "io.donjon.rda..";
    private static final String EXTENTS = "io.donjon.extents..";
    private static final String ENGINE = "io.donjon.engine..";
    private static final String API = "io.donjon";

    /** The classes through which files, time, randomness and threads come in: whatever else uses those is at fault. */
    private static final Pattern OUTSIDE_INTERFACE = Pattern.compile(
            "io\\.donjon\\.extents\\."
                    + "(SystemEnvironment|ChannelDirectory|ChannelFile|FileLocks|SteadyChannel|SmallWrites|NoSpaceException)(\\$.*)?");

    private static final JavaClasses CODE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("-tests.jar"))
            .importPackages("io.donjon");

    private static DescribedPredicate<JavaClass> outsideInterface() {
        return DescribedPredicate.describe(
                "the I/O interface",
                type -> OUTSIDE_INTERFACE.matcher(type.getName()).matches());
    }

    @Test
    void allModulesAreLookedAt() {
        for (String type : new String[] {
            "io.donjon.bloom.BlockedBloom",
            "io.donjon.versioning.Line",
            "io.donjon.extents.ExtentStore",
            "io.donjon.engine.Engine",
            "io.donjon.Store"
        }) {
            assertTrue(CODE.contain(type), type);
        }
        assertTrue(CODE.stream().anyMatch(type -> type.getPackageName().startsWith("io.donjon.rda")));
        assertTrue(CODE.stream().noneMatch(type -> type.getName().endsWith("Test")));
    }

    @Test
    void modulesDependOneWay() {
        only(BLOOM, "java..", "org.jspecify..", BLOOM).check(CODE);
        only(VERSIONING, "java..", "org.jspecify..", VERSIONING).check(CODE);
        only(RDA, "java..", "org.jspecify..", RDA).check(CODE);
        noClasses()
                .that()
                .resideInAPackage(EXTENTS)
                .should()
                .dependOnClassesThat(resideInAnyPackage(BLOOM, VERSIONING, ENGINE, API))
                .check(CODE);
        noClasses()
                .that()
                .resideInAPackage(ENGINE)
                .should()
                .dependOnClassesThat(resideInAPackage(RDA))
                .check(CODE);
        noClasses()
                .that()
                .resideInAnyPackage(EXTENTS, ENGINE, API)
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.donjon.cli..", "io.donjon.perf.."))
                .check(CODE);
    }

    private static ArchRule only(String module, String... allowed) {
        return classes()
                .that()
                .resideInAPackage(module)
                .should()
                .onlyDependOnClassesThat(DescribedPredicate.or(
                        resideInAnyPackage(allowed),
                        DescribedPredicate.describe("primitive", type -> type.isPrimitive() || type.isArray())));
    }

    @Test
    void theApiShowsOnlyItself() {
        noClasses()
                .that()
                .resideInAPackage(API)
                .and()
                .doNotHaveFullyQualifiedName("io.donjon.Store")
                .should()
                .dependOnClassesThat(resideInAnyPackage(EXTENTS, ENGINE, "net.openhft.."))
                .check(CODE);
        methods()
                .that()
                .areDeclaredInClassesThat()
                .resideInAPackage(API)
                .and()
                .arePublic()
                .should(showOnlyApiTypes())
                .check(CODE);
        constructors()
                .that()
                .areDeclaredInClassesThat()
                .resideInAPackage(API)
                .and()
                .arePublic()
                .should(showOnlyApiTypes())
                .check(CODE);
        noClasses()
                .that()
                .resideInAPackage(ENGINE)
                .and(not(DescribedPredicate.describe(
                        "the door that Store.open goes through",
                        type -> type.getSimpleName().equals("Stores"))))
                .should()
                .bePublic()
                .check(CODE);
    }

    private static <T extends JavaCodeUnit> ArchCondition<T> showOnlyApiTypes() {
        return new ArchCondition<>("show only types of the API and of Java") {
            @Override
            public void check(T unit, ConditionEvents events) {
                Set<JavaClass> shown = new HashSet<>(unit.getAllInvolvedRawTypes());
                shown.removeIf(type -> type.getBaseComponentType().isPrimitive()
                        || type.getBaseComponentType().getPackageName().equals(API)
                        || type.getBaseComponentType().getPackageName().startsWith("java."));
                events.add(new SimpleConditionEvent(unit, shown.isEmpty(), unit.getFullName() + " shows " + shown));
            }
        };
    }

    @Test
    void filesTimeRandomnessAndThreadsComeInThroughTheEnvironment() {
        noClasses()
                .that(not(outsideInterface()))
                .should()
                .accessTargetWhere(reachesOutside())
                .because("tests must be able to replay all of it")
                .check(CODE);
    }

    /** Opening of files, reading of clocks, drawing of random numbers, making of threads, and sleeping. */
    private static DescribedPredicate<JavaAccess<?>> reachesOutside() {
        return DescribedPredicate.describe("reaches outside of the environment", access -> {
            AccessTarget target = access.getTarget();
            JavaClass owner = target.getOwner();
            String type = owner.getName();
            String name = target.getName();
            boolean made = name.equals("<init>");
            return switch (type) {
                case "java.nio.file.Files",
                        "java.io.File",
                        "java.io.RandomAccessFile",
                        "java.io.FileInputStream",
                        "java.io.FileOutputStream",
                        "java.io.FileReader",
                        "java.io.FileWriter",
                        "java.nio.channels.FileChannel",
                        "java.nio.channels.AsynchronousFileChannel" -> true;
                case "java.lang.Math" -> name.equals("random");
                case "java.lang.System" -> name.equals("nanoTime") || name.equals("currentTimeMillis");
                case "java.time.Instant", "java.time.LocalDateTime", "java.time.ZonedDateTime" -> name.equals("now");
                case "java.time.Clock" -> name.startsWith("system");
                case "java.util.UUID" -> name.equals("randomUUID");
                case "java.util.concurrent.ThreadLocalRandom", "java.util.concurrent.Executors" -> true;
                case "java.lang.Thread" ->
                    made || name.equals("sleep") || name.equals("start") || name.startsWith("of");
                case "java.util.Timer", "java.util.concurrent.ForkJoinPool" -> true;
                case "java.util.concurrent.CompletableFuture" -> name.endsWith("Async");
                default ->
                    made
                            && (owner.isAssignableTo(Random.class)
                                    || owner.isAssignableTo(SplittableRandom.class)
                                    || owner.isAssignableTo(ThreadPoolExecutor.class)
                                    || owner.isAssignableTo(ReentrantLock.class));
            };
        });
    }

    @Test
    void waitingIsTheEnvironmentsToo() {
        noClasses()
                .that(not(outsideInterface()))
                .should()
                .callMethod(Object.class, "wait")
                .orShould()
                .callMethod(Object.class, "wait", long.class)
                .orShould()
                .dependOnClassesThat(assignableTo(CountDownLatch.class))
                .orShould()
                .dependOnClassesThat(assignableTo(Semaphore.class))
                .check(CODE);
    }

    @Test
    void chronicleIsBehindTheSlabs() {
        noClasses()
                .that()
                .haveSimpleNameNotContaining("ChronicleSlab")
                .should()
                .dependOnClassesThat(resideInAPackage("net.openhft.."))
                .check(CODE);
    }

    /** On a full disk a map loses what was put into it, in silence (JDK 17); the I/O interface itself is no exception. */
    @Test
    void nothingMapsFiles() {
        noClasses()
                .should()
                .dependOnClassesThat(assignableTo(MappedByteBuffer.class))
                .orShould()
                .dependOnClassesThat()
                .haveSimpleNameContaining("MappedBytes")
                .orShould()
                .accessTargetWhere(mapsAFile())
                .check(CODE);
    }

    private static DescribedPredicate<JavaAccess<?>> mapsAFile() {
        return DescribedPredicate.describe(
                "maps a file",
                access -> access.getTarget().getName().equals("map")
                        && access.getTarget().getOwner().isAssignableTo(FileChannel.class));
    }

    @Test
    void loggersAreConstants() {
        fields().that()
                .haveRawType(Logger.class)
                .should()
                .bePrivate()
                .andShould()
                .beStatic()
                .andShould()
                .beFinal()
                .check(CODE);
    }
}
