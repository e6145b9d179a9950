package org.jmoco.backend.cpu;

/**
 * One row of a transform: a small matrix applied to vectors in registers. Most are written entry by entry from the matrix
 * ({@link #of}); those of F(4, 3), whose matrices are full, as the shortest sequence of instructions found.
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
    private static final double THIRD = 1.0 / 3;
    private static final double FIFTH = 1.0 / 5;

    /** Writes the instructions of a line. */
    interface Body {
        void write(Avx2Assembler a, Sink sink);
    }

    /** Takes result {@code index} from a register, which it may overwrite, before the next instruction does. */
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

    /**
     * The line of a matrix whose entries are 0, +-1/2 or +-1, written entry by entry. A row starts with a positive entry of
     * its smaller size.
     */
    static WinogradLine of(double[][] matrix) {
        return new WinogradLine(matrix[0].length, matrix.length, factors(), (a, sink) -> {
            for (int row = 0; row < matrix.length; row++) {
                combine(a, T, matrix[row], new Terms() {
                    @Override
                    public void load(int column) {
                        a.move(T, column);
                    }

                    @Override
                    public void add(int column) {
                        a.add(T, T, column);
                    }

                    @Override
                    public void subtract(int column) {
                        a.sub(T, T, column);
                    }
                });
                sink.take(row, T);
            }
        });
    }

    /** How {@link #combine} gets at the terms of a sum. */
    interface Terms {
        void load(int i);

        void add(int i);

        void subtract(int i);
    }

    /** register = sum of factors[i] x term i; the factors are 0, +-1/2 or +-1. Uses register {@link #SCRATCH} + 1. */
    static void combine(Avx2Assembler a, int register, double[] factors, Terms terms) {
        boolean empty = true;
        for (double size : new double[] {0.5, 1}) {
            for (int sign = 1; sign >= -1; sign -= 2) {
                for (int i = 0; i < factors.length; i++) {
                    if (factors[i] != sign * size) {
                        continue;
                    }
                    if (!empty && sign > 0) {
                        terms.add(i);
                    } else if (!empty) {
                        terms.subtract(i);
                    } else if (sign > 0) {
                        terms.load(i);
                    } else {
                        throw new IllegalArgumentException("a row of the transform has no positive entry of size " + size);
                    }
                    empty = false;
                }
            }
            if (size == 0.5 && !empty) {
                a.constant(SCRATCH + 1, 0.5f);
                a.mul(register, register, SCRATCH + 1);
            }
        }
        if (empty) {
            a.clear(register);
        }
    }

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

    /**
     * A^T = [1 1 1 1 1 0; 0 1 -1 1/2 -2 0; 0 1 1 1/4 4 0; 0 1 -1 1/8 -8 1] / 15. The division is by 3 and by 5, since the
     * product of a whole multiple with 1/3 or 1/5 as f32 is exact, which it is not with 1/15.
     */
    static final WinogradLine OUTPUT_4 = new WinogradLine(6, 4, factors(0.5, -2, 0.25, 4, THIRD, FIFTH), (a, sink) -> {
        int sum = U;
        int difference = W;
        a.add(sum, 1, 2);
        a.sub(difference, 1, 2);
        a.add(T, 3, 4);
        a.add(X, 0, sum);
        a.add(T, T, X);
        divideBy15(a, T);
        sink.take(0, T);
        a.mul(3, 3, constant(0));
        a.mul(4, 4, constant(1));
        a.add(T, difference, 3);
        a.add(T, T, 4);
        divideBy15(a, T);
        sink.take(1, T);
        a.multiplyAdd(sum, 3, constant(0));
        a.multiplyAdd(sum, 4, constant(1));
        divideBy15(a, sum);
        sink.take(2, sum);
        a.add(difference, difference, 5);
        a.multiplyAdd(difference, 3, constant(2));
        a.multiplyAdd(difference, 4, constant(3));
        divideBy15(a, difference);
        sink.take(3, difference);
    });

    /** With 1/3 and 1/5 as the last two of six constants. */
    private static void divideBy15(Avx2Assembler a, int register) {
        a.mul(register, register, constant(4));
        a.mul(register, register, constant(5));
    }

    /** A, without the divisor, which {@link #FILTER_GRADIENT_4} applies; the rows of 1/2 and -2 by Horner's rule. */
    static final WinogradLine GRADIENT_4 = new WinogradLine(4, 6, factors(0.5, -2), (a, sink) -> {
        a.move(T, 0);
        sink.take(0, T);
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
        a.move(T, 3);
        sink.take(5, T);
    });

    /**
     * G = [15 0 0; 5 5 5; -5 5 -5; -16 -8 -4; 1 -2 4; 0 0 15]: the polynomial of the taps at each point over the product of
     * its distances to the other points, times 15, so that whole numbers stay whole.
     */
    static final WinogradLine FILTER_4 = new WinogradLine(3, 6, factors(15, 5, 0.5, -2, -16), (a, sink) -> {
        a.mul(T, 0, constant(0));
        sink.take(0, T);
        a.add(T, 0, 2);
        a.add(U, T, 1);
        a.mul(U, U, constant(1));
        sink.take(1, U);
        a.sub(U, 1, T);
        a.mul(U, U, constant(1));
        sink.take(2, U);
        for (int point = 0; point < 2; point++) {
            a.move(T, 2);
            a.multiplySelfAdd(T, constant(2 + point), 1);
            a.multiplySelfAdd(T, constant(2 + point), 0);
            if (point == 0) {
                a.mul(T, T, constant(4));
            }
            sink.take(3 + point, T);
        }
        a.mul(T, 2, constant(0));
        sink.take(5, T);
    });

    /**
     * G^T / 15; with p = 5 (u1 - u2), q = 5 (u1 + u2) and a = -4 u3 it is (15 u0 + p + 4 a + u4, q + 2 (a - u4),
     * 15 u5 + p + a + 4 u4) / 15.
     */
    static final WinogradLine FILTER_GRADIENT_4 = new WinogradLine(6, 3, factors(15, 5, -4, 4, THIRD, FIFTH), (a, sink) -> {
        int p = U;
        int fourth = W;
        a.sub(p, 1, 2);
        a.mul(p, p, constant(1));
        a.mul(fourth, 3, constant(2));
        a.add(T, p, 4);
        a.multiplyAdd(T, 0, constant(0));
        a.multiplyAdd(T, fourth, constant(3));
        divideBy15(a, T);
        sink.take(0, T);
        a.add(T, 1, 2);
        a.mul(T, T, constant(1));
        a.sub(X, fourth, 4);
        a.add(T, T, X);
        a.add(T, T, X);
        divideBy15(a, T);
        sink.take(1, T);
        a.add(p, p, fourth);
        a.multiplyAdd(p, 4, constant(3));
        a.multiplyAdd(p, 5, constant(0));
        divideBy15(a, p);
        sink.take(2, p);
    });
}
