package org.jmoco.backend.cpu;

import org.jmoco.backend.cpu.VectorAssembler.Memory;

/**
 * Cook and Toom's algorithm for three taps with the points 0, p and -p for each of some p, infinity: 2 n outputs by 2 n + 2
 * products for n pairs. Why pairs: an even polynomial has the same value at p and -p, an odd one the opposite, so that both
 * points cost one even and one odd half of the terms.
 *
 * <p>With W(x) the product of all (x^2 - p^2) and Q_p(x) = W(x) / (x^2 - p^2), the rows of B^T are the coefficients of W for
 * point 0, of x^2 Q_p + p x Q_p and x^2 Q_p - p x Q_p for p and -p, of x W for infinity. A^T holds the powers of the points,
 * and G those of 0 to 2 over the product of a point's distances to the others, 2 p^2 Q_p(p).
 *
 * <p>G is not made of whole numbers here, so not even small integers come out exactly: this is for sums in f64 that are rounded
 * to f32 in the end. In f32, eight outputs would err some hundred units in the last place.
 */
final class WinogradPairs {
    private static final int TAPS = 3;

    private final double[] p;
    private final int in; // inputs and products
    private final int out;

    /** @param p positive points, each different; of up to five of them a line's vectors and three more fit into 16 registers */
    WinogradPairs(double... p) {
        this.p = p;
        out = 2 * p.length;
        in = out + TAPS - 1;
    }

    /** The matrices. */
    WinogradFilter filter() {
        double[][] bT = new double[in][in];
        double[][] aT = new double[out][in];
        double[][] g = new double[in][TAPS];
        double[] points = new double[in - 1];
        double[] w = product(-1);
        for (int j = 0; j < w.length; j++) {
            bT[0][2 * j] = w[j];
            bT[in - 1][2 * j + 1] = w[j];
        }
        for (int i = 0; i < p.length; i++) {
            double[] q = product(i);
            for (int sign = 0; sign < 2; sign++) {
                int row = 1 + 2 * i + sign;
                points[row] = sign == 0 ? p[i] : -p[i];
                for (int j = 0; j < q.length; j++) {
                    bT[row][2 * j + 2] = q[j];
                    bT[row][2 * j + 1] = points[row] * q[j];
                }
            }
        }
        for (int row = 0; row < in - 1; row++) {
            for (int j = 0; j < out; j++) {
                aT[j][row] = Math.pow(points[row], j);
            }
            for (int tap = 0; tap < TAPS; tap++) {
                g[row][tap] = Math.pow(points[row], tap) / distances(row);
            }
        }
        aT[out - 1][in - 1] = 1;
        g[in - 1][TAPS - 1] = 1;
        return new WinogradFilter(bT, aT, g, 1, out);
    }

    /** Coefficients, of 1 first, in y = x^2 of the product of all (y - p^2) but that of {@code without}; the last is 1. */
    private double[] product(int without) {
        double[] c = {1};
        for (int i = 0; i < p.length; i++) {
            if (i == without) {
                continue;
            }
            double[] longer = new double[c.length + 1];
            for (int j = 0; j < c.length; j++) {
                longer[j + 1] += c[j];
                longer[j] -= p[i] * p[i] * c[j];
            }
            c = longer;
        }
        return c;
    }

    /** The product of a finite point's distances to the other finite ones; p and -p have the same. */
    private double distances(int row) {
        if (row == 0) {
            return product(-1)[0];
        }
        double square = p[(row - 1) / 2] * p[(row - 1) / 2];
        double[] q = product((row - 1) / 2);
        double value = 0;
        for (int j = q.length - 1; j >= 0; j--) {
            value = value * square + q[j];
        }
        return 2 * square * value;
    }

    /** B^T. */
    WinogradLine input() {
        return new WinogradLine(in, in, new double[0], (a, sink) -> {
            int even = in;
            int odd = in + 1;
            int other = in + 2;
            polynomial(a, even, 0, product(-1));
            sink.take(0, even);
            for (int i = 0; i < p.length; i++) {
                polynomial(a, even, 2, product(i));
                polynomial(a, odd, 1, product(i));
                plusAndMinus(a, other, even, odd, p[i]);
                sink.take(1 + 2 * i, other);
                sink.take(2 + 2 * i, even);
            }
            polynomial(a, odd, 1, product(-1));
            sink.take(in - 1, odd);
        });
    }

    /** to = sum of c[j] x register (first + 2 j); the last factor is 1. */
    private static void polynomial(VectorAssembler a, int to, int first, double[] c) {
        a.move(to, first + 2 * (c.length - 1));
        for (int j = c.length - 2; j >= 0; j--) {
            a.multiplyAdd(to, first + 2 * j, a.inCode(c[j]));
        }
    }

    /** sum = even + factor x odd, and even = even - factor x odd. */
    private static void plusAndMinus(VectorAssembler a, int sum, int even, int odd, double factor) {
        if (factor == 1) {
            a.add(sum, even, odd);
            a.sub(even, even, odd);
        } else {
            a.move(sum, even);
            a.multiplyAdd(sum, odd, a.inCode(factor));
            a.multiplyAdd(even, odd, a.inCode(-factor));
        }
    }

    /** A^T. */
    WinogradLine output() {
        return new WinogradLine(in, out, new double[0], (a, sink) -> {
            int last = in - 1;
            int t = in;
            for (int i = 0; i < p.length; i++) { // the pair becomes its sum and its difference
                int plus = 1 + 2 * i;
                a.sub(t, plus, plus + 1);
                a.add(plus, plus, plus + 1);
                a.move(plus + 1, t);
            }
            for (int j = 0; j < out; j++) {
                boolean begun = j == 0 || j == out - 1;
                if (begun) {
                    a.move(t, j == 0 ? 0 : last);
                }
                for (int i = 0; i < p.length; i++) {
                    int half = 1 + 2 * i + j % 2;
                    double power = Math.pow(p[i], j);
                    Memory factor = power == 1 ? null : a.inCode(power);
                    if (!begun && factor == null) {
                        a.move(t, half);
                    } else if (!begun) {
                        a.mul(t, half, factor);
                    } else if (factor == null) {
                        a.add(t, t, half);
                    } else {
                        a.multiplyAdd(t, half, factor);
                    }
                    begun = true;
                }
                sink.take(j, t);
            }
        });
    }

    /** G. */
    WinogradLine taps() {
        return new WinogradLine(TAPS, in, new double[0], (a, sink) -> {
            int even = TAPS;
            int odd = TAPS + 1;
            int other = TAPS + 2;
            a.mul(other, 0, a.inCode(1 / distances(0)));
            sink.take(0, other);
            for (int i = 0; i < p.length; i++) {
                double scale = 1 / distances(1 + 2 * i);
                a.mul(even, 0, a.inCode(scale));
                a.multiplyAdd(even, 2, a.inCode(scale * p[i] * p[i]));
                a.mul(odd, 1, a.inCode(scale * p[i]));
                plusAndMinus(a, other, even, odd, 1);
                sink.take(1 + 2 * i, other);
                sink.take(2 + 2 * i, even);
            }
            a.move(other, 2);
            sink.take(in - 1, other);
        });
    }
}
