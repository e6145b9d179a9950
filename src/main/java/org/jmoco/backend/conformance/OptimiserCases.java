package org.jmoco.backend.conformance;

import static org.jmoco.backend.conformance.OpCase.UNIFORM;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.LossScaling;
import org.jmoco.backend.conformance.OpCase.Fill;
import org.jmoco.tensor.Shape;

/** Momentum update, SGD, Adam over flat arrays, and the loss scale. */
final class OptimiserCases {
    private OptimiserCases() {}

    private static final int[] SIZES = {1, 7, 13, 31, 33, 70_001};

    /** Each product, sum and rounded constant of these short formulas costs at most eps of its magnitude; 8 cover the longest. */
    private static final double ROUNDINGS = 8;

    static List<OpCase> all() {
        List<OpCase> all = new ArrayList<>();
        for (int size : SIZES) {
            for (double m : new double[] {0, 1, 0.5, 0.99, 0.999}) {
                all.add(momentumUpdate(size, m));
            }
            all.add(sgd(size, 0, 0));
            all.add(sgd(size, 0.9, 5e-4));
            all.add(adam(size, 0, 0));
            all.add(adam(size, 1, 0.01));
            all.add(adam(size, 99_999, 0)); // both corrections are 1 by then
        }
        for (int size : new int[] {1, 33, 70_001}) {
            for (int exponent : new int[] {0, -21, 8}) {
                all.add(scaleLoss(size, exponent));
                for (int nonFinite : new int[] {0, 1}) {
                    all.add(sgd(size, 0.9, 5e-4, new Scale(exponent, nonFinite)));
                    all.add(adam(size, 1, 0.01, new Scale(exponent, nonFinite)));
                }
            }
        }
        for (int[] c : new int[][] {{0, 0, 0}, {0, 2, 0}, {-3, 1, 1}, {8, 2, 0}, {-116, 5, 1}, {7, 1, 0}}) {
            all.add(adaptLossScale(c[0], c[1], c[2]));
        }
        return all;
    }

    private static OpCase momentumUpdate(int size, double m) {
        boolean exact = m == 0 || m == 1 || m == 0.5; // halves of f32 numbers are f32 numbers, and their sum is rounded once
        return new OpCase("momentum x" + size + " m" + m)
                .weightsInOut("key", Shape.of(size), UNIFORM, exact ? Tolerance.EXACT : (name, i, e) ->
                        ROUNDINGS * e.eps() * (m * Math.abs(e.before("key", i)) + (1 - m) * Math.abs(e.before("query", i))))
                .weights("query", Shape.of(size), UNIFORM)
                .records((rec, b) -> rec.momentumUpdate("case", b.get("key"), b.get("query"), m));
    }

    private static final double LEARNING_RATE = 0.03125;

    /** Of the gradients of a case, and whether they are said not to be finite. */
    private record Scale(int exponent, int nonFinite) {
        double factor() {
            return LossScaling.scale(exponent);
        }

        OpCase operands(OpCase c) {
            return c.intIn("exponent", Shape.SCALAR, OpCase.constant(exponent))
                    .intIn("nonFinite", Shape.SCALAR, OpCase.constant(nonFinite));
        }

        /** Where nothing may change. */
        Tolerance of(Tolerance t) {
            return nonFinite == 0 ? t : Tolerance.EXACT;
        }

        @Override
        public String toString() {
            return " exponent" + exponent + " flag" + nonFinite;
        }
    }

    private static OpCase sgd(int size, double momentum, double weightDecay, Scale s) {
        Tolerance velocity = (name, i, e) -> ROUNDINGS * e.eps() * (momentum * Math.abs(e.before("velocity", i))
                + Math.abs(e.before("dw", i)) / s.factor() + weightDecay * Math.abs(e.before("w", i)));
        return s.operands(new OpCase("sgd x" + size + " momentum" + momentum + " wd" + weightDecay + s)
                .weightsInOut("w", Shape.of(size), UNIFORM, s.of((name, i, e) -> LEARNING_RATE * velocity.allowed(name, i, e)
                        + 2 * e.eps() * (Math.abs(e.before("w", i)) + LEARNING_RATE * Math.abs(e.expected("velocity", i)))))
                .in("dw", Shape.of(size), r -> s.factor() * UNIFORM.next(r))
                .inOut("velocity", Shape.of(size), UNIFORM, s.of(velocity))
                .in("learningRate", Shape.SCALAR, OpCase.constant(LEARNING_RATE)))
                .records((rec, b) -> rec.sgd("case", b.get("w"), b.get("dw"), b.get("velocity"), b.get("learningRate"), momentum,
                        weightDecay, b.get("exponent"), b.get("nonFinite")));
    }

