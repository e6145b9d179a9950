package org.jmoco.ptx;

import org.jmoco.backend.cuda.Blas;
import org.jmoco.backend.cuda.GpuException;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.tensor.DType;

/**
 * cublasGemmEx as plain loops, with what its documentation demands of the caller. Sums are f32, in {@value #CHAINS} chains that
 * are added in the end: an order that is nobody else's, so that a test which relies on one fails.
 */
public final class EmulatedBlas implements Blas {
    private static final int CHAINS = 3;

    private final LibraryHost host;

    public EmulatedBlas(LibraryHost host) {
        this.host = host;
    }

    @Override
    public void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, float alpha, long a, DType aType, int lda,
            long b, DType bType, int ldb, float beta, long c, DType cType, int ldc, Precision precision) {
        String call = "cublasGemmEx " + (transposeA ? "T" : "N") + (transposeB ? "T" : "N") + " m" + m + " n" + n + " k" + k;
        require(call, m >= 1 && n >= 1 && k >= 1, "sizes must be positive");
        require(call, lda >= (transposeA ? k : m), "lda " + lda + " is less than the rows of A");
        require(call, ldb >= (transposeB ? n : k), "ldb " + ldb + " is less than the rows of B");
        require(call, ldc >= m, "ldc " + ldc + " is less than m");
        require(call, aType == bType, "A is " + aType + " and B is " + bType);
        require(call, aType == DType.F32 || aType == DType.BF16, "A is " + aType);
        require(call, cType == DType.F32 || cType == aType, "C is " + cType + " for operands of " + aType);
        require(call, precision == Precision.F32 || aType == DType.BF16 || precision == Precision.TF32,
                "f32 operands in " + precision);
        Matrix ma = new Matrix(a, aType, lda, transposeA ? k : m, transposeA ? m : k);
        Matrix mb = new Matrix(b, bType, ldb, transposeB ? n : k, transposeB ? k : n);
        Matrix mc = new Matrix(c, cType, ldc, m, n);
        require(call, !mc.overlaps(ma) && !mc.overlaps(mb), "C overlaps A or B");
        boolean tf32 = aType == DType.F32 && precision == Precision.TF32;
        host.enqueue(call, () -> {
            float[] va = ma.read(call, tf32);
            float[] vb = mb.read(call, tf32);
            for (int j = 0; j < n; j++) {
                float[] column = new float[m];
                // NaN there does not count if beta is 0
                float[] before = beta == 0 ? null : host.read(call, mc.column(j), m, cType);
                for (int i = 0; i < m; i++) {
                    float sum = dot(va, transposeA ? i * k : i, transposeA ? 1 : m, vb, transposeB ? j : j * k,
                            transposeB ? n : 1, k);
                    column[i] = alpha * sum + (before == null ? 0 : beta * before[i]);
                }
                host.write(call, mc.column(j), column, cType);
            }
        });
    }

    private static float dot(float[] a, int atA, int strideA, float[] b, int atB, int strideB, int length) {
        float[] chains = new float[CHAINS];
        for (int i = 0; i < length; i++) {
            chains[i % CHAINS] += a[atA + i * strideA] * b[atB + i * strideB];
        }
        return chains[0] + (chains[1] + chains[2]);
    }

    /** Column-major, as it lies in memory. */
    private final class Matrix {
        private final long address;
        private final DType type;
        private final int stride;
        private final int rows;
        private final int columns;

        Matrix(long address, DType type, int stride, int rows, int columns) {
            this.address = address;
            this.type = type;
            this.stride = stride;
            this.rows = rows;
            this.columns = columns;
        }

        long column(int j) {
            return address + (long) j * stride * type.bytes;
        }

        boolean overlaps(Matrix o) {
            return address < o.column(o.columns - 1) + (long) o.rows * o.type.bytes
                    && o.address < column(columns - 1) + (long) rows * type.bytes;
        }

        /** Dense, column after column. */
        float[] read(String call, boolean tf32) {
            float[] all = new float[rows * columns];
            for (int j = 0; j < columns; j++) {
                System.arraycopy(host.read(call, column(j), rows, type), 0, all, j * rows, rows);
            }
            return tf32 ? cutToTf32(all) : all;
        }
    }

    /**
     * Keeps 10 bits of mantissa. The libraries do not say whether they round or cut off; cutting is the larger error, of up to
     * 2^-10.
     */
    static float[] cutToTf32(float[] v) {
        for (int i = 0; i < v.length; i++) {
            v[i] = Float.intBitsToFloat(Float.floatToRawIntBits(v[i]) & ~0x1fff);
        }
        return v;
    }

    private static void require(String call, boolean condition, String message) {
        if (!condition) {
            throw new GpuException(call + ": CUBLAS_STATUS_INVALID_VALUE: " + message);
        }
    }
}
