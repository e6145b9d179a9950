package org.jmoco.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;
import org.jmoco.tensor.UserError;

/**
 * The weighted k-nearest-neighbour classifier that monitors MoCo (Wu, Xiong, Yu, Lin: "Unsupervised feature learning via
 * non-parametric instance discrimination", CVPR 2018, section 3.4): the score of a class is the sum of exp(s / t) over
 * those of the k most similar bank rows that carry it, s being the cosine similarity.
 *
 * <p>All arithmetic is f64 and each sum runs over the feature axis in order, so the result depends neither on the number
 * of threads nor on the machine's vector length. Equal similarities go to the lower row, equal scores to the lower class.
 */
public final class WeightedKnn {
    private static final VectorSpecies<Double> SPECIES = DoubleVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    /** Bank rows of a panel: two vectors, with {@link #TILE} queries eight accumulators. */
    private static final int PANEL = 2 * LANES;

    /** Queries multiplied with a panel at once. */
    private static final int TILE = 4;

    /** Queries that one thread takes at a time, and that share a part of the bank while it is in the cache. */
    private static final int QUERY_BLOCK = 64;

    /** Bank rows worked on at once: with 128 features 256 KB, half of a usual second-level cache. */
    private static final int BANK_BLOCK = 256;

    private final double[] bank; // panels x D x PANEL, padded with zero rows
    private final int[] labels; // bank rows
    private final int rows;
    private final int dim;
    private final int classes;
    private final int k;
    private final double temperature;

    /**
     * @param scores     queries x classes
     * @param neighbours queries x k, bank rows by falling similarity
     */
    public record Result(int[] predicted, double[][] scores, int[][] neighbours) {
        /** Share of the queries whose class is the predicted one. */
        public double accuracy(int[] queryLabels) {
            int right = 0;
            for (int i = 0; i < predicted.length; i++) {
                right += predicted[i] == queryLabels[i] ? 1 : 0;
            }
            return (double) right / predicted.length;
        }
    }

    /**
     * @param bank        rows x dim, row-major, each row of L2 norm 1
     * @param labels      class of each row, below {@code classes}
     * @param k           neighbours that vote, at most the number of rows
     * @param temperature t of exp(s / t), at least 0.002, since exp(1 / t) overflows below
     * @throws UserError if k or t do not fit, or a feature is not finite
     */
    public WeightedKnn(double[] bank, int[] labels, int dim, int classes, int k, double temperature) {
        this.rows = labels.length;
        if (bank.length != (long) rows * dim) {
            throw new IllegalArgumentException(
                    "knn: bank of " + bank.length + " values for " + rows + " labels and " + dim + " features");
        }
        for (int label : labels) {
            if (label < 0 || label >= classes) {
                throw new IllegalArgumentException("knn: label " + label + " among " + classes + " classes");
            }
        }
        if (k < 1 || k > rows) {
            throw UserError.usage("knn: k = " + k + " neighbours of a bank of " + rows + " images; choose k from 1 to " + rows
                    + ".");
        }
        requireUsable(temperature);
        requireFinite(bank, dim, "bank");
        this.labels = labels.clone();
        this.dim = dim;
        this.classes = classes;
        this.k = k;
        this.temperature = temperature;
        this.bank = pack(bank);
    }

    /** As the other constructor, for f32 features, which are widened. */
    public WeightedKnn(float[] bank, int[] labels, int dim, int classes, int k, double temperature) {
        this(widen(bank), labels, dim, classes, k, temperature);
    }

    /** As {@link #classify(double[], int)}, for f32 features, which are widened. */
    public Result classify(float[] queries, int threads) {
        return classify(widen(queries), threads);
    }

