package io.donjon.cli;

import static io.donjon.cli.Cli.ok;
import static io.donjon.cli.Cli.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.cli.Cli.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the options of the benchmarks arrive; what they do is tested in perf. */
final class BenchTest {
    @TempDir
    Path folder;

    @Test
    void comparesWhatIsAskedFor() throws IOException {
        Path json = folder.resolve("rows.json");
        Path plots = folder.resolve("plots");
        String text = ok(
                "bench",
                "compare",
                "--engines",
                "btree,donjon",
                "--records",
                1500,
                "--key",
                20,
                "--value",
                50,
                "--workloads",
                "load-random,scan-full",
                "--operations",
                100,
                "--compression",
                "zstd",
                "--seed",
                7,
                "--repetitions",
                2,
                "--folder",
                folder,
                "--json",
                json,
                "--plot",
                plots);
        assertTrue(
                text.startsWith("1,500 records of 20 + 50 bytes (0.11 MB), 256 MiB of memory each, and the page cache;"
                        + " compression of donjon: zstd; seed 7; median of 2 repetitions\n"),
                text);
        String rows = Files.readString(json);
        for (String row : new String[] {"btree", "donjon"}) {
            assertTrue(
                    rows.contains("{\"engine\": \"" + row + "\", \"workload\": \"load-random\", \"records\": 1500,"),
                    rows);
            assertTrue(rows.contains("{\"engine\": \"" + row + "\", \"workload\": \"scan-full\""), rows);
        }
        assertEquals(4, rows.lines().filter(line -> line.contains("\"engine\"")).count());
        assertTrue(Files.exists(plots.resolve("rate.svg")));
    }

    @Test
    void racesVersionsAsAskedFor() throws IOException {
        Path json = folder.resolve("rows.json");
        Path plots = folder.resolve("plots");
        String text = ok(
                "bench",
                "versions",
                "--workload",
                "star",
                "--engines",
                "cow-btree,donjon-flat",
                "--records",
                500,
                "--versions",
                3,
                "--key",
                20,
                "--value",
                50,
                "--operations",
                20,
                "--seconds",
                50,
                "--cache-mb",
                8,
                "--compression",
                "lz4",
                "--seed",
                7,
                "--repetitions",
                2,
                "--folder",
                folder,
                "--json",
                json,
                "--plot",
                plots);
        assertTrue(
                text.startsWith(
                        "star: 500 records of 20 + 50 bytes, 3 versions, 8 MiB of memory each, page cache bypassed;"
                                + " compression of donjon: lz4; seed 7\n"),
                text);
        String rows = Files.readString(json);
        for (String engine : new String[] {"cow-btree", "donjon-flat"}) {
            assertTrue(
                    rows.contains("{\"engine\": \"" + engine + "\", \"workload\": \"star/insert\", \"records\": 515,"),
                    rows);
        }
        assertTrue(Files.exists(plots.resolve("inserts.svg")));
    }

    @Test
    void whatIsUnknownIsAUsageError() {
        for (Object[] line : new Object[][] {
            {"bench"},
            {"bench", "compare", "--engines", "oracle"},
            {"bench", "compare", "--workloads", "nap"},
            {"bench", "compare", "--records", "0"},
            {"bench", "compare", "--cache-mb", "1"},
            {"bench", "versions", "--workload", "nap"},
            {"bench", "versions", "--engines", "btree"},
            {"bench", "versions", "--records", "0"},
            {"bench", "memory", "--records", "0"},
            {"bench", "memory", "--memory-mb", "1"},
            {"bench", "generate-git", folder.resolve("r"), "--commits", "0", "--seed", "1"},
            {"bench", "generate-git", folder.resolve("r")}
        }) {
            Result result = run(line);
            assertEquals(2, result.code(), result.err());
            assertTrue(result.err().startsWith("donjon: "), result.err());
        }
    }

    @Test
    void generatesARepositoryOnce() {
        Path bare = folder.resolve("bare");
        assertTrue(ok("bench", "generate-git", bare, "--commits", 20, "--seed", 5, "--bare")
                .startsWith("20 commits, "));
        assertTrue(Files.exists(bare.resolve("HEAD")));
        Path plain = folder.resolve("plain");
        ok("bench", "generate-git", plain, "--commits", 3, "--seed", 5);
        assertTrue(Files.exists(plain.resolve(".git").resolve("HEAD")));
        Result again = run("bench", "generate-git", bare, "--commits", 20, "--seed", 5, "--bare");
        assertEquals(3, again.code());
        assertTrue(again.err().startsWith("donjon: "), again.err());
    }
}
