package org.jmoco.backend.conformance;

import static org.jmoco.backend.conformance.OpCase.UNIFORM;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.conformance.OpCase.Fill;
import org.jmoco.tensor.Shape;

/** InfoNCE, softmax cross-entropy, softmax. */
final class LossCases {
    private LossCases() {}

    /** N, M, D. */
    private static final int[][] CONTRASTS = {{1, 1, 1}, {7, 13, 31}, {16, 64, 128}, {33, 1100, 7}, {2, 7, 33}, {70, 31, 128},
            {13, 4096, 16}};

    /** N, K. */
    private static final int[][] CLASSES = {{1, 1}, {7, 2}, {33, 10}, {64, 128}, {13, 1000}};

    static List<OpCase> all() {
        List<OpCase> all = new ArrayList<>();
        for (int[] s : CONTRASTS) {
            for (boolean accumulate : new boolean[] {false, true}) {
                all.add(infoNce(s[0], s[1], s[2], 0.1, accumulate));
            }
            all.add(infoNce(s[0], s[1], s[2], 1, false));
        }
        for (int[] s : CLASSES) {
            all.add(crossEntropy(s[0], s[1], UNIFORM, " uniform"));
            // Logits up to 90 apart: exponentials must be shifted, and most underflow.
            all.add(crossEntropy(s[0], s[1], r -> 45 * UNIFORM.next(r), " steep"));
            all.add(crossEntropy(s[0], s[1], OpCase.integers(1, 1), " ties"));
            all.add(wrongLabel(s[0], s[1], s[1]));
            all.add(wrongLabel(s[0], s[1], -1));
            all.add(wrongLabel(s[0], s[1], Integer.MAX_VALUE));
            all.add(softmax(s[0], s[1], UNIFORM, " uniform"));
            all.add(softmax(s[0], s[1], r -> 45 * UNIFORM.next(r), " steep"));
        }
        return all;
    }

    /**
     * Error of a logit of rows of unit length: (2 D + 12) eps / T, of which 8 eps / T are exp's own error and that of its
     * argument, and what rounding the rows makes of a product of two of them, whose absolute products sum to at most 1.
     */
    private static double logitError(int d, double temperature, Tolerance.Evidence e) {
        return ((2 * d + 12) * e.eps() + Tolerance.Roundoffs.ofProduct(e.roundoffs().contrasts())) / temperature;
    }

    /** Relative error of a softmax weight. */
    private static double weightError(int m, int d, double temperature, Tolerance.Evidence e) {
        return 2 * logitError(d, temperature, e) + (2 * m + 16) * e.eps();
    }

    private static OpCase infoNce(int n, int m, int d, double temperature, boolean accumulate) {
        OpCase c = new OpCase("info_nce n" + n + " m" + m + " d" + d + " t" + temperature + (accumulate ? " acc" : ""));
        c.target("loss", Shape.SCALAR, accumulate, OpCase.constant(3), (name, i, e) ->
                weightError(m, d, temperature, e) + logitError(d, temperature, e)
                        + e.eps() * (4 * Math.abs(e.expected("loss", 0)) + (accumulate ? 2 * 3 : 0)))
                .out("dq", Shape.of(n, d), (name, i, e) -> {
                    double reach = Math.abs(e.before("k", i)); // largest |key[d]|, positive or negative
                    for (int j = 0; j < m; j++) {
                        reach = Math.max(reach, Math.abs(e.before("queue", j * d + i % d)));
                    }
                    // Weights and keys may be rounded before they are multiplied.
                    double rounded = Tolerance.Roundoffs.ofProduct(e.roundoffs().contrasts());
                    return (weightError(m, d, temperature, e) + rounded + (2 * m + 8) * e.eps()) * reach / (temperature * n);
                })
                .in("q", Shape.of(n, d), UNIFORM).in("k", Shape.of(n, d), UNIFORM).in("queue", Shape.of(m, d), UNIFORM);
        Tolerance counted = (name, i, e) -> e.roundoffs().contrasts() == 0 ? 0 : undecided(n, m, d, 2 * logitError(d, 1, e), e);
        if (accumulate) {
            c.intInOut("correct", Shape.SCALAR, OpCase.constant(5), counted);
        } else {
            c.intOut("correct", Shape.SCALAR, counted);
        }
        for (String rows : List.of("q", "k", "queue")) {
            toUnitLength(c.before(rows), d);
        }
        // Every other key looks like its query, so that some rows are won and some lost.
        double[] q = c.before("q");
        double[] k = c.before("k");
        for (int i = 0; i < n; i += 2) {
            System.arraycopy(q, i * d, k, i * d, d);
        }
        return c.records((rec, b) -> rec.infoNce("case", b.get("loss"), b.get("correct"), b.get("dq"), b.get("q"), b.get("k"),
                b.get("queue"), temperature, accumulate));
    }

