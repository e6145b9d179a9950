package org.jmoco.backend.cpu;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/**
 * The linear layer's three products, cut into blocks of the result that depend on its size alone. Each element is one chain
 * of fma in f32, in the order of the summed index.
 */
final class LinearWork {
    /** Rows of a block: four times {@link TileProduct}'s four, so that a batch of 128 gives eight tasks. */
    private static final int ROWS = 16;

    /** Columns of a block: 128 columns by 512 rows of w are 256 KiB, half of an L2 cache. */
    private static final int COLS = 128;

    private LinearWork() {}

    private static int blocks(int size, int block) {
        return (size + block - 1) / block;
    }

    /** y = b + x w^T. The product wants rows of w^T, so w [K,C] is first transposed into scratch, C x K. */
    static final class Forward implements Work {
        private final Workers workers;
        private final Buffer y;
        private final Buffer x;
        private final Buffer w;
        private final Buffer b;
        private final int n;
        private final int c;
        private final int k;
        private final Workers.Task transpose = this::transpose;
        private final Workers.Task product = this::product;
        private long wt;

        Forward(Workers workers, Buffer y, Buffer x, Buffer w, Buffer b) {
            this.workers = workers;
            this.y = y;
            this.x = x;
            this.w = w;
            this.b = b;
            this.n = x.shape().dim(0);
            this.c = x.shape().dim(1);
            this.k = w.shape().dim(0);
        }

        @Override
        public long scratchBytes() {
            return w.bytes();
        }

        @Override
        public void bind(long scratch) {
            wt = scratch;
        }

        @Override
        public void run() {
            workers.run(blocks(c, COLS), transpose);
            workers.run(blocks(n, ROWS), product);
        }

        private void transpose(int task, int worker) {
            long from = w.address();
            for (int i = task * COLS; i < Math.min(c, (task + 1) * COLS); i++) {
                for (int j = 0; j < k; j++) {
                    Simd.set(wt + ((long) i * k + j) * Float.BYTES, Simd.get(from + ((long) j * c + i) * Float.BYTES));
                }
            }
        }

        private void product(int task, int worker) {
            int first = task * ROWS;
            int rows = Math.min(ROWS, n - first);
            long to = y.address() + (long) first * k * Float.BYTES;
            for (int i = 0; i < rows; i++) {
                Simd.copy(to + (long) i * k * Float.BYTES, b.address(), b.bytes());
            }
            TileProduct.multiply(to, k, x.address() + (long) first * c * Float.BYTES, c, 1, wt, k, rows, k, c, true);
        }
    }

    /** dx = dy w. */
    static final class BackwardData implements Work, Workers.Task {
        private final Workers workers;
        private final Buffer dx;
        private final Buffer dy;
        private final Buffer w;
        private final int n;
        private final int c;
        private final int k;

        BackwardData(Workers workers, Buffer dx, Buffer dy, Buffer w) {
            this.workers = workers;
            this.dx = dx;
            this.dy = dy;
            this.w = w;
            this.n = dx.shape().dim(0);
            this.c = dx.shape().dim(1);
            this.k = w.shape().dim(0);
        }

        @Override
        public void run() {
            workers.run(blocks(n, ROWS) * blocks(c, COLS), this);
        }

        @Override
        public void run(int task, int worker) {
            int row = task / blocks(c, COLS) * ROWS;
            int col = task % blocks(c, COLS) * COLS;
            TileProduct.multiply(dx.address() + ((long) row * c + col) * Float.BYTES, c,
                    dy.address() + (long) row * k * Float.BYTES, k, 1, w.address() + (long) col * Float.BYTES, c,
                    Math.min(ROWS, n - row), Math.min(COLS, c - col), k, false);
        }
    }

    /** dw = dy^T x, db = column sums of dy (in f64). */
    static final class BackwardWeights implements Work, Workers.Task {
        private final Workers workers;
        private final Buffer dw;
        private final Buffer db;
        private final Buffer x;
        private final Buffer dy;
        private final boolean accumulate;
        private final int n;
        private final int c;
        private final int k;

        BackwardWeights(Workers workers, Buffer dw, Buffer db, Buffer x, Buffer dy, boolean accumulate) {
            this.workers = workers;
            this.dw = dw;
            this.db = db;
            this.x = x;
            this.dy = dy;
            this.accumulate = accumulate;
            this.n = x.shape().dim(0);
            this.c = x.shape().dim(1);
            this.k = dw.shape().dim(0);
        }

        @Override
        public void run() {
            workers.run(blocks(k, ROWS) * blocks(c, COLS), this);
        }

        @Override
        public void run(int task, int worker) {
            int row = task / blocks(c, COLS) * ROWS;
            int col = task % blocks(c, COLS) * COLS;
            int rows = Math.min(ROWS, k - row);
            TileProduct.multiply(dw.address() + ((long) row * c + col) * Float.BYTES, c,
                    dy.address() + (long) row * Float.BYTES, 1, k, x.address() + (long) col * Float.BYTES, c,
                    rows, Math.min(COLS, c - col), n, accumulate);
            if (col == 0) {
                for (int j = row; j < row + rows; j++) {
                    long at = db.address() + (long) j * Float.BYTES;
                    double sum = accumulate ? Simd.get(at) : 0;
                    for (int i = 0; i < n; i++) {
                        sum += Simd.get(dy.address() + ((long) i * k + j) * Float.BYTES);
                    }
                    Simd.set(at, (float) sum);
                }
            }
        }
    }
}
