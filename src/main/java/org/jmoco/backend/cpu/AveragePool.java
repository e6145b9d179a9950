package org.jmoco.backend.cpu;

import jdk.incubator.vector.FloatVector;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** Global average pooling; one task is one image. */
final class AveragePool {
    private AveragePool() {}

    /**
     * Sums of at most 64 pixels in f32, those in f32 again: the error grows with 64 + HW / 64 instead of HW.
     */
    static final class Forward implements Work, Workers.Task {
        private static final int RUN = 64;

        private final Workers workers;
        private final Buffer y;
        private final Buffer x;

        Forward(Workers workers, Buffer y, Buffer x) {
            this.workers = workers;
            this.y = y;
            this.x = x;
        }

        @Override
        public void run() {
            workers.run(x.shape().dim(0), this);
        }

        @Override
        public void run(int task, int worker) {
            int pixels = x.shape().dim(1) * x.shape().dim(2);
            int channels = x.shape().dim(3);
            image(y.address() + (long) task * channels * Float.BYTES, x.address() + (long) task * pixels * channels * Float.BYTES,
                    pixels, channels);
        }

        private static void image(long y, long x, int pixels, int channels) {
            long row = (long) channels * Float.BYTES;
            int c = 0;
            for (; c <= channels - Simd.LANES; c += Simd.LANES) {
                long at = x + (long) c * Float.BYTES;
                FloatVector total = FloatVector.zero(Simd.F);
                for (int i = 0; i < pixels; i += RUN) {
                    FloatVector sum = FloatVector.zero(Simd.F);
                    for (int j = i; j < Math.min(pixels, i + RUN); j++) {
                        sum = sum.add(Simd.load(at + j * row));
                    }
                    total = total.add(sum);
                }
                Simd.store(y + (long) c * Float.BYTES, total.div(pixels));
            }
            for (; c < channels; c++) {
                long at = x + (long) c * Float.BYTES;
                float total = 0;
                for (int i = 0; i < pixels; i += RUN) {
                    float sum = 0;
                    for (int j = i; j < Math.min(pixels, i + RUN); j++) {
                        sum += Simd.get(at + j * row);
                    }
                    total += sum;
                }
                Simd.set(y + (long) c * Float.BYTES, total / pixels);
            }
        }
    }

    /** dx = dy / (H W), the same for every pixel: one row is divided, the others are copies. */
    static final class Backward implements Work, Workers.Task {
        private final Workers workers;
        private final Buffer dx;
        private final Buffer dy;

        Backward(Workers workers, Buffer dx, Buffer dy) {
            this.workers = workers;
            this.dx = dx;
            this.dy = dy;
        }

        @Override
        public void run() {
            workers.run(dx.shape().dim(0), this);
        }

        @Override
        public void run(int task, int worker) {
            int pixels = dx.shape().dim(1) * dx.shape().dim(2);
            int channels = dx.shape().dim(3);
            long row = (long) channels * Float.BYTES;
            long to = dx.address() + task * pixels * row;
            long from = dy.address() + task * row;
            for (int c = 0; c < channels; c++) {
                Simd.set(to + (long) c * Float.BYTES, Simd.get(from + (long) c * Float.BYTES) / pixels);
            }
            for (int i = 1; i < pixels; i++) {
                Simd.copy(to + i * row, to, row);
            }
        }
    }
}