    /** Rows whose positive and best negative are so near that rounding may exchange them. */
    private static int undecided(int n, int m, int d, double near, Tolerance.Evidence e) {
        int rows = 0;
        for (int i = 0; i < n; i++) {
            double best = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < m; j++) {
                best = Math.max(best, dot(e.before("q"), i, e.before("queue"), j, d));
            }
            rows += Math.abs(dot(e.before("q"), i, e.before("k"), i, d) - best) <= near ? 1 : 0;
        }
        return rows;
    }

    private static double dot(double[] a, int i, double[] b, int j, int d) {
        double sum = 0;
        for (int c = 0; c < d; c++) {
            sum += a[i * d + c] * b[j * d + c];
        }
        return sum;
    }

    private static void toUnitLength(double[] rows, int d) {
        for (int from = 0; from < rows.length; from += d) {
            double squares = 0;
            for (int i = from; i < from + d; i++) {
                squares += rows[i] * rows[i];
            }
            for (int i = from; i < from + d; i++) {
                rows[i] = (float) (rows[i] / Math.sqrt(squares));
            }
        }
    }

    /** exp's argument l - max errs by eps |l - max|, its own result by some units, the sum of K terms by 2 K eps. */
    private static double relativeError(Tolerance.Evidence e, int i, int k) {
        double largest = 0;
        for (int j = i / k * k; j < i / k * k + k; j++) {
            largest = Math.max(largest, Math.abs(e.before("logits", j)));
        }
        return e.eps() * (2 * k + 16 + 4 * largest);
    }

    private static OpCase crossEntropy(int n, int k, Fill logits, String suffix) {
        return new OpCase("cross_entropy n" + n + " k" + k + suffix)
                .out("loss", Shape.SCALAR, (name, i, e) -> {
                    double sum = 4 * e.eps() * Math.abs(e.expected("loss", 0));
                    for (int row = 0; row < n; row++) {
                        sum += (2 * relativeError(e, row * k, k) + 2 * e.eps() * Math.abs(e.expected("loss", 0)) * n) / n;
                    }
                    return sum;
                })
                .intOut("correct", Shape.SCALAR)
                .out("dlogits", Shape.of(n, k), dlogits(n, k))
                .in("logits", Shape.of(n, k), logits).intIn("labels", Shape.of(n), r -> r.nextInt(k))
                .records((rec, b) -> rec.softmaxCrossEntropy("case", b.get("loss"), b.get("correct"), b.get("dlogits"),
                        b.get("logits"), b.get("labels")));
    }

    /** (p - 1 or 0) / N: p's relative error, and one of the difference, which is at most 1. */
    private static Tolerance dlogits(int n, int k) {
        return (name, i, e) -> 2 * relativeError(e, i, k) * (Math.abs(e.expected("dlogits", i)) + 1.0 / n);
    }

    /** The last label is not a class: the loss and the last row must not be finite; the other rows are as ever. */
    private static OpCase wrongLabel(int n, int k, int label) {
        OpCase c = new OpCase("cross_entropy n" + n + " k" + k + " label " + label)
                .out("loss", Shape.SCALAR, Tolerance.EXACT).out("dlogits", Shape.of(n, k), dlogits(n, k))
                .in("logits", Shape.of(n, k), UNIFORM).intIn("labels", Shape.of(n), OpCase.constant(0))
                .intOut("correct", Shape.SCALAR)
                .records((rec, b) -> rec.softmaxCrossEntropy("case", b.get("loss"), b.get("correct"), b.get("dlogits"),
                        b.get("logits"), b.get("labels")));
        c.before("labels")[n - 1] = label;
        return c;
    }

    private static OpCase softmax(int n, int k, Fill logits, String suffix) {
        return new OpCase("softmax n" + n + " k" + k + suffix)
                // f32 may flush
                .out("p", Shape.of(n, k), (name, i, e) -> 2 * relativeError(e, i, k) * e.expected("p", i) + 0x1p-126)
                .in("logits", Shape.of(n, k), logits)
                .records((rec, b) -> rec.softmax("case", b.get("p"), b.get("logits")));
    }
}