    private static OpCase sgd(int size, double momentum, double weightDecay) {
        Tolerance velocity = (name, i, e) -> ROUNDINGS * e.eps() * (momentum * Math.abs(e.before("velocity", i))
                + Math.abs(e.before("dw", i)) + weightDecay * Math.abs(e.before("w", i)));
        return new OpCase("sgd x" + size + " momentum" + momentum + " wd" + weightDecay)
                .weightsInOut("w", Shape.of(size), UNIFORM, (name, i, e) -> LEARNING_RATE * velocity.allowed(name, i, e)
                        + 2 * e.eps() * (Math.abs(e.before("w", i)) + LEARNING_RATE * Math.abs(e.expected("velocity", i))))
                .in("dw", Shape.of(size), UNIFORM).inOut("velocity", Shape.of(size), UNIFORM, velocity)
                .in("learningRate", Shape.SCALAR, OpCase.constant(LEARNING_RATE))
                .records((rec, b) -> rec.sgd("case", b.get("w"), b.get("dw"), b.get("velocity"), b.get("learningRate"), momentum,
                        weightDecay));
    }

    private static OpCase adam(int size, int step, double weightDecay) {
        return adam(size, step, weightDecay, null);
    }

    /** @param s null if gradients are not scaled */
    private static OpCase adam(int size, int step, double weightDecay, Scale s) {
        double b1 = 0.9;
        double b2 = 0.999;
        double factor = s == null ? 1 : s.factor();
        boolean skipped = s != null && s.nonFinite != 0;
        Fill small = r -> 0.01 * UNIFORM.next(r);
        Tolerance m = (name, i, e) -> ROUNDINGS * e.eps() * (b1 * Math.abs(e.before("m", i))
                + (1 - b1) * (Math.abs(e.before("dw", i)) / factor + weightDecay * Math.abs(e.before("w", i))));
        Tolerance w = (name, i, e) -> {
            // w moves by u = lr / correction1 m / (sqrt(v) / correction2 + eps): what m's error makes of u, the relative
            // errors of v (halved by the root) and of the rest, and the final sum.
            double correction1 = 1 - Math.pow(b1, step + 1);
            double correction2 = Math.sqrt(1 - Math.pow(b2, step + 1));
            double perM = LEARNING_RATE / correction1 / (Math.sqrt(e.expected("v", i)) / correction2 + 1e-8);
            return perM * m.allowed(name, i, e) + 2 * ROUNDINGS * e.eps() * perM * Math.abs(e.expected("m", i))
                    + 2 * e.eps() * Math.abs(e.before("w", i));
        };
        // v sums squares; with weight decay g itself may cancel, so the bound is on its terms.
        Tolerance v = (name, i, e) -> {
            double g = Math.abs(e.before("dw", i)) / factor + weightDecay * Math.abs(e.before("w", i));
            return 2 * ROUNDINGS * e.eps() * (b2 * e.before("v", i) + (1 - b2) * g * g);
        };
        OpCase c = new OpCase("adam x" + size + " step" + step + " wd" + weightDecay + (s == null ? "" : s))
                .weightsInOut("w", Shape.of(size), UNIFORM, skipped ? Tolerance.EXACT : w)
                .in("dw", Shape.of(size), r -> factor * small.next(r))
                .inOut("m", Shape.of(size), small, skipped ? Tolerance.EXACT : m)
                .inOut("v", Shape.of(size), r -> 1e-4 * r.nextFloat(), skipped ? Tolerance.EXACT : v)
                .in("learningRate", Shape.SCALAR, OpCase.constant(LEARNING_RATE))
                .intInOut("step", Shape.SCALAR, OpCase.constant(step));
        return s == null
                ? c.records((rec, b) -> rec.adam("case", b.get("w"), b.get("dw"), b.get("m"), b.get("v"), b.get("learningRate"),
                        b.get("step"), b1, b2, 1e-8, weightDecay))
                : s.operands(c).records((rec, b) -> rec.adam("case", b.get("w"), b.get("dw"), b.get("m"), b.get("v"),
                        b.get("learningRate"), b.get("step"), b1, b2, 1e-8, weightDecay, b.get("exponent"), b.get("nonFinite")));
    }

    /** A power of two: exact. */
    private static OpCase scaleLoss(int size, int exponent) {
        return new OpCase("scale_loss x" + size + " exponent" + exponent).inOut("x", Shape.of(size), UNIFORM, Tolerance.EXACT)
                .intIn("exponent", Shape.SCALAR, OpCase.constant(exponent))
                .records((rec, b) -> rec.scaleLoss("case", b.get("x"), b.get("exponent")));
    }

    private static OpCase adaptLossScale(int exponent, int finiteSteps, int nonFinite) {
        return new OpCase("adapt_loss_scale exponent" + exponent + " steps" + finiteSteps + " flag" + nonFinite)
                .intInOut("exponent", Shape.SCALAR, OpCase.constant(exponent))
                .intInOut("finiteSteps", Shape.SCALAR, OpCase.constant(finiteSteps))
                .intInOut("nonFinite", Shape.SCALAR, OpCase.constant(nonFinite))
                .records((rec, b) -> rec.adaptLossScale("case", b.get("exponent"), b.get("finiteSteps"), b.get("nonFinite"), 3));
    }
}
