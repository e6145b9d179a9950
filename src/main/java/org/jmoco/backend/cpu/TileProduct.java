package org.jmoco.backend.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * C = A B or C += A B for tiles that fit the cache, on one thread: what the linear layer and InfoNCE are made of.
 *
 * <p>C is I x J and B is K x J, rows contiguous; A is I x K with any strides, so that its transpose serves as well. Four
 * rows of C by two vectors of columns stay in registers: eight independent chains of fma, as many as two fma units with a
 * latency of four cycles keep busy, against two vector loads and four broadcasts.
 *
 * <p>Every element of C is one chain of fma over k = 0, 1, ..., whichever of the loops below computes it, so the way a
 * product is cut into tiles along I and J does not change a bit of it.
 */
final class TileProduct {
    private static final int F32 = Float.BYTES;

    private TileProduct() {}

    /**
     * @param c address of C
     * @param ldc elements from one row of C to the next
     * @param aRow elements from A[i,k] to A[i+1,k]
     * @param aCol elements from A[i,k] to A[i,k+1]
     * @param ldb elements from one row of B to the next
     * @param accumulate start the sums from what C holds instead of 0
     */
    static void multiply(long c, int ldc, long a, int aRow, int aCol, long b, int ldb, int rows, int cols, int depth,
            boolean accumulate) {
        long cRow = (long) ldc * F32;
        long aRowBytes = (long) aRow * F32;
        long width = (long) cols * F32;
        long pairs = width / (2 * Simd.BYTES) * (2 * Simd.BYTES);
        int fours = rows / 4 * 4;
        for (long j = 0; j < pairs; j += 2 * Simd.BYTES) {
            for (int i = 0; i < fours; i += 4) {
                fourByTwo(c + i * cRow + j, ldc, a + i * aRowBytes, aRow, aCol, b + j, ldb, depth, accumulate);
            }
        }
        edges(c, cRow, a, aRowBytes, aCol, b, ldb, rows, width, depth, accumulate, fours, pairs);
    }

    /**
     * What is below the first {@code fours} rows or right of the first {@code pairs} bytes of columns. A method of its own, with
     * few loops: where the JIT compiler inlines many, it gives up turning vectors into registers, and each becomes an object.
     */
    private static void edges(long c, long cRow, long a, long aRow, int aCol, long b, int ldb, int rows, long width, int depth,
            boolean accumulate, int fours, long pairs) {
        long j = 0;
        for (; j <= width - Simd.BYTES; j += Simd.BYTES) {
            for (int i = j < pairs ? fours : 0; i < rows; i++) {
                oneByOne(c + i * cRow + j, a + i * aRow, aCol, b + j, ldb, depth, accumulate);
            }
        }
        for (; j < width; j += F32) {
            for (int i = 0; i < rows; i++) {
                scalar(c + i * cRow + j, a + i * aRow, aCol, b + j, ldb, depth, accumulate);
            }
        }
    }

    private static void fourByTwo(long c, int ldc, long a, int aRow, int aCol, long b, int ldb, int depth, boolean accumulate) {
        long c1 = c + (long) ldc * F32;
        long c2 = c1 + (long) ldc * F32;
        long c3 = c2 + (long) ldc * F32;
        FloatVector zero = FloatVector.zero(Simd.F);
        FloatVector s00 = accumulate ? Simd.load(c) : zero;
        FloatVector s01 = accumulate ? Simd.load(c + Simd.BYTES) : zero;
        FloatVector s10 = accumulate ? Simd.load(c1) : zero;
        FloatVector s11 = accumulate ? Simd.load(c1 + Simd.BYTES) : zero;
        FloatVector s20 = accumulate ? Simd.load(c2) : zero;
        FloatVector s21 = accumulate ? Simd.load(c2 + Simd.BYTES) : zero;
        FloatVector s30 = accumulate ? Simd.load(c3) : zero;
        FloatVector s31 = accumulate ? Simd.load(c3 + Simd.BYTES) : zero;
        long rowBytes = (long) aRow * F32;
        long colBytes = (long) aCol * F32;
        long bBytes = (long) ldb * F32;
        long bk = b;
        long ak = a;
        for (int k = 0; k < depth; k++, ak += colBytes, bk += bBytes) {
            FloatVector b0 = Simd.load(bk);
            FloatVector b1 = Simd.load(bk + Simd.BYTES);
            FloatVector x = Simd.spread(ak);
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = Simd.spread(ak + rowBytes);
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = Simd.spread(ak + 2 * rowBytes);
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = Simd.spread(ak + 3 * rowBytes);
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
        }
        Simd.store(c, s00);
        Simd.store(c + Simd.BYTES, s01);
        Simd.store(c1, s10);
        Simd.store(c1 + Simd.BYTES, s11);
        Simd.store(c2, s20);
        Simd.store(c2 + Simd.BYTES, s21);
        Simd.store(c3, s30);
        Simd.store(c3 + Simd.BYTES, s31);
    }

    private static void oneByOne(long c, long a, int aCol, long b, int ldb, int depth, boolean accumulate) {
        FloatVector s = accumulate ? Simd.load(c) : FloatVector.zero(Simd.F);
        for (int k = 0; k < depth; k++) {
            s = Simd.spread(a + (long) k * aCol * F32).fma(Simd.load(b + (long) k * ldb * F32), s);
        }
        Simd.store(c, s);
    }

    private static void scalar(long c, long a, int aCol, long b, int ldb, int depth, boolean accumulate) {
        float s = accumulate ? Simd.get(c) : 0f;
        for (int k = 0; k < depth; k++) {
            s = Math.fma(Simd.get(a + (long) k * aCol * F32), Simd.get(b + (long) k * ldb * F32), s);
        }
        Simd.set(c, s);
    }
}
