package org.jmoco.backend.conformance;

import static org.jmoco.backend.conformance.OpCase.UNIFORM;
import static org.jmoco.backend.conformance.OpCase.integers;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.conformance.OpCase.Fill;

/** Batch norm with splits: training forward, evaluation, backward, with and without residual, ReLU, work in place. */
final class BatchNormCases {
    private BatchNormCases() {}

    private static final List<BatchNormGeometry> GEOMETRIES = List.of(
            geometry(1, 1, 1, 1, 1), // one value: variance 0
            geometry(7, 1, 1, 13, 7), // one value a group
            geometry(8, 4, 4, 16, 8),
            geometry(7, 3, 5, 13, 1),
            geometry(6, 7, 7, 33, 3),
            geometry(4, 2, 2, 31, 2),
            geometry(2, 8, 8, 64, 1),
            geometry(16, 2, 2, 512, 8),
            geometry(3, 13, 31, 1, 1),
            geometry(4, 31, 33, 3, 2));

    private static BatchNormGeometry geometry(int n, int h, int w, int c, int splits) {
        return new BatchNormGeometry(n, h, w, c, splits, 1e-5, 0.1);
    }

    /** How the residual's gradient is asked for. */
    private enum Residual {
        NONE(""), APART(" add"), IN_PLACE(" add in place");

        final String suffix;

        Residual(String suffix) {
            this.suffix = suffix;
        }
    }

    static List<OpCase> all() {
        List<OpCase> all = new ArrayList<>();
        boolean[] both = {false, true};
        for (BatchNormGeometry g : GEOMETRIES) {
            for (boolean relu : both) {
                for (boolean residual : both) {
                    all.add(forward(g, residual, relu, UNIFORM, ""));
                    all.add(inference(g, residual, relu));
                }
                for (Residual residual : Residual.values()) {
                    for (boolean accumulate : both) {
                        all.add(backward(g, residual, relu, accumulate));
                    }
                }
            }
            // Deviation 1/sqrt(3) around 1000: sums of plain squares in f32 would lose everything.
            all.add(forward(g, false, false, r -> 1000 + UNIFORM.next(r), " mean1000"));
        }
        return all;
    }

    private static String problem(String op, BatchNormGeometry g, String residual, boolean relu, String rest) {
        return op + " " + g + residual + (relu ? " relu" : "") + rest;
    }

    private static OpCase forward(BatchNormGeometry g, boolean residual, boolean relu, Fill data, String suffix) {
        OpCase c = new OpCase(problem("batch_norm_fwd", g, residual ? " add" : "", relu, suffix));
        BatchNormBounds.Forward bounds = new BatchNormBounds.Forward(c, g, residual);
        c.out("y", g.x(), bounds::y).in("x", g.x(), data)
                .in("gamma", g.perChannel(), UNIFORM).in("beta", g.perChannel(), UNIFORM)
                .inOut("runningMean", g.perChannel(), UNIFORM, bounds::runningMean)
                .inOut("runningVar", g.perChannel(), r -> 1 + 0.5 * UNIFORM.next(r), bounds::runningVar)
                .out("savedMean", g.saved(), bounds::savedMean).out("savedInvStd", g.saved(), bounds::savedInvStd);
        if (residual) {
            c.in("residual", g.x(), UNIFORM);
        }
        return c.records((rec, b) -> rec.batchNormForward("case", g, b.get("y"), b.get("x"), b.get("residual"), b.get("gamma"),
                b.get("beta"), b.get("runningMean"), b.get("runningVar"), b.get("savedMean"), b.get("savedInvStd"), relu));
    }

    private static OpCase inference(BatchNormGeometry g, boolean residual, boolean relu) {
        OpCase c = new OpCase(problem("batch_norm_inf", g, residual ? " add" : "", relu, ""));
        c.out("y", g.x(), (name, i, e) -> {
            int channel = i % g.c();
            double invStd = 1 / Math.sqrt(e.before("runningVar", channel) + g.eps());
            // x gamma invStd + (beta - mean gamma invStd) + residual, in any association: some 8 roundings of these terms.
            return 8 * e.eps() * (Math.abs(e.before("gamma", channel)) * invStd
                    * (Math.abs(e.before("x", i)) + Math.abs(e.before("runningMean", channel)))
                    + Math.abs(e.before("beta", channel)) + (residual ? Math.abs(e.before("residual", i)) : 0));
        }).in("x", g.x(), UNIFORM).in("gamma", g.perChannel(), UNIFORM).in("beta", g.perChannel(), UNIFORM)
                .in("runningMean", g.perChannel(), UNIFORM).in("runningVar", g.perChannel(), r -> 1 + 0.5 * UNIFORM.next(r));
        if (residual) {
            c.in("residual", g.x(), UNIFORM);
        }
        return c.records((rec, b) -> rec.batchNormInference("case", g, b.get("y"), b.get("x"), b.get("residual"), b.get("gamma"),
                b.get("beta"), b.get("runningMean"), b.get("runningVar"), relu));
    }

    /** Saved statistics need not be those of x: to backward they are numbers like others. */
    private static OpCase backward(BatchNormGeometry g, Residual residual, boolean relu, boolean accumulate) {
        OpCase c = new OpCase(problem("batch_norm_bwd", g, residual.suffix, relu, accumulate ? " acc" : ""));
        BatchNormBounds.Backward bounds = new BatchNormBounds.Backward(c, g, relu, accumulate);
        c.out("dx", g.x(), bounds::dx)
                .target("dgamma", g.perChannel(), accumulate, UNIFORM, bounds::dgamma)
                .target("dbeta", g.perChannel(), accumulate, UNIFORM, bounds::dbeta)
                .in("x", g.x(), UNIFORM).in("gamma", g.perChannel(), UNIFORM)
                .in("savedMean", g.saved(), r -> 0.2 * UNIFORM.next(r))
                .in("savedInvStd", g.saved(), r -> 1.5 + 0.5 * UNIFORM.next(r));
        if (residual == Residual.IN_PLACE) {
            c.inOut("dy", g.x(), UNIFORM, Tolerance.EXACT);
        } else {
            c.in("dy", g.x(), UNIFORM);
        }
        if (residual == Residual.APART) {
            c.out("dResidual", g.x(), Tolerance.EXACT);
        }
        if (relu) {
            c.in("y", g.x(), integers(1, 1)); // zeros, where the gradient stops, are frequent
        }
        return c.records((rec, b) -> rec.batchNormBackward("case", g, b.get("dx"),
                residual == Residual.IN_PLACE ? b.get("dy") : b.get("dResidual"), b.get("dgamma"), b.get("dbeta"), b.get("dy"),
                b.get("x"), b.get("y"), b.get("gamma"), b.get("savedMean"), b.get("savedInvStd"), relu, accumulate));
    }
}
