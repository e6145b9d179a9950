package org.jmoco.backend.conformance;

import static org.jmoco.backend.conformance.OpCase.UNIFORM;
import static org.jmoco.backend.conformance.OpCase.integers;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.conformance.OpCase.Fill;
import org.jmoco.tensor.Shape;

/** Linear layer, ReLU, rows of unit length. */
final class LinearCases {
    private LinearCases() {}

    /** N, C, K. */
    private static final int[][] SIZES = {{1, 1, 1}, {7, 13, 31}, {2, 33, 7}, {16, 512, 128}, {31, 7, 2}, {13, 128, 10},
            {33, 1, 33}, {17, 5, 1031}, {3, 131, 259}};

    private static final List<Shape> FLAT = List.of(Shape.of(1), Shape.of(7, 13), Shape.of(2, 3, 5, 33), Shape.of(70_001));

    private static final List<Shape> ROWS = List.of(
            Shape.of(1, 1), Shape.of(7, 13), Shape.of(33, 31), Shape.of(16, 128), Shape.of(3, 1000));

    static List<OpCase> all() {
        List<OpCase> all = new ArrayList<>();
        for (int[] s : SIZES) {
            for (boolean exact : new boolean[] {true, false}) {
                all.add(forward(s[0], s[1], s[2], exact));
                all.add(backwardData(s[0], s[1], s[2], exact));
                all.add(backwardWeights(s[0], s[1], s[2], exact, false));
                all.add(backwardWeights(s[0], s[1], s[2], exact, true));
            }
        }
        for (Shape x : FLAT) {
            relu(all, x);
        }
        for (Shape x : ROWS) {
            normalize(all, x);
        }
        return all;
    }

    private static Fill data(boolean exact) {
        return exact ? integers(8, 1) : UNIFORM;
    }

    private static Tolerance sum(boolean exact, long terms) {
        return exact ? Tolerance.EXACT : Tolerance.matrixProducts(terms);
    }

    private static String problem(String op, int n, int c, int k, boolean exact, boolean accumulate) {
        return op + " n" + n + " c" + c + " k" + k + (accumulate ? " acc" : "") + (exact ? " integers" : " uniform");
    }

    private static OpCase forward(int n, int c, int k, boolean exact) {
        return new OpCase(problem("linear_fwd", n, c, k, exact, false))
                .out("y", Shape.of(n, k), sum(exact, c + 1)).in("x", Shape.of(n, c), data(exact))
                .in("w", Shape.of(k, c), data(exact))
                .in("b", Shape.of(k), data(exact))
                .records((rec, b) -> rec.linearForward("case", b.get("y"), b.get("x"), b.get("w"), b.get("b")));
    }

    private static OpCase backwardData(int n, int c, int k, boolean exact) {
        return new OpCase(problem("linear_bwd_data", n, c, k, exact, false))
                .out("dx", Shape.of(n, c), sum(exact, k)).in("dy", Shape.of(n, k), data(exact))
                .in("w", Shape.of(k, c), data(exact))
                .records((rec, b) -> rec.linearBackwardData("case", b.get("dx"), b.get("dy"), b.get("w")));
    }

    private static OpCase backwardWeights(int n, int c, int k, boolean exact, boolean accumulate) {
        return new OpCase(problem("linear_bwd_w", n, c, k, exact, accumulate))
                .target("dw", Shape.of(k, c), accumulate, data(exact), sum(exact, n + 1))
                .target("db", Shape.of(k), accumulate, data(exact), exact ? Tolerance.EXACT : Tolerance.products(n + 1))
                .in("x", Shape.of(n, c), data(exact)).in("dy", Shape.of(n, k), data(exact))
                .records((rec, b) -> rec.linearBackwardWeights("case", b.get("dw"), b.get("db"), b.get("x"), b.get("dy"),
                        accumulate));
    }

    private static void relu(List<OpCase> all, Shape x) {
        all.add(new OpCase("relu_fwd x" + x).out("y", x, Tolerance.EXACT).in("x", x, UNIFORM)
                .records((rec, b) -> rec.reluForward("case", b.get("y"), b.get("x"))));
        all.add(new OpCase("relu_fwd x" + x + " in place").inOut("x", x, UNIFORM, Tolerance.EXACT)
                .records((rec, b) -> rec.reluForward("case", b.get("x"), b.get("x"))));
        all.add(new OpCase("relu_bwd x" + x).out("dx", x, Tolerance.EXACT).in("dy", x, UNIFORM).in("y", x, integers(1, 1))
                .records((rec, b) -> rec.reluBackward("case", b.get("dx"), b.get("dy"), b.get("y"))));
        all.add(new OpCase("relu_bwd x" + x + " in place").inOut("dy", x, UNIFORM, Tolerance.EXACT).in("y", x, integers(1, 1))
                .records((rec, b) -> rec.reluBackward("case", b.get("dy"), b.get("dy"), b.get("y"))));
    }

    private static void normalize(List<OpCase> all, Shape x) {
        int d = x.dim(1);
        Shape perRow = Shape.of(x.dim(0));
        // A sum of D squares errs by 2 D eps relatively, its root by half of that; then root, quotient and two stores.
        all.add(new OpCase("l2_norm_fwd x" + x)
                .out("y", x, Tolerance.relative(d + 6)).out("norm", perRow, Tolerance.relative(d + 4)).in("x", x, UNIFORM)
                .records((rec, b) -> rec.l2NormalizeForward("case", b.get("y"), b.get("norm"), b.get("x"))));
        OpCase zeros = new OpCase("l2_norm_fwd x" + x + " zeros") // length below 1e-12: divided by 1e-12, not by 0
                .out("y", x, Tolerance.relative(d + 6)).out("norm", perRow, Tolerance.relative(d + 4))
                .in("x", x, OpCase.constant(0))
                .records((rec, b) -> rec.l2NormalizeForward("case", b.get("y"), b.get("norm"), b.get("x")));
        all.add(zeros);
        all.add(new OpCase("l2_norm_bwd x" + x)
                .out("dx", x, (name, i, e) -> {
                    double along = 0; // sum of |y dy|
                    for (int j = i / d * d; j < i / d * d + d; j++) {
                        along += Math.abs(e.before("y", j) * e.before("dy", j));
                    }
                    double terms = Math.abs(e.before("dy", i)) + Math.abs(e.before("y", i)) * along;
                    return e.eps() * (2 * d * Math.abs(e.before("y", i)) * along + 6 * terms) / e.before("norm", i / d);
                })
                .in("dy", x, UNIFORM).in("y", x, r -> UNIFORM.next(r) / Math.sqrt(d))
                .in("norm", perRow, r -> 1.5 + UNIFORM.next(r))
                .records((rec, b) -> rec.l2NormalizeBackward("case", b.get("dx"), b.get("dy"), b.get("y"), b.get("norm"))));
    }
}
