package io.donjon.cli;

import static io.donjon.cli.Cli.ok;
import static io.donjon.cli.Cli.run;
import static io.donjon.cli.Cli.runWith;
import static io.donjon.cli.Cli.store;
import static io.donjon.cli.Cli.utf8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.donjon.cli.Cli.Result;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** get, put, delete and scan: bytes in, bytes out. */
final class RecordsTest {
    @TempDir
    Path folder;

    private Path store;

    @BeforeEach
    void create() {
        store = store(folder.resolve("a store"));
    }

    private static byte[] everyByte() {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        return all;
    }

    @Test
    void aValueComesBackByteByByte() {
        assertEquals(
                0, runWith(everyByte(), "put", store, "k", "hex:00ff0a", "-").code());
        assertArrayEquals(everyByte(), run("get", store, "k", "hex:00ff0a").bytes());
        assertEquals(HexFormat.of().formatHex(everyByte()) + "\n", ok("get", store, "k", "hex:00ff0a", "--hex"));
        assertArrayEquals(
                everyByte(),
                runWith(new byte[] {0, -1, 10}, "get", store, "k", "-").bytes());
        ok("put", store, "k", "leer", "");
        assertEquals("", ok("get", store, "k", "leer"));
        ok("put", store, "k", "", "the empty key");
        assertEquals("the empty key", ok("get", store, "k", "text:"));
    }

    @Test
    void prefixesOfArgumentsCanBeEscaped() {
        ok("put", store, "k", "text:hex:41", "text:-");
        assertEquals("-", ok("get", store, "k", "hex:6865783a3431"));
        Result odd = run("put", store, "k", "hex:4", "x");
        assertEquals(2, odd.code());
        assertEquals("""
                donjon: Invalid value for positional parameter at index 2 (KEY): 'hex:4' is not pairs of hexadecimal digits \
                behind hex: (text:hex:4 stands for that text)
                donjon: 'donjon put --help' shows how it is called
                """, odd.err());
        assertEquals(2, run("put", store, "k", "a\uFFFDb", "x").code());
    }

    @Test
    void absentIsExitCodeOneAndSaysWhere() {
        ok("put", store, "k", "a", "1");
        Result absent = run("get", store, "k", "hex:6200");
        assertEquals(1, absent.code());
        assertEquals("", absent.out());
        assertEquals("donjon: absent in k: b\\x00\n", absent.err());
    }

    @Test
    void severalKeysAreRecords() {
        ok("put", store, "k", "a", "1\t2");
        ok("put", store, "k", "hex:80", "hex:81");
        Result text = run("get", store, "k", "a", "nix", "hex:80");
        assertEquals("a\t1\\t2\n\\x80\t\\x81\n", text.out());
        assertEquals("donjon: absent in k: nix\n", text.err());
        assertEquals(1, text.code());
        assertEquals("61\t310932\n80\t81\n", ok("get", store, "k", "a", "hex:80", "--hex"));
        Result json = run("get", store, "k", "a", "nix", "hex:80", "--json");
        assertEquals("""
                {"target": "k", "key": "a", "value": "1\\u00092"}
                {"target": "k", "key": "nix", "value": null}
                {"target": "k", "keyHex": "80", "valueHex": "81"}
                """, json.out());
        assertEquals(1, json.code());
        assertEquals("", json.err());
    }

    @Test
    void conditionsDecide() {
        ok("put", store, "k", "a", "1", "--if-absent");
        assertEquals(1, run("put", store, "k", "a", "2", "--if-absent").code());
        assertEquals(1, run("put", store, "k", "a", "2", "--expect", "0").code());
        assertEquals("1", ok("get", store, "k", "a"));
        ok("put", store, "k", "a", "2", "--expect", "1");
        assertEquals("2", ok("get", store, "k", "a"));
        assertEquals(1, run("delete", store, "k", "a", "--expect", "1").code());
        assertEquals("2", ok("get", store, "k", "a"));
        ok("delete", store, "k", "a", "--expect", "2");
        assertEquals(1, run("get", store, "k", "a").code());
    }

    @Test
    void aConditionOnAValueMakesNoKeyspace() {
        Result result = run("put", store, "typo", "a", "2", "--expect", "0");
        assertEquals(3, result.code());
        assertEquals("donjon: there is no keyspace typo\n", result.err());
        assertEquals(3, run("get", store, "typo", "a").code());
    }

    @Test
    void deleteTakesSeveralKeysAndAbsentOnes() {
        ok("put", store, "k", "a", "1");
        ok("put", store, "k", "b", "1");
        ok("put", store, "k", "c", "1");
        ok("delete", store, "k", "a", "c", "nix");
        assertEquals("b\t1\n", ok("scan", store, "k"));
    }

    @Test
    void whatScanPrintsPutReads() {
        byte[] key = everyByte();
        assertEquals(0, runWith(key, "put", store, "k", "-", "v").code());
        assertEquals(
                0, runWith(key, "put", store, "k", "ä\\x41\u2028\u200b", "-").code());
        ok("put", store, "k", "", "");
        String text = ok("scan", store, "k");
        assertEquals(3, text.lines().count());
        assertEquals(0, runWith(utf8(text), "put", store, "copy").code());
        assertEquals(ok("scan", store, "k", "--format", "hex"), ok("scan", store, "copy", "--format", "hex"));
        assertEquals(3, ok("scan", store, "k", "--format", "hex").lines().count());
    }

