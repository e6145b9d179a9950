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

    /** Columns of a block: 128 columns by {@link #DEPTH} rows of w are 256 KiB, half of an L2 cache. */
    private static final int COLS = 128;

    /**
     * Terms of a sum that are added before the next element has its turn: those rows of w stay in the cache for all rows of a
     * block. A sum goes on from what its element holds, so it is the same chain.
     */
    private static final int DEPTH = 512;

    private LinearWork() {}

    private static int blocks(int size, int block) {
        return (size + block - 1) / block;
    }

    /**
     * y = b + x w^T. The product wants rows of w^T, so w [K,C] is first transposed into scratch: panels of {@link #COLS} columns
     * of w^T, one behind the other, each of which stays in the cache while all rows of x go past it.
     */
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
        private final int panels;
        private long wt; // [panels, C, COLS] f32

        Forward(Workers workers, Buffer y, Buffer x, Buffer w, Buffer b) {
            this.workers = workers;
            this.y = y;
            this.x = x;
            this.w = w;
            this.b = b;
            this.n = x.shape().dim(0);
            this.c = x.shape().dim(1);
            this.k = w.shape().dim(0);
            this.panels = blocks(k, COLS);
        }

        @Override
        public long scratchBytes() {
            return panels * panelBytes();
        }

        private long panelBytes() {
            return (long) c * COLS * Float.BYTES;
        }

        @Override
        public void bind(long scratch) {
            wt = scratch;
        }

        @Override
        public void run() {
            workers.run(panels * blocks(c, COLS), transpose);
            workers.run(panels * blocks(n, ROWS), product);
        }

        private void transpose(int task, int worker) {
            int panel = task / blocks(c, COLS);
            int first = task % blocks(c, COLS) * COLS;
            int cols = Math.min(COLS, k - panel * COLS);
            long from = w.address() + (long) panel * COLS * c * Float.BYTES;
            long to = wt + panel * panelBytes();
            for (int i = first; i < Math.min(c, first + COLS); i++) {
                for (int j = 0; j < cols; j++) {
                    Simd.set(to + ((long) i * COLS + j) * Float.BYTES, Simd.get(from + ((long) j * c + i) * Float.BYTES));
                }
            }
        }

        private void product(int task, int worker) {
            int panel = task / blocks(n, ROWS);
            int row = task % blocks(n, ROWS) * ROWS;
            int rows = Math.min(ROWS, n - row);
            int col = panel * COLS;
            int cols = Math.min(COLS, k - col);
            long to = y.address() + ((long) row * k + col) * Float.BYTES;
            for (int i = 0; i < rows; i++) {
                Simd.copy(to + (long) i * k * Float.BYTES, b.address() + (long) col * Float.BYTES, (long) cols * Float.BYTES);
            }
            TileProduct.multiply(to, k, x.address() + (long) row * c * Float.BYTES, c, 1, wt + panel * panelBytes(), COLS, rows,
                    cols, c, true);
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
            for (int depth = 0; depth < k; depth += DEPTH) {
                TileProduct.multiply(dx.address() + ((long) row * c + col) * Float.BYTES, c,
                        dy.address() + ((long) row * k + depth) * Float.BYTES, k, 1,
                        w.address() + ((long) depth * c + col) * Float.BYTES, c, Math.min(ROWS, n - row), Math.min(COLS, c - col),
                        Math.min(DEPTH, k - depth), depth > 0);
            }
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
