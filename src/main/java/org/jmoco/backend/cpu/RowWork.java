package org.jmoco.backend.cpu;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/**
 * A loop over the rows of small matrices (N features or logits), cut into tasks of {@link #ROWS} rows. These loops touch
 * thousands of numbers where a convolution touches millions: they are plain, and in f64.
 */
abstract class RowWork implements Work, Workers.Task {
    static final int ROWS = 16;

    private final Workers workers;
    private final int rows;

    RowWork(Workers workers, int rows) {
        this.workers = workers;
        this.rows = rows;
    }

    abstract void row(int n);

    @Override
    public final void run(int task, int worker) {
        for (int n = task * ROWS; n < Math.min(rows, (task + 1) * ROWS); n++) {
            row(n);
        }
    }

    @Override
    public void run() {
        workers.run((rows + ROWS - 1) / ROWS, this);
    }

    /** y = x / norm, norm = max(|x|, 1e-12). */
    static final class L2NormalizeForward extends RowWork {
        /** As torch.nn.functional.normalize: a zero row stays zero. */
        private static final double SMALLEST_NORM = 1e-12;

        private final Buffer y;
        private final Buffer norm;
        private final Buffer x;

        L2NormalizeForward(Workers workers, Buffer y, Buffer norm, Buffer x) {
            super(workers, x.shape().dim(0));
            this.y = y;
            this.norm = norm;
            this.x = x;
        }

        @Override
        void row(int n) {
            int d = x.shape().dim(1);
            long from = x.address() + (long) n * d * Float.BYTES;
            long to = y.address() + (long) n * d * Float.BYTES;
            double squares = 0;
            for (int i = 0; i < d; i++) {
                double v = Simd.get(from + (long) i * Float.BYTES);
                squares += v * v;
            }
            double length = Math.max(Math.sqrt(squares), SMALLEST_NORM);
            for (int i = 0; i < d; i++) {
                Simd.set(to + (long) i * Float.BYTES, (float) (Simd.get(from + (long) i * Float.BYTES) / length));
            }
            Simd.set(norm.address() + (long) n * Float.BYTES, (float) length);
        }
    }

    /** dx = (dy - y (y . dy)) / norm. */
    static final class L2NormalizeBackward extends RowWork {
        private final Buffer dx;
        private final Buffer dy;
        private final Buffer y;
        private final Buffer norm;

        L2NormalizeBackward(Workers workers, Buffer dx, Buffer dy, Buffer y, Buffer norm) {
            super(workers, y.shape().dim(0));
            this.dx = dx;
            this.dy = dy;
            this.y = y;
            this.norm = norm;
        }

        @Override
        void row(int n) {
            int d = y.shape().dim(1);
            long row = (long) n * d * Float.BYTES;
            double dot = 0;
            for (int i = 0; i < d; i++) {
                long o = row + (long) i * Float.BYTES;
                dot += (double) Simd.get(y.address() + o) * Simd.get(dy.address() + o);
            }
            double length = Simd.get(norm.address() + (long) n * Float.BYTES);
            for (int i = 0; i < d; i++) {
                long o = row + (long) i * Float.BYTES;
                Simd.set(dx.address() + o, (float) ((Simd.get(dy.address() + o) - Simd.get(y.address() + o) * dot) / length));
            }
        }
    }

    /** p = softmax(logits). */
    static final class Softmax extends RowWork {
        private final Buffer p;
        private final Buffer logits;

        Softmax(Workers workers, Buffer p, Buffer logits) {
            super(workers, logits.shape().dim(0));
            this.p = p;
            this.logits = logits;
        }

        @Override
        void row(int n) {
            int k = logits.shape().dim(1);
            long l = logits.address() + (long) n * k * Float.BYTES;
            long to = p.address() + (long) n * k * Float.BYTES;
            double max = Simd.get(l + (long) argmax(l, k) * Float.BYTES);
            double sum = sumOfExp(l, k, max);
            for (int j = 0; j < k; j++) {
                Simd.set(to + (long) j * Float.BYTES, (float) (StrictMath.exp(Simd.get(l + (long) j * Float.BYTES) - max) / sum));
            }
        }
    }

    /** Index of the largest of {@code k} floats, the first among equals; a NaN counts as largest. */
    static int argmax(long at, int k) {
        int best = 0;
        for (int j = 1; j < k; j++) {
            float v = Simd.get(at + (long) j * Float.BYTES);
            float b = Simd.get(at + (long) best * Float.BYTES);
            if (!(v <= b) && b == b) {
                best = j;
            }
        }
        return best;
    }

    static double sumOfExp(long at, int k, double shift) {
        double sum = 0;
        for (int j = 0; j < k; j++) {
            sum += StrictMath.exp(Simd.get(at + (long) j * Float.BYTES) - shift);
        }
        return sum;
    }

    /** dst[i] = src[index[i]]. */
    static final class Gather extends RowWork {
        private final Buffer dst;
        private final Buffer src;
        private final Buffer index;

        Gather(Workers workers, Buffer dst, Buffer src, Buffer index) {
            super(workers, dst.shape().dim(0));
            this.dst = dst;
            this.src = src;
            this.index = index;
        }

        @Override
        void row(int n) {
            int from = Simd.getInt(index.address() + (long) n * Integer.BYTES);
            int rows = src.shape().dim(0);
            if (from < 0 || from >= rows) {
                throw new IndexOutOfBoundsException("gather_rows: " + index.name() + "[" + n + "] is " + from + " but " + src
                        + " has rows 0 to " + (rows - 1));
            }
            long bytes = src.bytes() / rows;
            Simd.copy(dst.address() + n * bytes, src.address() + from * bytes, bytes);
        }
    }
}
