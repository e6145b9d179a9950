package org.jmoco.bench;

import java.util.Map;
import org.jmoco.backend.ConvGeometry;

/** Single elements of convolutions and matrix products, straight from the definition: {sum, sum of squares} of the products. */
final class Definition {
    private Definition() {
    }

    static double[] forward(ConvGeometry g, float[] x, float[] w, int element) {
        int k = element % g.k();
        int q = element / g.k() % g.q();
        int p = element / g.k() / g.q() % g.p();
        int n = element / g.k() / g.q() / g.p();
        double[] sum = new double[2];
        for (int r = 0; r < g.r(); r++) {
            for (int s = 0; s < g.s(); s++) {
                int h = p * g.stride() + r - g.pad();
                int col = q * g.stride() + s - g.pad();
                if (h < 0 || h >= g.h() || col < 0 || col >= g.w()) {
                    continue;
                }
                for (int c = 0; c < g.c(); c++) {
                    add(sum, x[((n * g.h() + h) * g.w() + col) * g.c() + c], w[((k * g.r() + r) * g.s() + s) * g.c() + c]);
                }
            }
        }
        return sum;
    }

    static double[] backwardData(ConvGeometry g, float[] dy, float[] w, int element) {
        int c = element % g.c();
        int col = element / g.c() % g.w();
        int h = element / g.c() / g.w() % g.h();
        int n = element / g.c() / g.w() / g.h();
        double[] sum = new double[2];
        for (int r = 0; r < g.r(); r++) {
            for (int s = 0; s < g.s(); s++) {
                int p = h + g.pad() - r;
                int q = col + g.pad() - s;
                if (p % g.stride() != 0 || q % g.stride() != 0) {
                    continue;
                }
                p /= g.stride();
                q /= g.stride();
                if (p < 0 || p >= g.p() || q < 0 || q >= g.q()) {
                    continue;
                }
                for (int k = 0; k < g.k(); k++) {
                    add(sum, dy[((n * g.p() + p) * g.q() + q) * g.k() + k], w[((k * g.r() + r) * g.s() + s) * g.c() + c]);
                }
            }
        }
        return sum;
    }

    static double[] backwardWeights(ConvGeometry g, float[] x, float[] dy, int element) {
        int c = element % g.c();
        int s = element / g.c() % g.s();
        int r = element / g.c() / g.s() % g.r();
        int k = element / g.c() / g.s() / g.r();
        double[] sum = new double[2];
        for (int n = 0; n < g.n(); n++) {
            for (int p = 0; p < g.p(); p++) {
                int h = p * g.stride() + r - g.pad();
                for (int q = 0; h >= 0 && h < g.h() && q < g.q(); q++) {
                    int col = q * g.stride() + s - g.pad();
                    if (col >= 0 && col < g.w()) {
                        add(sum, x[((n * g.h() + h) * g.w() + col) * g.c() + c],
                                dy[((n * g.p() + p) * g.q() + q) * g.k() + k]);
                    }
                }
            }
        }
        return sum;
    }

    /** Element of y, dx or dw of a linear layer. */
    static double[] linear(Problem p, Map<String, float[]> b, int element) {
        int n = p.size("n");
        int c = p.size("c");
        int k = p.size("k");
        double[] sum = new double[2];
        switch (p.op()) {
            case "linear_fwd" -> {
                int row = element / k;
                int out = element % k;
                for (int i = 0; i < c; i++) {
                    add(sum, b.get("x")[row * c + i], b.get("w")[out * c + i]);
                }
                add(sum, b.get("b")[out], 1);
            }
            case "linear_bwd_data" -> {
                for (int i = 0; i < k; i++) {
                    add(sum, b.get("dy")[element / c * k + i], b.get("w")[i * c + element % c]);
                }
            }
            default -> {
                for (int i = 0; i < n; i++) {
                    add(sum, b.get("dy")[i * k + element / c], b.get("x")[i * c + element % c]);
                }
            }
        }
        return sum;
    }

    private static void add(double[] sum, double a, double b) {
        double product = a * b;
        sum[0] += product;
        sum[1] += product * product;
    }
}
