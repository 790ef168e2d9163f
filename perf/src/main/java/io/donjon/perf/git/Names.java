package io.donjon.perf.git;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Names of files and folders, one character for each byte: ordinary ones, and those that programs trip over. */
final class Names {
    private static final String[] WORDS = {
        "alpha", "array", "block", "branch", "cache", "chunk", "core", "disk", "donjon", "edge", "extent", "filter",
        "format", "graph", "guide", "index", "key", "lang", "line", "log", "main", "merge", "model", "node", "page",
        "path", "point", "query", "rank", "route", "scan", "seed", "shape", "slot", "store", "table", "test", "tree",
        "util", "value", "version", "wall",
    };
    private static final String[] ENDINGS = {".java", ".c", ".h", ".md", ".txt", ".py", ".xml", "", ".tar.gz"};

    /** Bytes of one name, the most that common file systems take. */
    private static final int NAME_BYTES_MAX = 255;

    private static final List<String> ODD = List.of(
            "with space",
            " leading space",
            "trailing space ",
            "quote\"double",
            "quote'single",
            "back\\slash",
            "tab\there",
            "new\nline",
            "carriage\rreturn",
            "bell\u0007and\u0001and\u007f",
            "-dash",
            "--",
            "...",
            "*star?",
            "[set]",
            "{brace,brace}",
            "$dollar",
            "`tick`",
            "~tilde",
            "#hash",
            "%41percent",
            "a:colon",
            "semi;colon",
            "<angle>",
            "|pipe&and",
            "@",
            "!bang",
            utf8("grün"),
            utf8("日本語"),
            utf8("🦀.rs"),
            // The same letter as one and as two code points: other bytes, so other names.
            utf8("\u00e9"),
            utf8("e\u0301"),
            "latin1-\u00e9t\u00e9",
            "\u00ff\u00fe",
            "\u0080",
            "overlong-\u00c0\u00af",
            "cut-\u00e2\u0082");

    private Names() {}

    private static String utf8(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    static String word(SplittableRandom random) {
        return WORDS[random.nextInt(WORDS.length)];
    }

    static String file(SplittableRandom random) {
        return word(random) + "-" + word(random) + ENDINGS[random.nextInt(ENDINGS.length)];
    }

    static String odd(SplittableRandom random) {
        return ODD.get(random.nextInt(ODD.size()));
    }

    /** The odd names one after the other, over and over. */
    static String odd(int index) {
        return ODD.get(index % ODD.size());
    }

    /** A path of 2,000 to 4,000 bytes: of a few names as long as can be, or of hundreds of short ones. */
    static List<String> longPath(SplittableRandom random) {
        List<String> path = new ArrayList<>();
        int bytes = 2000 + random.nextInt(2000);
        boolean longNames = random.nextBoolean();
        while (bytes > 0) {
            String name = word(random);
            if (longNames) {
                name = name.repeat(NAME_BYTES_MAX / name.length());
            }
            path.add(name);
            bytes -= name.length() + 1;
        }
        return path;
    }
}
