package org.jmoco.backend.cuda;

import java.util.HashMap;
import java.util.Map;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;
import org.jmoco.tensor.DType;

/**
 * Linear layers, by cuBLAS: which products carry out which operation of {@link org.jmoco.backend.Ops}. All operands are f32 in
 * every precision: the last layer has a thousandth of a network's multiplications, and its inputs are f32.
 *
 * <p>cuBLAS is column-major. A row-major matrix of a rows and b columns is to it one of b rows and a columns with leading
 * dimension b, so each product is written for the transposes: y^T = w x^T. Biases are products with a vector of ones: b is
 * spread over the rows of y before the product adds to it, and db is dy^T times ones.
 */
final class LinearWorks {
    private static final DType F32 = DType.F32;

    private final CudaContext cuda;
    private final Precision products;
    private final Map<Integer, Long> ones = new HashMap<>(); // address by length

    LinearWorks(CudaContext cuda) {
        this.cuda = cuda;
        products = cuda.precision().products();
    }

    /** Device address of {@code n} ones. Called while steps are bound. */
    private long ones(int n) {
        return ones.computeIfAbsent(n, length -> {
            long address = cuda.gpu().allocate((long) length * F32.bytes, "ones");
            cuda.gpu().fill(address, Float.floatToRawIntBits(1), length);
            return address;
        });
    }

    /** y N x K = x N x C (w K x C)^T + b. */
    Work linearForward(Buffer y, Buffer x, Buffer w, Buffer b) {
        int n = x.shape().dim(0);
        int c = x.shape().dim(1);
        int k = w.shape().dim(0);
        return new Products(n) {
            @Override
            public void run() {
                blas().gemm(false, false, k, n, 1, 1, b.address(), F32, k, ones, F32, 1, 0, y.address(), F32, k, Precision.F32);
                blas().gemm(true, false, k, n, c, 1, w.address(), F32, c, x.address(), F32, c, 1, y.address(), F32, k, products);
            }
        };
    }

    /** dx N x C = dy N x K w K x C. */
    Work linearBackwardData(Buffer dx, Buffer dy, Buffer w) {
        int n = dx.shape().dim(0);
        int c = dx.shape().dim(1);
        int k = w.shape().dim(0);
        return new Products(n) {
            @Override
            public void run() {
                blas().gemm(false, false, c, n, k, 1, w.address(), F32, c, dy.address(), F32, k, 0, dx.address(), F32, c,
                        products);
            }
        };
    }

    /** dw K x C = (dy N x K)^T x N x C; db K = dy^T ones. */
    Work linearBackwardWeights(Buffer dw, Buffer db, Buffer x, Buffer dy, boolean accumulate) {
        int n = x.shape().dim(0);
        int c = x.shape().dim(1);
        int k = dw.shape().dim(0);
        float beta = accumulate ? 1 : 0;
        return new Products(n) {
            @Override
            public void run() {
                blas().gemm(false, true, c, k, n, 1, x.address(), F32, c, dy.address(), F32, k, beta, dw.address(), F32, c,
                        products);
                blas().gemm(false, false, k, 1, n, 1, dy.address(), F32, k, ones, F32, n, beta, db.address(), F32, k,
                        Precision.F32);
            }
        };
    }

    private abstract class Products implements LibraryWork {
        protected long ones;
        private final int rows;

        Products(int rows) {
            this.rows = rows;
        }

        @Override
        public void bind(long scratch) {
            ones = ones(rows);
        }

        /** Of the stream that the step runs on. */
        protected final Blas blas() {
            return cuda.gpu().blas();
        }
    }
}