    /** @param queries queries x dim, row-major, each row of L2 norm 1 */
    public Result classify(double[] queries, int threads) {
        if (queries.length % dim != 0) {
            throw new IllegalArgumentException("knn: " + queries.length + " query values for " + dim + " features");
        }
        requireFinite(queries, dim, "query");
        int n = queries.length / dim;
        Result result = new Result(new int[n], new double[n][], new int[n][]);
        AtomicInteger next = new AtomicInteger();
        try (ExecutorService pool = Executors.newFixedThreadPool(Math.max(1, threads))) {
            List<Future<?>> workers = new ArrayList<>();
            for (int t = 0; t < Math.max(1, threads); t++) {
                workers.add(pool.submit(() -> {
                    for (int q = next.getAndAdd(QUERY_BLOCK); q < n; q = next.getAndAdd(QUERY_BLOCK)) {
                        classifyBlock(queries, q, Math.min(n, q + QUERY_BLOCK), result);
                    }
                }));
            }
            for (Future<?> worker : workers) {
                worker.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("knn: interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("knn: a worker failed", e.getCause());
        }
        return result;
    }

    /**
     * The votes of neighbours that a backend has found ({@link org.jmoco.backend.Ops#topK}).
     *
     * @param neighbours   queries x k, bank rows by falling similarity
     * @param similarities queries x k
     * @param labels       class of each bank row, below {@code classes}
     */
    static Result vote(int[] neighbours, double[] similarities, int k, int[] labels, int classes, double temperature) {
        int n = neighbours.length / k;
        Result result = new Result(new int[n], new double[n][], new int[n][]);
        for (int q = 0; q < n; q++) {
            result.neighbours()[q] = Arrays.copyOfRange(neighbours, q * k, q * k + k);
            result.scores()[q] = score(result.neighbours()[q], Arrays.copyOfRange(similarities, q * k, q * k + k), labels,
                    classes, temperature);
            result.predicted()[q] = best(result.scores()[q]);
        }
        return result;
    }

    private void classifyBlock(double[] queries, int from, int to, Result result) {
        Nearest[] nearest = new Nearest[to - from];
        Arrays.setAll(nearest, i -> new Nearest(k));
        double[] tile = new double[TILE * dim]; // the last tile is filled up with zero rows
        double[] similarity = new double[TILE * PANEL];
        for (int block = 0; block < rows; block += BANK_BLOCK) {
            for (int q = from; q < to; q += TILE) {
                int some = Math.min(TILE, to - q);
                Arrays.fill(tile, 0);
                System.arraycopy(queries, q * dim, tile, 0, some * dim);
                for (int row = block; row < Math.min(rows, block + BANK_BLOCK); row += PANEL) {
                    multiply(tile, row * dim, similarity);
                    int valid = Math.min(PANEL, rows - row);
                    for (int i = 0; i < some; i++) {
                        nearest[q - from + i].offer(similarity, i * PANEL, valid, row);
                    }
                }
            }
        }
        for (int q = from; q < to; q++) {
            int[] neighbours = nearest[q - from].sort();
            double[] scores = score(neighbours, nearest[q - from].similarities(), labels, classes, temperature);
            result.neighbours()[q] = neighbours;
            result.scores()[q] = scores;
            result.predicted()[q] = best(scores);
        }
    }

    /** {@code out[i][j] = sum over d of tile[i][d] * panel[d][j]}, the sum in the order of d. */
    private void multiply(double[] tile, int panel, double[] out) {
        DoubleVector a0 = DoubleVector.zero(SPECIES);
        DoubleVector a1 = a0;
        DoubleVector b0 = a0;
        DoubleVector b1 = a0;
        DoubleVector c0 = a0;
        DoubleVector c1 = a0;
        DoubleVector d0 = a0;
        DoubleVector d1 = a0;
        for (int d = 0; d < dim; d++) {
            DoubleVector x0 = DoubleVector.fromArray(SPECIES, bank, panel + d * PANEL);
            DoubleVector x1 = DoubleVector.fromArray(SPECIES, bank, panel + d * PANEL + LANES);
            DoubleVector q = DoubleVector.broadcast(SPECIES, tile[d]);
            a0 = q.fma(x0, a0);
            a1 = q.fma(x1, a1);
            q = DoubleVector.broadcast(SPECIES, tile[dim + d]);
            b0 = q.fma(x0, b0);
            b1 = q.fma(x1, b1);
            q = DoubleVector.broadcast(SPECIES, tile[2 * dim + d]);
            c0 = q.fma(x0, c0);
            c1 = q.fma(x1, c1);
            q = DoubleVector.broadcast(SPECIES, tile[3 * dim + d]);
            d0 = q.fma(x0, d0);
            d1 = q.fma(x1, d1);
        }
        a0.intoArray(out, 0);
        a1.intoArray(out, LANES);
        b0.intoArray(out, PANEL);
        b1.intoArray(out, PANEL + LANES);
        c0.intoArray(out, 2 * PANEL);
        c1.intoArray(out, 2 * PANEL + LANES);
        d0.intoArray(out, 3 * PANEL);
        d1.intoArray(out, 3 * PANEL + LANES);
    }

    private static double[] score(int[] neighbours, double[] similarities, int[] labels, int classes, double temperature) {
        double[] scores = new double[classes];
        for (int i = 0; i < neighbours.length; i++) {
            scores[labels[neighbours[i]]] += StrictMath.exp(similarities[i] / temperature);
        }
        return scores;
    }

    private static int best(double[] scores) {
        int best = 0;
        for (int c = 1; c < scores.length; c++) {
            if (scores[c] > scores[best]) {
                best = c;
            }
        }
        return best;
    }

    /** Puts {@link #PANEL} rows side by side, so that a vector holds one feature of several rows. */
    private double[] pack(double[] rowMajor) {
        int panels = Math.ceilDiv(rows, PANEL);
        double[] out = new double[Math.multiplyExact(panels * PANEL, dim)];
        for (int r = 0; r < rows; r++) {
            int panel = r / PANEL * PANEL * dim;
            for (int d = 0; d < dim; d++) {
                out[panel + d * PANEL + r % PANEL] = rowMajor[r * dim + d];
            }
        }
        return out;
    }

    private static double[] widen(float[] values) {
        double[] out = new double[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = values[i];
        }
        return out;
    }

    static void requireUsable(double temperature) {
        if (!(temperature >= 0.002)) {
            throw UserError.usage("knn: temperature " + temperature + "; choose at least 0.002, 0.1 is usual.");
        }
    }

    static void requireFinite(double[] features, int dim, String what) {
        for (int i = 0; i < features.length; i++) {
            if (!Double.isFinite(features[i])) {
                throw UserError.failed("knn: feature " + i % dim + " of " + what + " image " + i / dim + " is " + features[i]
                        + ", so the encoder has diverged. Train again with a lower --lr.");
            }
        }
    }

    /** The k most similar rows seen so far, the least similar of them at the root of a heap. Rows come in rising order. */
    private static final class Nearest {
        private final double[] similarity;
        private final int[] row;
        private int size;

        Nearest(int k) {
            similarity = new double[k];
            row = new int[k];
        }

        void offer(double[] from, int at, int n, int firstRow) {
            for (int j = 0; j < n; j++) {
                double s = from[at + j];
                if (size < row.length) {
                    up(size++, s, firstRow + j);
                } else if (s > similarity[0]) {
                    // An equal similarity stays out: its row is higher than all before.
                    down(size, s, firstRow + j);
                }
            }
        }

        /** Whether the first leaves before the second: less similar, or as similar and of a higher row. */
        private static boolean worse(double s, int r, double otherS, int otherR) {
            return s < otherS || s == otherS && r > otherR;
        }

        private void up(int at, double s, int r) {
            while (at > 0) {
                int parent = (at - 1) / 2;
                if (!worse(s, r, similarity[parent], row[parent])) {
                    break;
                }
                similarity[at] = similarity[parent];
                row[at] = row[parent];
                at = parent;
            }
            similarity[at] = s;
            row[at] = r;
        }

        /** Replaces the root of the heap of the first {@code n}. */
        private void down(int n, double s, int r) {
            int at = 0;
            while (2 * at + 1 < n) {
                int child = 2 * at + 1;
                if (child + 1 < n && worse(similarity[child + 1], row[child + 1], similarity[child], row[child])) {
                    child++;
                }
                if (!worse(similarity[child], row[child], s, r)) {
                    break;
                }
                similarity[at] = similarity[child];
                row[at] = row[child];
                at = child;
            }
            similarity[at] = s;
            row[at] = r;
        }

        /** Rows by falling similarity, by heap sort in place. */
        int[] sort() {
            for (int end = size - 1; end > 0; end--) {
                double s = similarity[end];
                int r = row[end];
                similarity[end] = similarity[0];
                row[end] = row[0];
                down(end, s, r);
            }
            return row;
        }

        double[] similarities() {
            return similarity;
        }
    }
}