    @Test
    void recordsThatEndWithNulHaveNoEscapes() {
        byte[] records = utf8("a\\x\tone\ntwo\0b\t\tx\0last\t");
        assertEquals(0, runWith(records, "put", store, "k", "-z").code());
        assertEquals("one\ntwo", ok("get", store, "k", "a\\x"));
        assertEquals("\tx", ok("get", store, "k", "b"));
        assertEquals("a\\x\tone\ntwo\0b\t\tx\0last\t\0", ok("scan", store, "k", "-z"));
    }

    @Test
    void aBadRecordIsNamed() {
        Result noTab = runWith(utf8("a\t1\nb"), "put", store, "k");
        assertEquals(3, noTab.code());
        assertEquals("donjon: standard input, record 2: there is no tab between key and value\n", noTab.err());
        Result escape = runWith(utf8("a\t\\q\n"), "put", store, "k");
        assertEquals(3, escape.code());
        assertEquals(
                "donjon: standard input, record 1: a backslash that begins none of \\\\ \\t \\n \\r \\xHH: write \\\\ for"
                        + " the character itself\n",
                escape.err());
        assertEquals(3, runWith(utf8("a\t\\x4"), "put", store, "k").code());
    }

    @Test
    void manyRecordsGoIn() {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 25_000; i++) {
            lines.append("%05d\tvalue %d%n".formatted(i, i));
        }
        assertEquals(0, runWith(utf8(lines.toString()), "put", store, "k").code());
        assertEquals(lines.toString(), ok("scan", store, "k"));
    }

    @Test
    void rangesAndDirections() {
        for (String key : new String[] {"a", "ab", "abc", "b", "c"}) {
            ok("put", store, "k", key, key + "!");
        }
        assertEquals("ab\tab!\nabc\tabc!\n", ok("scan", store, "k", "--prefix", "ab"));
        assertEquals("ab\nabc\nb\n", ok("scan", store, "k", "--from", "ab", "--to", "c", "--keys-only"));
        assertEquals("a\n", ok("scan", store, "k", "--to", "ab", "--keys-only"));
        assertEquals("c\nb\n", ok("scan", store, "k", "--reverse", "--limit", "2", "--keys-only"));
        assertEquals("", ok("scan", store, "k", "--limit", "0"));
        assertEquals("63\t6321\n", ok("scan", store, "k", "--from", "hex:63", "--format", "HEX"));
        assertEquals("c\0", ok("scan", store, "k", "--from", "c", "--keys-only", "-z"));
        assertEquals(
                "{\"target\": \"k\", \"key\": \"c\"}\n",
                ok("scan", store, "k", "--from", "c", "--keys-only", "--json"));
    }

    @Test
    void severalTargetsFollowEachOther() {
        ok("put", store, "k", "a", "1");
        ok("snapshot", store, "k", "s");
        ok("put", store, "k", "a", "2");
        assertEquals("a\t2\na\t1\n", ok("scan", store, "k", "k@s"));
        assertEquals("""
                {"target": "k@s", "key": "a", "value": "1"}
                {"target": "k", "key": "a", "value": "2"}
                """, ok("scan", store, "k@s", "k", "--json"));
    }

    @Test
    void snapshotsAreNotWrittenTo() {
        ok("put", store, "k", "a", "1");
        ok("snapshot", store, "k", "s");
        for (Result result : Arrays.asList(run("put", store, "k@s", "a", "2"), run("delete", store, "k@s", "a"))) {
            assertEquals(3, result.code());
            assertEquals(
                    "donjon: k@s is a snapshot, which never changes: clone it, and write to the clone\n", result.err());
        }
        assertEquals("1", ok("get", store, "k@s", "a"));
    }

    @Test
    void contradictionsAreUsageErrors() {
        for (Object[] line : new Object[][] {
            {"put", store, "k", "a"},
            {"put", store, "k", "a", "b", "c"},
            {"put", store, "k", "--if-absent"},
            {"put", store, "k", "a", "b", "-z"},
            {"put", store, "k", "-", "-"},
            {"put", store, "k", "a", "b", "--if-absent", "--expect", "c"},
            {"get", store, "k"},
            {"get", store, "k", "-", "-"},
            {"get", store, "k", "a", "--hex", "--json"},
            {"get", store, "k@", "a"},
            {"get", store, "@s", "a"},
            {"get", store, "k@s@t", "a"},
            {"get", store, "k", "a", "--memory", "big"},
            {"get", store, "k", "a", "--memory", "1k"},
            {"delete", store, "k", "a", "b", "--expect", "c"},
            {"scan", store, "k", "--prefix", "a", "--from", "b"},
            {"scan", store, "k", "--limit", "-1"},
            {"scan", store, "k", "--from", "-"},
            {"scan", store, "k", "--format", "xml"},
            {"diff", store, "k", "k", "--prefix", "-"},
            {"put", store, "a/b", "k", "v"},
        }) {
            Result result = run(line);
            assertEquals(2, result.code(), Arrays.toString(line));
            assertEquals("", result.out(), Arrays.toString(line));
            assertEquals("donjon: ", result.err().substring(0, 8), Arrays.toString(line));
        }
    }
}
