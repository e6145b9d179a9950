package org.jmoco.backend.reference;

/** Fully connected layer, x N x C, w K x C, b K, y N x K; ReLU; rows of unit length. */
final class Linear {
    /** Lower bound of a row's length, torch.nn.functional.normalize's eps. */
    private static final double SHORTEST = 1e-12;

    private final Workers workers;

    Linear(Workers workers) {
        this.workers = workers;
    }

    /** y[n,k] = b[k] + sum over c of x[n,c] w[k,c]. */
    void forward(int N, int C, int K, Reals y, Reals x, Reals w, Reals b) {
        workers.forEach(N, n -> {
            for (int k = 0; k < K; k++) {
                double sum = b.get(k);
                for (int c = 0; c < C; c++) {
                    sum += x.get(n * C + c) * w.get(k * C + c);
                }
                y.set(n * K + k, sum);
            }
        });
    }

    /** dx[n,c] = sum over k of dy[n,k] w[k,c]. */
    void backwardData(int N, int C, int K, Reals dx, Reals dy, Reals w) {
        workers.forEach(N, n -> {
            for (int c = 0; c < C; c++) {
                double sum = 0;
                for (int k = 0; k < K; k++) {
                    sum += dy.get(n * K + k) * w.get(k * C + c);
                }
                dx.set(n * C + c, sum);
            }
        });
    }

    /** dw[k,c] = sum over n of dy[n,k] x[n,c]; db[k] = sum over n of dy[n,k]. */
    void backwardWeights(int N, int C, int K, Reals dw, Reals db, Reals x, Reals dy, boolean accumulate) {
        workers.forEach(K, k -> {
            double bias = 0;
            for (int n = 0; n < N; n++) {
                bias += dy.get(n * K + k);
            }
            db.put(k, bias, accumulate);
            for (int c = 0; c < C; c++) {
                double sum = 0;
                for (int n = 0; n < N; n++) {
                    sum += dy.get(n * K + k) * x.get(n * C + c);
                }
                dw.put(k * C + c, sum, accumulate);
            }
        });
    }

    /** y = max(x, 0). */
    void reluForward(long size, Reals y, Reals x) {
        workers.forRanges(size, (from, to) -> {
            for (int i = from; i < to; i++) {
                y.set(i, Math.max(x.get(i), 0));
            }
        });
    }

    /** dx = dy where y > 0, else 0. */
    void reluBackward(long size, Reals dx, Reals dy, Reals y) {
        workers.forRanges(size, (from, to) -> {
            for (int i = from; i < to; i++) {
                dx.set(i, y.get(i) > 0 ? dy.get(i) : 0);
            }
        });
    }

    /** y[n,:] = x[n,:] / norm[n], norm[n] = max(|x[n,:]|, 1e-12). */
    void l2NormalizeForward(int N, int D, Reals y, Reals norm, Reals x) {
        workers.forEach(N, n -> {
            double squares = 0;
            for (int d = 0; d < D; d++) {
                squares += x.get(n * D + d) * x.get(n * D + d);
            }
            double length = Math.max(Math.sqrt(squares), SHORTEST);
            norm.set(n, length);
            for (int d = 0; d < D; d++) {
                y.set(n * D + d, x.get(n * D + d) / length);
            }
        });
    }

    /** dx[n,:] = (dy[n,:] - y[n,:] (y[n,:] . dy[n,:])) / norm[n]. */
    void l2NormalizeBackward(int N, int D, Reals dx, Reals dy, Reals y, Reals norm) {
        workers.forEach(N, n -> {
            double along = 0; // the part of dy along y, which a change of length cannot express
            for (int d = 0; d < D; d++) {
                along += y.get(n * D + d) * dy.get(n * D + d);
            }
            for (int d = 0; d < D; d++) {
                dx.set(n * D + d, (dy.get(n * D + d) - y.get(n * D + d) * along) / norm.get(n));
            }
        });
    }
}
