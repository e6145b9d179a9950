package org.jmoco.backend.reference;

/** InfoNCE, softmax cross-entropy, softmax. A task is one row; the sum over rows is taken afterwards, in order. */
final class Losses {
    private final Workers workers;

    Losses(Workers workers) {
        this.workers = workers;
    }

    /** One query against its positive key and the queue of negatives; see docs/maths/infonce.md. */
    void infoNce(int N, int D, int M, Reals loss, Ints correct, Reals dq, Reals q, Reals k, Reals queue, double temperature,
            boolean accumulate) {
        double[] rowLoss = new double[N];
        boolean[] rowCorrect = new boolean[N];
        workers.forEach(N, n -> {
            double[] p = new double[M + 1]; // logits first, then their softmax
            p[0] = dot(D, q, n, k, n) / temperature;
            for (int m = 0; m < M; m++) {
                p[1 + m] = dot(D, q, n, queue, m) / temperature;
            }
            double positive = p[0];
            rowCorrect[n] = true;
            for (int m = 0; m < M; m++) {
                rowCorrect[n] &= p[1 + m] <= positive;
            }
            rowLoss[n] = softmaxInPlace(p) - positive;
            double[] mixed = new double[D]; // sum over j of p[j] key[j]
            for (int d = 0; d < D; d++) {
                mixed[d] = p[0] * k.get(n * D + d);
            }
            for (int m = 0; m < M; m++) {
                for (int d = 0; d < D; d++) {
                    mixed[d] += p[1 + m] * queue.get(m * D + d);
                }
            }
            for (int d = 0; d < D; d++) {
                dq.set(n * D + d, (mixed[d] - k.get(n * D + d)) / (temperature * N));
            }
        });
        store(rowLoss, rowCorrect, loss, correct, accumulate);
    }

    private static double dot(int D, Reals a, int rowOfA, Reals b, int rowOfB) {
        double sum = 0;
        for (int d = 0; d < D; d++) {
            sum += a.get(rowOfA * D + d) * b.get(rowOfB * D + d);
        }
        return sum;
    }

    /** Softmax cross-entropy, mean over the batch, and its gradient. A label outside 0 .. K-1 makes the loss and its row NaN. */
    void softmaxCrossEntropy(int N, int K, Reals loss, Ints correct, Reals dlogits, Reals logits, Ints labels) {
        double[] rowLoss = new double[N];
        boolean[] rowCorrect = new boolean[N];
        workers.forEach(N, n -> {
            int label = labels.get(n);
            double[] p = row(logits, n, K);
            int largest = 0;
            for (int k = 1; k < K; k++) {
                if (p[k] > p[largest]) {
                    largest = k;
                }
            }
            rowCorrect[n] = largest == label;
            double labelled = label >= 0 && label < K ? p[label] : Double.NaN;
            rowLoss[n] = softmaxInPlace(p) - labelled;
            for (int k = 0; k < K; k++) {
                double gradient = (p[k] - (k == label ? 1 : 0)) / N;
                dlogits.set(n * K + k, Double.isNaN(labelled) ? Double.NaN : gradient);
            }
        });
        store(rowLoss, rowCorrect, loss, correct, false);
    }

    void softmax(int N, int K, Reals p, Reals logits) {
        workers.forEach(N, n -> {
            double[] row = row(logits, n, K);
            softmaxInPlace(row);
            for (int k = 0; k < K; k++) {
                p.set(n * K + k, row[k]);
            }
        });
    }

    private static double[] row(Reals values, int n, int K) {
        double[] row = new double[K];
        for (int k = 0; k < K; k++) {
            row[k] = values.get(n * K + k);
        }
        return row;
    }

    /**
     * Turns logits into probabilities. Shifted by the largest, so that no exponential overflows.
     *
     * @return logsumexp of the logits
     */
    private static double softmaxInPlace(double[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (double l : logits) {
            largest = Math.max(largest, l);
        }
        double sum = 0;
        for (int j = 0; j < logits.length; j++) {
            logits[j] = Math.exp(logits[j] - largest);
            sum += logits[j];
        }
        for (int j = 0; j < logits.length; j++) {
            logits[j] /= sum;
        }
        return largest + Math.log(sum);
    }

    private static void store(double[] rowLoss, boolean[] rowCorrect, Reals loss, Ints correct, boolean accumulate) {
        double sum = 0;
        int hits = 0;
        for (int n = 0; n < rowLoss.length; n++) {
            sum += rowLoss[n];
            hits += rowCorrect[n] ? 1 : 0;
        }
        loss.put(0, sum / rowLoss.length, accumulate);
        correct.set(0, accumulate ? correct.get(0) + hits : hits);
    }
}
