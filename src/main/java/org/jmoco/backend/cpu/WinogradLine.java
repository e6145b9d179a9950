package org.jmoco.backend.cpu;

/**
 * One row of a transform: a small matrix applied to vectors in registers. Most are written entry by entry from the matrix
 * ({@link #of}); those of F(4, 3), whose matrices are full, as the shortest sequence of instructions found.
 *
 * @param in vectors that go in, in ymm0, ymm1 ...
 * @param out vectors that come out
 * @param constants factors, broadcast before the loop into ymm15, ymm14 ...
 * @param body writes the instructions; may use registers from {@code in} up to the constants
 */
record WinogradLine(int in, int out, double[] constants, Body body) {
    // Registers for intermediate values of the lines of F(4, 3): at most six vectors go in.
    private static final int T = 6;
    private static final int U = 7;
    private static final int W = 8;
    private static final int X = 9;
    private static final double THIRD = 1.0 / 3;
    private static final double FIFTH = 1.0 / 5;

    /** Writes the instructions of a line. */
    interface Body {
        void write(VectorAssembler a, Sink sink);
    }

    /** Takes result {@code index} from a register, which it may overwrite, before the next instruction does. */
    interface Sink {
        void take(int index, int register);
    }

    /** The register of constant {@code i}. */
    static int constant(int i) {
        return 15 - i;
    }

    void loadConstants(VectorAssembler a) {
        for (int i = 0; i < constants.length; i++) {
            a.constant(constant(i), constants[i]);
        }
    }

    private static double[] factors(double... values) {
        return values;
    }

    /**
     * The line of a matrix whose entries are 0, +-1/2 or +-1, written entry by entry. A row starts with a positive entry of
     * its smaller size.
     */
    static WinogradLine of(double[][] matrix) {
        int in = matrix[0].length;
        return new WinogradLine(in, matrix.length, factors(), (a, sink) -> {
            for (int row = 0; row < matrix.length; row++) {
                int lone = loneEntry(matrix, row);
                if (lone < 0) {
                    combine(a, in, matrix[row]);
                }
                sink.take(row, lone < 0 ? in : lone);
            }
        });
    }

    /** The column of the row's only entry if that is 1 and the column is not needed any more, else -1. */
    private static int loneEntry(double[][] matrix, int row) {
        int lone = -1;
        for (int i = 0; i < matrix[row].length; i++) {
            if (matrix[row][i] != 0) {
                if (lone >= 0 || matrix[row][i] != 1) {
                    return -1;
                }
                lone = i;
            }
        }
        for (int later = row + 1; later < matrix.length; later++) {
            if (lone >= 0 && matrix[later][lone] != 0) {
                return -1;
            }
        }
        return lone;
    }

    /** register = sum of factors[i] x register i; the factors are 0, +-1/2 or +-1. Uses one register more. */
    private static void combine(VectorAssembler a, int register, double[] factors) {
        boolean empty = true;
        for (double size : new double[] {0.5, 1}) {
            for (int sign = 1; sign >= -1; sign -= 2) {
                for (int i = 0; i < factors.length; i++) {
                    if (factors[i] != sign * size) {
                        continue;
                    }
                    if (!empty && sign > 0) {
                        a.add(register, register, i);
                    } else if (!empty) {
                        a.sub(register, register, i);
                    } else if (sign > 0) {
                        a.move(register, i);
                    } else {
                        throw new IllegalArgumentException("a row of the transform has no positive entry of size " + size);
                    }
                    empty = false;
                }
            }
            if (size == 0.5 && !empty) {
                a.constant(register + 1, 0.5);
                a.mul(register, register, register + 1);
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
    private static void divideBy15(VectorAssembler a, int register) {
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
