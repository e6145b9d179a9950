package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;

/**
 * One convolution problem with data, its plain-loop results in double precision and, for each element, the sum of the
 * absolute values of its terms, to which rounding errors are in proportion.
 */
final class ConvCase {
    /** Values around each native tensor that must not change. */
    private static final int GUARD = 64;
    private static final float GUARD_VALUE = -12345.5f;

    final ConvProblem p;
    final float[] x;
    final float[] w;
    final float[] dy;

    private ConvCase(ConvProblem p, float[] x, float[] w, float[] dy) {
        this.p = p;
        this.x = x;
        this.w = w;
        this.dy = dy;
    }

    /** Multiples of 4 up to 8 for the filters and small integers for the rest: sums and Winograd's quarters are exact. */
    static ConvCase integers(ConvProblem p, long seed) {
        Random random = new Random(seed);
        return new ConvCase(p, fill(p.xSize(), () -> random.nextInt(7) - 3),
                fill(p.wSize(), () -> 4 * (random.nextInt(5) - 2)),
                fill(p.ySize(), () -> 4 * (random.nextInt(5) - 2)));
    }

    /** Standard normal values; x is cut at zero as after a ReLU. */
    static ConvCase normals(ConvProblem p, long seed) {
        Random random = new Random(seed);
        return new ConvCase(p, fill(p.xSize(), () -> (float) Math.max(0, random.nextGaussian())),
                fill(p.wSize(), () -> (float) random.nextGaussian()),
                fill(p.ySize(), () -> (float) random.nextGaussian()));
    }

    private interface Source {
        float next();
    }

    private static float[] fill(long size, Source source) {
        float[] values = new float[Math.toIntExact(size)];
        for (int i = 0; i < values.length; i++) {
            values[i] = source.next();
        }
        return values;
    }

    /** A sum and the sum of the absolute values of its terms, per element. */
    record Exact(double[] sums, double[] magnitudes) {
        static Exact ofSize(int size) {
            return new Exact(new double[size], new double[size]);
        }

        void add(int i, double term) {
            sums[i] += term;
            magnitudes[i] += Math.abs(term);
        }
    }

    private interface Visitor {
        void visit(int x, int w, int y);
    }

    /** Calls back for each product of the convolution with the indices of its element of x, w and y. */
    private void forEachProduct(Visitor visitor) {
        for (int n = 0; n < p.n(); n++) {
            for (int i = 0; i < p.outH() * p.outW(); i++) {
                for (int r = 0; r < p.r(); r++) {
                    for (int s = 0; s < p.s(); s++) {
                        int row = i / p.outW() * p.stride() + r - p.pad();
                        int column = i % p.outW() * p.stride() + s - p.pad();
                        if (row < 0 || row >= p.h() || column < 0 || column >= p.w()) {
                            continue;
                        }
                        int xi = ((n * p.h() + row) * p.w() + column) * p.c();
                        int yi = (n * p.outH() * p.outW() + i) * p.k();
                        for (int k = 0; k < p.k(); k++) {
                            int wi = ((k * p.r() + r) * p.s() + s) * p.c();
                            for (int c = 0; c < p.c(); c++) {
                                visitor.visit(xi + c, wi + c, yi + k);
                            }
                        }
                    }
                }
            }
        }
    }

    Exact y() {
        Exact y = Exact.ofSize(dy.length);
        forEachProduct((xi, wi, yi) -> y.add(yi, (double) x[xi] * w[wi]));
        return y;
    }

    Exact dx() {
        Exact dx = Exact.ofSize(x.length);
        forEachProduct((xi, wi, yi) -> dx.add(xi, (double) dy[yi] * w[wi]));
        return dx;
    }

    Exact dw() {
        Exact dw = Exact.ofSize(w.length);
        forEachProduct((xi, wi, yi) -> dw.add(wi, (double) dy[yi] * x[xi]));
        return dw;
    }

    /** Runs the plan under test on native copies and returns its result; checks the guards around it. */
    float[] forward(Workers workers, ConvMethod method) {
        return run(new ConvForward(p, workers, method), x, w, dy.length, Float.NaN);
    }

    float[] backwardData(Workers workers, ConvMethod method) {
        return run(new ConvBackwardData(p, false, workers, method), dy, w, x.length, Float.NaN);
    }

    /** As above on a dx that holds {@code before} everywhere. */
    float[] backwardDataOnto(float before, Workers workers, ConvMethod method) {
        return run(new ConvBackwardData(p, true, workers, method), dy, w, x.length, before);
    }

    float[] backwardWeights(Workers workers, ConvMethod method) {
        return run(new ConvBackwardWeights(p, false, workers, method), x, dy, w.length, Float.NaN);
    }

