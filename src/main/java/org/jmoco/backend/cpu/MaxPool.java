package org.jmoco.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Work;

/**
 * Max pooling, vectors along the channels. One task is one row of one image of the result, in both directions: backward
 * collects, for each dx, from the windows that cover it, so no two tasks write the same element.
 */
final class MaxPool {
    private MaxPool() {}

    /** A NaN wins its window, as in PyTorch. A window that sees padding alone gives minus infinity and argmax -1. */
    static final class Forward implements Work, Workers.Task {
        private final Workers workers;
        private final ConvGeometry g;
        private final Buffer y;
        private final Buffer argmax;
        private final Buffer x;

        Forward(Workers workers, ConvGeometry g, Buffer y, Buffer argmax, Buffer x) {
            this.workers = workers;
            this.g = g;
            this.y = y;
            this.argmax = argmax;
            this.x = x;
        }

        @Override
        public void run() {
            workers.run(g.n() * g.p(), this);
        }

        @Override
        public void run(int task, int worker) {
            int n = task / g.p();
            int p = task % g.p();
            int h0 = Math.max(0, p * g.stride() - g.pad());
            int h1 = Math.min(g.h(), p * g.stride() - g.pad() + g.r());
            long image = x.address() + (long) n * g.h() * g.w() * g.c() * Float.BYTES;
            for (int q = 0; q < g.q(); q++) {
                int w0 = Math.max(0, q * g.stride() - g.pad());
                int w1 = Math.min(g.w(), q * g.stride() - g.pad() + g.s());
                long offset = ((long) task * g.q() + q) * g.c() * Float.BYTES;
                window(image, y.address() + offset, argmax.address() + offset, h0, h1, w0, w1, g.w(), g.c());
            }
        }

        private static void window(long image, long y, long argmax, int h0, int h1, int w0, int w1, int width, int channels) {
            int c = 0;
            for (; c <= channels - Simd.LANES; c += Simd.LANES) {
                FloatVector best = FloatVector.broadcast(Simd.F, Float.NEGATIVE_INFINITY);
                IntVector where = IntVector.broadcast(Simd.I, h0 < h1 && w0 < w1 ? h0 * width + w0 : -1);
                for (int h = h0; h < h1; h++) {
                    for (int w = w0; w < w1; w++) {
                        FloatVector v = Simd.load(image + ((long) (h * width + w) * channels + c) * Float.BYTES);
                        // Not "less or equal" is greater or NaN; a NaN already found stays.
                        VectorMask<Float> wins = v.compare(VectorOperators.LE, best).not()
                                .and(best.compare(VectorOperators.EQ, best));
                        best = best.blend(v, wins);
                        where = where.blend(h * width + w, wins.cast(Simd.I));
                    }
                }
                Simd.store(y + (long) c * Float.BYTES, best);
                Simd.storeInts(argmax + (long) c * Float.BYTES, where);
            }
            for (; c < channels; c++) {
                float best = Float.NEGATIVE_INFINITY;
                int where = h0 < h1 && w0 < w1 ? h0 * width + w0 : -1;
                for (int h = h0; h < h1; h++) {
                    for (int w = w0; w < w1; w++) {
                        float v = Simd.get(image + ((long) (h * width + w) * channels + c) * Float.BYTES);
                        if (!(v <= best) && best == best) {
                            best = v;
                            where = h * width + w;
                        }
                    }
                }
                Simd.set(y + (long) c * Float.BYTES, best);
                Simd.setInt(argmax + (long) c * Float.BYTES, where);
            }
        }
    }

    static final class Backward implements Work, Workers.Task {
        private final Workers workers;
        private final ConvGeometry g;
        private final Buffer dx;
        private final Buffer dy;
        private final Buffer argmax;

        Backward(Workers workers, ConvGeometry g, Buffer dx, Buffer dy, Buffer argmax) {
            this.workers = workers;
            this.g = g;
            this.dx = dx;
            this.dy = dy;
            this.argmax = argmax;
        }

        @Override
        public void run() {
            workers.run(g.n() * g.h(), this);
        }

        @Override
        public void run(int task, int worker) {
            int n = task / g.h();
            int h = task % g.h();
            // Windows p with p st - pad <= h < p st - pad + R.
            int p0 = Math.max(0, Math.ceilDiv(h + g.pad() - g.r() + 1, g.stride()));
            int p1 = Math.min(g.p() - 1, (h + g.pad()) / g.stride());
            long image = (long) n * g.p() * g.q() * g.c() * Float.BYTES;
            for (int w = 0; w < g.w(); w++) {
                int q0 = Math.max(0, Math.ceilDiv(w + g.pad() - g.s() + 1, g.stride()));
                int q1 = Math.min(g.q() - 1, (w + g.pad()) / g.stride());
                collect(dx.address() + ((long) task * g.w() + w) * g.c() * Float.BYTES, dy.address() + image,
                        argmax.address() + image, h * g.w() + w, p0, p1, q0, q1, g.q(), g.c());
            }
        }

        private static void collect(long dx, long dy, long argmax, int here, int p0, int p1, int q0, int q1, int width,
                int channels) {
            int c = 0;
            for (; c <= channels - Simd.LANES; c += Simd.LANES) {
                FloatVector sum = FloatVector.zero(Simd.F);
                for (int p = p0; p <= p1; p++) {
                    for (int q = q0; q <= q1; q++) {
                        long o = ((long) (p * width + q) * channels + c) * Float.BYTES;
                        VectorMask<Integer> mine = Simd.loadInts(argmax + o).compare(VectorOperators.EQ, here);
                        sum = sum.blend(sum.add(Simd.load(dy + o)), mine.cast(Simd.F));
                    }
                }
                Simd.store(dx + (long) c * Float.BYTES, sum);
            }
            for (; c < channels; c++) {
                float sum = 0;
                for (int p = p0; p <= p1; p++) {
                    for (int q = q0; q <= q1; q++) {
                        long o = ((long) (p * width + q) * channels + c) * Float.BYTES;
                        if (Simd.getInt(argmax + o) == here) {
                            sum += Simd.get(dy + o);
                        }
                    }
                }
                Simd.set(dx + (long) c * Float.BYTES, sum);
            }
        }
    }
}
