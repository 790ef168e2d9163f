package io.donjon.engine;

import com.google.common.base.Utf8;

/** Checks what callers pass, before anything has an effect. */
final class Arguments {
    /** The longest value. */
    static final int VALUE_BYTES_MAX = 64 << 20;

    /** The longest name, in UTF-8. */
    static final int NAME_BYTES_MAX = 255;

    private Arguments() {}

    static void checkKey(int bytes) {
        if (bytes > FullKey.KEY_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a key of " + bytes + " bytes: at most " + FullKey.KEY_BYTES_MAX + " are allowed");
        }
    }

    static void checkValue(int bytes) {
        if (bytes > VALUE_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a value of " + bytes + " bytes: at most " + VALUE_BYTES_MAX + " are allowed");
        }
    }

    /** Names have 1 to 255 bytes of UTF-8 without control characters, '/' and '@'. */
    static void checkName(String name) {
        int bytes;
        try {
            bytes = Utf8.encodedLength(name);
        } catch (IllegalArgumentException unpaired) {
            throw new IllegalArgumentException("a name with an unpaired surrogate cannot be kept: " + name, unpaired);
        }
        if (bytes < 1 || bytes > NAME_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a name of " + bytes + " bytes: 1 to " + NAME_BYTES_MAX + " are allowed");
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (Character.isISOControl(c) || c == '/' || c == '@') {
                throw new IllegalArgumentException(String.format(
                        "name \"%s\": character U+%04X at %d is not allowed (no control characters, '/' and '@')",
                        name, (int) c, i));
            }
        }
    }
}
