package org.jmoco.backend.cuda;

import org.jmoco.tensor.DType;

/** The part of cuBLAS that jmoco uses. */
public interface Blas {
    /**
     * C = alpha op(A) op(B) + beta C, column-major as in cublasGemmEx: op(A) is m x k, op(B) k x n, C m x n.
     *
     * <p>A row-major matrix is its transpose in column-major order: the caller exchanges A and B.
     *
     * @param a device address, @param aType F32 or BF16 (B likewise), @param lda distance between columns, in elements
     * @param cType F32, or the type of A and B
     * @param precision how F32 operands are multiplied: F32 exactly as such, TF32 rounded; sums are f32 in every case
     */
    void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, float alpha, long a, DType aType, int lda, long b,
            DType bType, int ldb, float beta, long c, DType cType, int ldc, Precision precision);
}
