package org.jmoco.data;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * XXH64 (Yann Collet, xxHash specification 0.1.1, seed 0) of a run of bytes, and a way to fold several values into one.
 * Not cryptographic: it finds damage and mistakes, not malice. About 1 ms per 10 MB, so a whole CIFAR-10 takes 20 ms.
 */
final class Hash64 {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long P1 = 0x9E3779B185EBCA87L;
    private static final long P2 = 0xC2B2AE3D27D4EB4FL;
    private static final long P3 = 0x165667B19E3779F9L;
    private static final long P4 = 0x85EBCA77C2B2AE63L;
    private static final long P5 = 0x27D4EB2F165667C5L;

    private long folded;

    /** XXH64 of {@code length} bytes from {@code from}. */
    static long of(byte[] b, int from, int length) {
        int i = from;
        int end = from + length;
        long h;
        if (length >= 32) {
            long v1 = P1 + P2;
            long v2 = P2;
            long v3 = 0;
            long v4 = -P1;
            for (; i <= end - 32; i += 32) {
                v1 = round(v1, (long) LONG.get(b, i));
                v2 = round(v2, (long) LONG.get(b, i + 8));
                v3 = round(v3, (long) LONG.get(b, i + 16));
                v4 = round(v4, (long) LONG.get(b, i + 24));
            }
            h = Long.rotateLeft(v1, 1) + Long.rotateLeft(v2, 7) + Long.rotateLeft(v3, 12) + Long.rotateLeft(v4, 18);
            h = merge(merge(merge(merge(h, v1), v2), v3), v4);
        } else {
            h = P5;
        }
        h += length;
        for (; i <= end - 8; i += 8) {
            h = Long.rotateLeft(h ^ round(0, (long) LONG.get(b, i)), 27) * P1 + P4;
        }
        if (i <= end - 4) {
            h = Long.rotateLeft(h ^ ((int) INT.get(b, i) & 0xffffffffL) * P1, 23) * P2 + P3;
            i += 4;
        }
        for (; i < end; i++) {
            h = Long.rotateLeft(h ^ (b[i] & 0xff) * P5, 11) * P1;
        }
        return avalanche(h);
    }

    static long of(byte[] b) {
        return of(b, 0, b.length);
    }

    /** Takes one more value in; the order matters. */
    Hash64 add(long value) {
        folded = merge(folded + P5, value);
        return this;
    }

    Hash64 add(String text) {
        return add(of(text.getBytes(StandardCharsets.UTF_8)));
    }

    long value() {
        return avalanche(folded);
    }

    private static long round(long acc, long lane) {
        return Long.rotateLeft(acc + lane * P2, 31) * P1;
    }

    private static long merge(long h, long v) {
        return (h ^ round(0, v)) * P1 + P4;
    }

    private static long avalanche(long h) {
        h = (h ^ h >>> 33) * P2;
        h = (h ^ h >>> 29) * P3;
        return h ^ h >>> 32;
    }
}
