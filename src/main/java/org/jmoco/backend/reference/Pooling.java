package org.jmoco.backend.reference;

import org.jmoco.backend.ConvGeometry;

/** Max pooling over windows, and the mean over a whole image. Everything is N x H x W x C; a task is one image. */
final class Pooling {
    private final Workers workers;

    Pooling(Workers workers) {
        this.workers = workers;
    }

    /** y[n,p,q,c] = the largest x in the window; argmax = h W + v of the first such pixel in row-major order. */
    void maxForward(ConvGeometry g, Reals y, Ints argmax, Reals x) {
        workers.forEach(g.n(), n -> {
            for (int p = 0; p < g.p(); p++) {
                for (int q = 0; q < g.q(); q++) {
                    // The window, clipped to the image: padding never wins.
                    int top = Math.max(0, p * g.stride() - g.pad());
                    int bottom = Math.min(g.h(), p * g.stride() - g.pad() + g.r());
                    int left = Math.max(0, q * g.stride() - g.pad());
                    int right = Math.min(g.w(), q * g.stride() - g.pad() + g.s());
                    for (int c = 0; c < g.c(); c++) {
                        int winner = top * g.w() + left;
                        double largest = x.get((n * g.h() * g.w() + winner) * g.c() + c);
                        for (int h = top; h < bottom; h++) {
                            for (int v = left; v < right; v++) {
                                double value = x.get(((n * g.h() + h) * g.w() + v) * g.c() + c);
                                if (value > largest || Double.isNaN(value)) { // NaN wins, as in PyTorch, lest it be hidden
                                    largest = value;
                                    winner = h * g.w() + v;
                                }
                            }
                        }
                        int out = ((n * g.p() + p) * g.q() + q) * g.c() + c;
                        y.set(out, largest);
                        argmax.set(out, winner);
                    }
                }
            }
        });
    }

    /** dx = 0 except that each dy is added at its window's winner. */
    void maxBackward(ConvGeometry g, Reals dx, Reals dy, Ints argmax) {
        int pixels = g.h() * g.w();
        workers.forEach(g.n(), n -> {
            // Windows overlap: several dy may meet in one dx. Their sum is taken in f64 and stored once.
            double[] sum = new double[pixels * g.c()];
            for (int pq = 0; pq < g.p() * g.q(); pq++) {
                for (int c = 0; c < g.c(); c++) {
                    int out = (n * g.p() * g.q() + pq) * g.c() + c;
                    sum[argmax.get(out) * g.c() + c] += dy.get(out);
                }
            }
            for (int i = 0; i < sum.length; i++) {
                dx.set(n * sum.length + i, sum[i]);
            }
        });
    }

    /** y[n,c] = mean over the pixels of x[n,:,c]. */
    void averageForward(int N, int pixels, int C, Reals y, Reals x) {
        workers.forEach(N, n -> {
            for (int c = 0; c < C; c++) {
                double sum = 0;
                for (int i = 0; i < pixels; i++) {
                    sum += x.get((n * pixels + i) * C + c);
                }
                y.set(n * C + c, sum / pixels);
            }
        });
    }

    /** dx[n,:,c] = dy[n,c] / pixels. */
    void averageBackward(int N, int pixels, int C, Reals dx, Reals dy) {
        workers.forEach(N, n -> {
            for (int i = 0; i < pixels; i++) {
                for (int c = 0; c < C; c++) {
                    dx.set((n * pixels + i) * C + c, dy.get(n * C + c) / pixels);
                }
            }
        });
    }
}