    /** As above on a dw that holds {@code before} everywhere. */
    float[] backwardWeightsOnto(float before, Workers workers, ConvMethod method) {
        return run(new ConvBackwardWeights(p, true, workers, method), x, dy, w.length, before);
    }

    /** What {@code kernel} makes of x and w, of dy and w, or of x and dy. */
    float[] forward(ConvKernel kernel) {
        return run(kernel, x, w, dy.length);
    }

    float[] backwardData(ConvKernel kernel) {
        return run(kernel, dy, w, x.length);
    }

    float[] backwardWeights(ConvKernel kernel) {
        return run(kernel, x, dy, w.length);
    }

    private float[] run(ConvPlan plan, float[] a, float[] b, int outSize, float before) {
        try (plan) {
            return run(plan.scratchBytes(), a, b, outSize, before, (scratch, from, with, out) ->
                    plan.bind(scratch).run(from, with, out), plan.describe());
        }
    }

    private float[] run(ConvKernel kernel, float[] a, float[] b, int outSize) {
        try (kernel) {
            return run(kernel.scratchBytes(), a, b, outSize, Float.NaN, (scratch, from, with, out) -> {
                kernel.bind(scratch);
                kernel.run(from, with, out);
            }, kernel.describe());
        }
    }

    interface Plan {
        void run(long scratch, long a, long b, long out);
    }

    /** Scratch and result hold NaN (or {@code before}) at first, so that whatever is read but never written shows. */
    private float[] run(long scratchBytes, float[] a, float[] b, int outSize, float before, Plan plan, String method) {
        long floats = 4L * GUARD + a.length + b.length + outSize;
        try (NativeMemory memory = NativeMemory.allocate("test", (floats + 64) * Float.BYTES);
                NativeMemory scratch = NativeMemory.allocate("test scratch", scratchBytes)) {
            MemorySegment all = memory.segment();
            for (long i = 0; i < floats; i++) {
                all.setAtIndex(JAVA_FLOAT, i, GUARD_VALUE);
            }
            for (long i = 0; i + 4 <= scratchBytes; i += 4) {
                scratch.segment().set(JAVA_FLOAT, i, Float.NaN);
            }
            long at = GUARD;
            MemorySegment.copy(a, 0, all, JAVA_FLOAT, at * 4, a.length);
            long bAt = at + a.length + GUARD;
            MemorySegment.copy(b, 0, all, JAVA_FLOAT, bAt * 4, b.length);
            long outAt = bAt + b.length + GUARD;
            for (int i = 0; i < outSize; i++) {
                all.setAtIndex(JAVA_FLOAT, outAt + i, before);
            }
            for (int repeat = 0; repeat < (Float.isNaN(before) ? 2 : 1); repeat++) {
                plan.run(scratch.address(), memory.address() + at * 4, memory.address() + bAt * 4,
                        memory.address() + outAt * 4);
            }
            for (long start : new long[] {0, at + a.length, bAt + b.length, outAt + outSize}) {
                for (long i = start; i < start + GUARD; i++) {
                    if (all.getAtIndex(JAVA_FLOAT, i) != GUARD_VALUE) {
                        fail(p + " (" + method + "): wrote outside a tensor, at float " + (i - outAt) + " of the result");
                    }
                }
            }
            float[] out = new float[outSize];
            MemorySegment.copy(all, JAVA_FLOAT, outAt * 4, out, 0, outSize);
            return out;
        }
    }

    /**
     * Fails unless |got - expected| is at most {@code factor} x 2^-24 x magnitude everywhere, where magnitude is the sum of
     * the absolute values of an element's terms; Winograd's method mixes the terms of a tile, so there it is the largest
     * such sum. With factor 0 the results must be equal.
     */
    void check(String what, ConvMethod method, Exact expected, double offset, float[] got, double factor) {
        double largest = Arrays.stream(expected.magnitudes).max().orElse(0);
        double worst = Double.NEGATIVE_INFINITY;
        int at = 0;
        double[] allowed = new double[got.length];
        for (int i = 0; i < got.length; i++) {
            double error = Math.abs(got[i] - expected.sums[i] - offset);
            allowed[i] = factor * 0x1p-24
                    * ((method == ConvMethod.DIRECT ? expected.magnitudes[i] : largest) + Math.abs(offset));
            double excess = error - allowed[i];
            if (!(excess <= worst)) { // a NaN counts as worst
                worst = excess;
                at = i;
            }
        }
        if (!(worst <= 0)) {
            fail(what + " " + method + " " + p + ": element " + at + " is " + got[at] + ", expected "
                    + (expected.sums[at] + offset) + ", allowed difference "
                    + allowed[at]);
        }
    }
}
