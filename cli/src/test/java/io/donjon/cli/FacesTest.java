package io.donjon.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The command line and the benchmarks are faces of the public API alone (design.md section 8). */
class FacesTest {
    private static final JavaClasses CODE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.donjon.cli", "io.donjon.perf");

    @Test
    void facesKnowTheApiAlone() {
        assertTrue(CODE.contain("io.donjon.cli.Main"));
        assertTrue(CODE.contain("io.donjon.perf.compare.Compare"));
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "io.donjon.engine..",
                        "io.donjon.extents..",
                        "io.donjon.versioning..",
                        "io.donjon.bloom..",
                        "io.donjon.rda.."))
                .check(CODE);
        noClasses()
                .that()
                .resideInAPackage("io.donjon.perf..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.donjon.cli.."))
                .check(CODE);
    }
}
