package org.jmoco.backend.reference;

import org.jmoco.backend.ConvGeometry;

/**
 * Two-dimensional convolution without bias. x N x H x W x C, w K x R x S x C, y N x P x Q x K.
 *
 * <p>Output pixel (p, q) meets input pixel (h, v) through filter tap (r, s) where h = p stride + r - pad and
 * v = q stride + s - pad. Each direction sums over two of the three and, in {@link Rows}, over one channel axis; the other
 * channel axis is the row. (v, not w, is the column here: w is the weights.)
 */
final class Convolution {
    /** Input channels of one task of backwardWeights: its sums, R S 8 rows of K doubles, stay in cache (295 kB at K = 512). */
    private static final int CHANNELS = 8;

    private final Workers workers;

    Convolution(Workers workers) {
        this.workers = workers;
    }

    /** y[n,p,q,:] = sum over r, s and c of x[n,h,v,c] w[:,r,s,c]. A task is one row of output pixels. */
    void forward(ConvGeometry g, Reals y, Reals x, Reals w) {
        double[][] taps = new double[g.r() * g.s() * g.c()][g.k()]; // [r,s,c][k]
        for (int k = 0; k < g.k(); k++) {
            for (int rsc = 0; rsc < taps.length; rsc++) {
                taps[rsc][k] = w.get(k * taps.length + rsc);
            }
        }
        workers.forEach(g.n() * g.p(), np -> {
            int n = np / g.p();
            int p = np % g.p();
            double[][] sum = new double[g.q()][g.k()];
            for (int r = 0; r < g.r(); r++) {
                for (int s = 0; s < g.s(); s++) {
                    int h = p * g.stride() + r - g.pad();
                    for (int q = 0; q < g.q(); q++) {
                        int v = q * g.stride() + s - g.pad();
                        if (h >= 0 && h < g.h() && v >= 0 && v < g.w()) {
                            Rows.addScaled(sum[q], x, ((n * g.h() + h) * g.w() + v) * g.c(), 1, g.c(), taps,
                                    (r * g.s() + s) * g.c());
                        }
                    }
                }
            }
            for (int q = 0; q < g.q(); q++) {
                for (int k = 0; k < g.k(); k++) {
                    y.set((np * g.q() + q) * g.k() + k, sum[q][k]);
                }
            }
        });
    }

    /**
     * dx[n,h,v,:] = sum over k and all (p,r), (q,s) that meet (h,v) of dy[n,p,q,k] w[k,r,s,:]. A task is one row of input pixels.
     */
    void backwardData(ConvGeometry g, Reals dx, Reals dy, Reals w, boolean accumulate) {
        double[][] taps = new double[g.r() * g.s() * g.k()][g.c()]; // [r,s,k][c]
        for (int k = 0; k < g.k(); k++) {
            for (int rs = 0; rs < g.r() * g.s(); rs++) {
                for (int c = 0; c < g.c(); c++) {
                    taps[rs * g.k() + k][c] = w.get((k * g.r() * g.s() + rs) * g.c() + c);
                }
            }
        }
        workers.forEach(g.n() * g.h(), nh -> {
            int n = nh / g.h();
            int h = nh % g.h();
            double[][] sum = new double[g.w()][g.c()];
            for (int r = 0; r < g.r(); r++) {
                for (int s = 0; s < g.s(); s++) {
                    int p = outputOf(h + g.pad() - r, g.stride(), g.p());
                    for (int v = 0; v < g.w(); v++) {
                        int q = outputOf(v + g.pad() - s, g.stride(), g.q());
                        if (p >= 0 && q >= 0) {
                            Rows.addScaled(sum[v], dy, ((n * g.p() + p) * g.q() + q) * g.k(), 1, g.k(), taps,
                                    (r * g.s() + s) * g.k());
                        }
                    }
                }
            }
            for (int v = 0; v < g.w(); v++) {
                for (int c = 0; c < g.c(); c++) {
                    dx.put((nh * g.w() + v) * g.c() + c, sum[v][c], accumulate);
                }
            }
        });
    }

    /** The output index p with p stride = distance, or -1 if there is none. */
    private static int outputOf(int distance, int stride, int outputs) {
        return distance >= 0 && distance % stride == 0 && distance / stride < outputs ? distance / stride : -1;
    }

    /**
     * dw[:,r,s,c] = sum over n, p, q of dy[n,p,q,:] x[n,h,v,c]. A task is a few input channels, for all filters and taps: split
     * over the result, not over the batch, so that the order of each sum is fixed.
     */
    void backwardWeights(ConvGeometry g, Reals dw, Reals x, Reals dy, boolean accumulate) {
        double[][] pixels = new double[g.n() * g.p() * g.q()][g.k()]; // dy, [n,p,q][k]
        workers.forEach(pixels.length, npq -> {
            for (int k = 0; k < g.k(); k++) {
                pixels[npq][k] = dy.get(npq * g.k() + k);
            }
        });
        workers.forEach(Math.ceilDiv(g.c(), CHANNELS), block -> {
            int firstC = block * CHANNELS;
            int channels = Math.min(CHANNELS, g.c() - firstC);
            double[][] sum = new double[g.r() * g.s() * channels][g.k()]; // [r,s,c][k]
            for (int np = 0; np < g.n() * g.p(); np++) {
                for (int r = 0; r < g.r(); r++) {
                    int h = np % g.p() * g.stride() + r - g.pad();
                    if (h < 0 || h >= g.h()) {
                        continue;
                    }
                    for (int s = 0; s < g.s(); s++) {
                        // The columns q for which v lies in the image: 0 <= q stride + s - pad < W.
                        int firstQ = Math.max(0, Math.ceilDiv(g.pad() - s, g.stride()));
                        int endQ = Math.min(g.q(), Math.ceilDiv(g.w() + g.pad() - s, g.stride()));
                        int firstV = firstQ * g.stride() + s - g.pad();
                        int corner = ((np / g.p() * g.h() + h) * g.w() + firstV) * g.c() + firstC;
                        for (int c = 0; c < channels; c++) {
                            Rows.addScaled(sum[(r * g.s() + s) * channels + c], x, corner + c, g.stride() * g.c(), endQ - firstQ,
                                    pixels, np * g.q() + firstQ);
                        }
                    }
                }
            }
            for (int k = 0; k < g.k(); k++) {
                for (int rs = 0; rs < g.r() * g.s(); rs++) {
                    for (int c = 0; c < channels; c++) {
                        dw.put((k * g.r() * g.s() + rs) * g.c() + firstC + c, sum[rs * channels + c][k], accumulate);
                    }
                }
            }
        });
    }
}
