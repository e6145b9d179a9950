package org.jmoco.backend.cpu;

/**
 * One row of a transform: a small matrix applied to vectors in registers, written as the shortest sequence of
 * instructions. The matrices are those of Cook and Toom's algorithm at the points 0, 1, -1, infinity (F(2, 3), four
 * products for two outputs) and 0, 1, -1, 1/2, -2, infinity (F(4, 3), six for four). Derivation and errors:
 * docs/maths/convolution.md.
 *
 * <p>The second set of points is not the usual 0, +-1, +-2, infinity: its matrices hold smaller numbers of more even size,
 * and the rounding error of the two-dimensional F(2x4, 3x3) is 1.2 times smaller.
 *
 * @param in vectors that go in, in ymm0, ymm1 ...
 * @param out vectors that come out
 * @param constants factors, broadcast before the loop into ymm15, ymm14 ...
 * @param body writes the instructions; may use registers from {@link #SCRATCH} up to the constants
 */
record WinogradLine(int in, int out, float[] constants, Body body) {
    /** First register free for intermediate values: at most six vectors go in. */
    static final int SCRATCH = 6;
    private static final int T = SCRATCH;
    private static final int U = SCRATCH + 1;
    private static final int W = SCRATCH + 2;
    private static final int X = SCRATCH + 3;

    /** Writes the instructions of a line. */
    interface Body {
        void write(Avx2Assembler a, Sink sink);
    }

    /** Takes result {@code index} from a register, before the next instruction overwrites it. */
    interface Sink {
        void take(int index, int register);
    }

    /** The register of constant {@code i}. */
    static int constant(int i) {
        return 15 - i;
    }

    void loadConstants(Avx2Assembler a) {
        for (int i = 0; i < constants.length; i++) {
            a.constant(constant(i), constants[i]);
        }
    }

    private static float[] factors(double... values) {
        float[] f = new float[values.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = (float) values[i];
        }
        return f;
    }

    // F(2, 3).

    /** B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 -1 0 1]. */
    static final WinogradLine INPUT_2 = new WinogradLine(4, 4, factors(), (a, sink) -> {
        a.sub(T, 0, 2);
        sink.take(0, T);
        a.add(T, 1, 2);
        sink.take(1, T);
        a.sub(T, 2, 1);
        sink.take(2, T);
        a.sub(T, 3, 1);
        sink.take(3, T);
    });

    /** A^T = [1 1 1 0; 0 1 -1 1]. */
    static final WinogradLine OUTPUT_2 = new WinogradLine(4, 2, factors(), (a, sink) -> {
        a.add(T, 0, 1);
        a.add(T, T, 2);
        sink.take(0, T);
        a.sub(T, 1, 2);
        a.add(T, T, 3);
        sink.take(1, T);
    });

    /** A. */
    static final WinogradLine GRADIENT_2 = new WinogradLine(2, 4, factors(), (a, sink) -> {
        sink.take(0, 0);
        a.add(T, 0, 1);
        sink.take(1, T);
        a.sub(T, 0, 1);
        sink.take(2, T);
        sink.take(3, 1);
    });

    /** G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1]. */
    static final WinogradLine FILTER_2 = new WinogradLine(3, 4, factors(0.5), (a, sink) -> {
        sink.take(0, 0);
        a.add(T, 0, 2);
        a.mul(T, T, constant(0));
        a.mul(U, 1, constant(0));
        a.add(W, T, U);
        sink.take(1, W);
        a.sub(W, T, U);
        sink.take(2, W);
        sink.take(3, 2);
    });

    /** G^T. */
    static final WinogradLine FILTER_GRADIENT_2 = new WinogradLine(4, 3, factors(0.5), (a, sink) -> {
        a.add(T, 1, 2);
        a.mul(T, T, constant(0));
        a.add(U, 0, T);
        sink.take(0, U);
        a.sub(U, 1, 2);
        a.mul(U, U, constant(0));
        sink.take(1, U);
        a.add(U, T, 3);
        sink.take(2, U);
    });

    // F(4, 3).

    /**
     * B^T = [1 -3/2 -2 3/2 1 0; 0 -1 1/2 5/2 1 0; 0 1 -5/2 1/2 1 0; 0 -2 -1 2 1 0; 0 1/2 -1 -1/2 1 0; 0 1 -3/2 -2 3/2 1].
     * With p_i = d_(i+2) + 3/2 d_(i+1) - d_i the rows are p2 - p0, p2 + p1, p2 - p1 and, last, p3 - p1; with
     * e = d4 - d2, o = d3 - d1 the other two are e + 2 o and e - o / 2.
     */
    static final WinogradLine INPUT_4 = new WinogradLine(6, 6, factors(1.5, 2, -0.5), (a, sink) -> {
        int p1 = U;
        int p2 = W;
        a.sub(p2, 4, 2);
        a.sub(X, 3, 1);
        a.move(T, p2);
        a.multiplyAdd(T, X, constant(1));
        sink.take(3, T);
        a.move(T, p2);
        a.multiplyAdd(T, X, constant(2));
        sink.take(4, T);
        a.multiplyAdd(p2, 3, constant(0)); // d4 - d2 + 3/2 d3
        a.sub(p1, 3, 1);
        a.multiplyAdd(p1, 2, constant(0)); // d3 - d1 + 3/2 d2
        a.add(T, p2, p1);
        sink.take(1, T);
        a.sub(T, p2, p1);
        sink.take(2, T);
        a.sub(T, 2, 0);
        a.multiplyAdd(T, 1, constant(0)); // p0
        a.sub(T, p2, T);
        sink.take(0, T);
        a.sub(T, 5, 3);
        a.multiplyAdd(T, 4, constant(0)); // p3
        a.sub(T, T, p1);
        sink.take(5, T);
    });

