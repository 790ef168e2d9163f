package io.donjon.extents;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.util.Arrays;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.jspecify.annotations.Nullable;

/**
 * How a block is stored. Native code serves LZ4 where it loads and Java elsewhere, with the same bytes; Zstandard needs
 * its library on the class path.
 */
public enum Codec {
    /** As it is. */
    RAW(0) {
        @Override
        int compress(byte[] plain, int from, int length, byte[] into, int at, int room) {
            return -1;
        }

        @Override
        byte @Nullable [] decompress(byte[] stored, int from, int length, int plainLength) {
            // Memory that is filled at once need not be cleared before.
            return length == plainLength ? Arrays.copyOfRange(stored, from, from + length) : null;
        }
    },

    /** An LZ4 block. */
    LZ4(1) {
        @Override
        int compress(byte[] plain, int from, int length, byte[] into, int at, int room) {
            try {
                return Lz4.COMPRESSOR.compress(plain, from, length, into, at, room);
            } catch (LZ4Exception tooLarge) {
                return -1;
            }
        }

        @Override
        byte @Nullable [] decompress(byte[] stored, int from, int length, int plainLength) {
            byte[] plain = new byte[plainLength];
            try {
                return Lz4.DECOMPRESSOR.decompress(stored, from, length, plain, 0) == plainLength ? plain : null;
            } catch (LZ4Exception malformed) {
                return null;
            }
        }
    },

    /** A Zstandard frame, level 1. */
    ZSTD(2) {
        @Override
        int compress(byte[] plain, int from, int length, byte[] into, int at, int room) {
            return ZstdLibrary.compress(plain, from, length, into, at, room);
        }

        @Override
        byte @Nullable [] decompress(byte[] stored, int from, int length, int plainLength) {
            byte[] plain = new byte[plainLength];
            return ZstdLibrary.decompress(stored, from, length, plain) ? plain : null;
        }
    };

    private static final Codec[] BY_NUMBER = values();

    private final int number;

    Codec(int number) {
        this.number = number;
    }

    /** The number that stands for it on disk. */
    int number() {
        return number;
    }

    /** The codec of that number, or null. */
    static @Nullable Codec of(int number) {
        return number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }

    /** Whether what it needs is there; if not, blocks cannot be written with it. */
    public boolean isAvailable() {
        if (this != ZSTD) {
            return true;
        }
        try {
            return Zstd.defaultCompressionLevel() > 0;
        } catch (LinkageError absent) {
            return false;
        }
    }

    /** Compresses; returns the compressed length, or -1 if that would be more than {@code room}. */
    abstract int compress(byte[] plain, int from, int length, byte[] into, int at, int room);

    /** The plain bytes; null if the stored ones do not give exactly so many. */
    abstract byte @Nullable [] decompress(byte[] stored, int from, int length, int plainLength);

    /** Apart from the rest, which is loaded where the library is not there. */
    private static final class ZstdLibrary {
        static int compress(byte[] plain, int from, int length, byte[] into, int at, int room) {
            try {
                return (int) Zstd.compressByteArray(into, at, room, plain, from, length, 1);
            } catch (ZstdException tooLarge) {
                return -1;
            }
        }

        static boolean decompress(byte[] stored, int from, int length, byte[] plain) {
            try {
                return Zstd.decompressByteArray(plain, 0, plain.length, stored, from, length) == plain.length;
            } catch (ZstdException malformed) {
                return false;
            }
        }
    }

    /** Loaded when LZ4 is first used. */
    private static final class Lz4 {
        /** Set to "true", LZ4 runs in Java even where its native part would load: for tests of that way. */
        private static final LZ4Factory FACTORY =
                Boolean.getBoolean("donjon.lz4.java") ? LZ4Factory.fastestJavaInstance() : LZ4Factory.fastestInstance();

        static final LZ4Compressor COMPRESSOR = FACTORY.fastCompressor();
        static final LZ4SafeDecompressor DECOMPRESSOR = FACTORY.safeDecompressor();
    }
}
