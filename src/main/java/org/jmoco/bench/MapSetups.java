package org.jmoco.bench;

import static org.jmoco.bench.Values.NORMAL;
import static org.jmoco.bench.Values.POSITIVE;
import static org.jmoco.bench.Values.ZERO;

import java.util.Map;
import java.util.function.Function;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.tensor.Shape;

/** Batch norm and pooling: what goes over feature maps without multiplying matrices. */
final class MapSetups {
    private MapSetups() {
    }

    static void addTo(Map<String, Function<Problem, OpSetup>> byName) {
        byName.put("batch_norm_fwd", MapSetups::batchNormForward);
        byName.put("batch_norm_inf", MapSetups::batchNormInference);
        byName.put("batch_norm_bwd", MapSetups::batchNormBackward);
        byName.put("max_pool_fwd", MapSetups::maxPoolForward);
        byName.put("avg_pool_fwd", MapSetups::averagePoolForward);
        byName.put("avg_pool_bwd", MapSetups::averagePoolBackward);
    }

    private static BatchNormGeometry batchNorm(Problem p) {
        return new BatchNormGeometry(p.size("n"), p.size("h"), p.size("w"), p.size("c"), p.size("g"), 1e-5, 0.1);
    }

    /** y, x, the residual where one is added, scale and shift, running statistics: what both forward passes have. */
    private static OpSetup forward(Problem p, BatchNormGeometry g, Values runningMean) {
        OpSetup s = new OpSetup().out("y", g.x()).in("x", g.x(), NORMAL);
        if (p.has("add")) {
            s.in("residual", g.x(), NORMAL);
        }
        return s.weights("gamma", g.perChannel(), POSITIVE).weights("beta", g.perChannel(), NORMAL)
                .in("runningMean", g.perChannel(), runningMean).in("runningVar", g.perChannel(), POSITIVE);
    }

    private static OpSetup batchNormForward(Problem p) {
        BatchNormGeometry g = batchNorm(p);
        return forward(p, g, ZERO).out("savedMean", g.saved()).out("savedInvStd", g.saved())
                .calls((rec, b) -> rec.batchNormForward(p.name(), g, b.get("y"), b.get("x"), b.get("residual"), b.get("gamma"),
                        b.get("beta"), b.get("runningMean"), b.get("runningVar"), b.get("savedMean"), b.get("savedInvStd"),
                        p.has("relu")));
    }

    private static OpSetup batchNormInference(Problem p) {
        BatchNormGeometry g = batchNorm(p);
        return forward(p, g, NORMAL)
                .calls((rec, b) -> rec.batchNormInference(p.name(), g, b.get("y"), b.get("x"), b.get("residual"), b.get("gamma"),
                        b.get("beta"), b.get("runningMean"), b.get("runningVar"), p.has("relu")));
    }

    private static OpSetup batchNormBackward(Problem p) {
        BatchNormGeometry g = batchNorm(p);
        OpSetup s = new OpSetup().out("dx", g.x());
        if (p.has("add")) {
            s.out("dResidual", g.x());
        }
        s.gradients("dgamma", g.perChannel(), null).gradients("dbeta", g.perChannel(), null).in("dy", g.x(), NORMAL)
                .in("x", g.x(), NORMAL);
        if (p.has("relu")) {
            s.in("y", g.x(), NORMAL);
        }
        return s.weights("gamma", g.perChannel(), POSITIVE).in("savedMean", g.saved(), ZERO)
                .in("savedInvStd", g.saved(), POSITIVE)
                .calls((rec, b) -> rec.batchNormBackward(p.name(), g, b.get("dx"), b.get("dResidual"), b.get("dgamma"),
                        b.get("dbeta"), b.get("dy"), b.get("x"), b.get("y"), b.get("gamma"), b.get("savedMean"),
                        b.get("savedInvStd"), p.has("relu"), false));
    }

    private static OpSetup maxPoolForward(Problem p) {
        ConvGeometry g = ConvolutionSetups.geometry(p);
        return new OpSetup().out("y", g.y()).intsOut("argmax", g.y()).in("x", g.x(), NORMAL)
                .calls((rec, b) -> rec.maxPoolForward(p.name(), g, b.get("y"), b.get("argmax"), b.get("x")));
    }

    private static Shape image(Problem p) {
        return Shape.of(p.size("n"), p.size("h"), p.size("w"), p.size("c"));
    }

    private static OpSetup averagePoolForward(Problem p) {
        return new OpSetup().out("y", Shape.of(p.size("n"), p.size("c"))).in("x", image(p), NORMAL)
                .calls((rec, b) -> rec.globalAvgPoolForward(p.name(), b.get("y"), b.get("x")));
    }

    private static OpSetup averagePoolBackward(Problem p) {
        return new OpSetup().out("dx", image(p)).in("dy", Shape.of(p.size("n"), p.size("c")), NORMAL)
                .calls((rec, b) -> rec.globalAvgPoolBackward(p.name(), b.get("dx"), b.get("dy")));
    }
}