    /** A^T = [1 1 1 1 1 0; 0 1 -1 1/2 -2 0; 0 1 1 1/4 4 0; 0 1 -1 1/8 -8 1]. */
    static final WinogradLine OUTPUT_4 = new WinogradLine(6, 4, factors(0.5, -2, 0.25, 4, 0.125, -8), (a, sink) -> {
        int sum = U;
        int difference = W;
        a.add(sum, 1, 2);
        a.sub(difference, 1, 2);
        a.add(T, 3, 4);
        a.add(X, 0, sum);
        a.add(T, T, X);
        sink.take(0, T);
        a.move(T, difference);
        a.multiplyAdd(T, 3, constant(0));
        a.multiplyAdd(T, 4, constant(1));
        sink.take(1, T);
        a.multiplyAdd(sum, 3, constant(2));
        a.multiplyAdd(sum, 4, constant(3));
        sink.take(2, sum);
        a.add(difference, difference, 5);
        a.multiplyAdd(difference, 3, constant(4));
        a.multiplyAdd(difference, 4, constant(5));
        sink.take(3, difference);
    });

    /** A; the rows of 1/2 and -2 by Horner's rule. */
    static final WinogradLine GRADIENT_4 = new WinogradLine(4, 6, factors(0.5, -2), (a, sink) -> {
        sink.take(0, 0);
        a.add(T, 0, 2);
        a.add(U, 1, 3);
        a.add(W, T, U);
        sink.take(1, W);
        a.sub(W, T, U);
        sink.take(2, W);
        for (int point = 0; point < 2; point++) {
            a.move(T, 3);
            a.multiplySelfAdd(T, constant(point), 2);
            a.multiplySelfAdd(T, constant(point), 1);
            a.multiplySelfAdd(T, constant(point), 0);
            sink.take(3 + point, T);
        }
        sink.take(5, 3);
    });

    /**
     * G = [1 0 0; 1/3 1/3 1/3; -1/3 1/3 -1/3; -16/15 -8/15 -4/15; 1/15 -2/15 4/15; 0 0 1], the polynomial of the taps at
     * each point over the product of its distances to the other points.
     */
    static final WinogradLine FILTER_4 = new WinogradLine(3, 6,
            factors(1.0 / 3, 0.5, -2, -16.0 / 15, 1.0 / 15), (a, sink) -> {
        sink.take(0, 0);
        a.add(T, 0, 2);
        a.add(U, T, 1);
        a.mul(U, U, constant(0));
        sink.take(1, U);
        a.sub(U, 1, T);
        a.mul(U, U, constant(0));
        sink.take(2, U);
        for (int point = 0; point < 2; point++) {
            a.move(T, 2);
            a.multiplySelfAdd(T, constant(1 + point), 1);
            a.multiplySelfAdd(T, constant(1 + point), 0);
            a.mul(T, T, constant(3 + point));
            sink.take(3 + point, T);
        }
        sink.take(5, 2);
    });

    /** G^T; with p = (u1 - u2) / 3, q = (u1 + u2) / 3, a = -4/15 u3, b = u4 / 15: p + u0 + 4a + b, q + 2a - 2b, p + u5 + a + 4b. */
    static final WinogradLine FILTER_GRADIENT_4 = new WinogradLine(6, 3,
            factors(1.0 / 3, -4.0 / 15, 1.0 / 15, 4, 2, -2), (a, sink) -> {
        int p = U;
        int b = W;
        int third = X;
        a.sub(p, 1, 2);
        a.mul(p, p, constant(0));
        a.mul(third, 3, constant(1));
        a.mul(b, 4, constant(2));
        a.add(T, p, 0);
        a.multiplyAdd(T, third, constant(3));
        a.add(T, T, b);
        sink.take(0, T);
        a.add(T, 1, 2);
        a.mul(T, T, constant(0));
        a.multiplyAdd(T, third, constant(4));
        a.multiplyAdd(T, b, constant(5));
        sink.take(1, T);
        a.add(p, p, 5);
        a.add(p, p, third);
        a.multiplyAdd(p, b, constant(3));
        sink.take(2, p);
    });
}
