package org.jmoco.backend.conformance;

import static org.jmoco.backend.conformance.OpCase.UNIFORM;
import static org.jmoco.backend.conformance.OpCase.integers;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.tensor.Shape;

/** Max pooling (integers: many ties, decided by position) and the global average. */
final class PoolingCases {
    private PoolingCases() {}

    private static final List<ConvGeometry> WINDOWS = List.of(
            new ConvGeometry(1, 1, 1, 1, 1, 1, 1, 1, 0),
            new ConvGeometry(2, 13, 13, 7, 7, 3, 3, 2, 1), // 224 stem
            new ConvGeometry(2, 8, 8, 64, 64, 3, 3, 2, 1),
            new ConvGeometry(3, 7, 9, 33, 33, 2, 2, 2, 0),
            new ConvGeometry(1, 5, 6, 13, 13, 3, 2, 1, 1),
            new ConvGeometry(2, 7, 7, 31, 31, 2, 2, 3, 0)); // pixels that no window covers

    private static final List<Shape> IMAGES = List.of(
            Shape.of(1, 1, 1, 1), Shape.of(2, 4, 4, 512), Shape.of(3, 7, 13, 31), Shape.of(7, 2, 2, 33), Shape.of(13, 1, 1, 7));

    static List<OpCase> all() {
        List<OpCase> all = new ArrayList<>();
        for (ConvGeometry g : WINDOWS) {
            for (boolean ties : new boolean[] {true, false}) {
                all.add(new OpCase("max_pool_fwd " + g + (ties ? " integers" : " uniform"))
                        .out("y", g.y(), Tolerance.EXACT).intOut("argmax", g.y())
                        .in("x", g.x(), ties ? integers(2, 1) : UNIFORM)
                        .records((rec, b) -> rec.maxPoolForward("case", g, b.get("y"), b.get("argmax"), b.get("x"))));
            }
            all.add(maxBackward(g, true));
            all.add(maxBackward(g, false));
        }
        ConvGeometry window = WINDOWS.get(1);
        OpCase withNaN = new OpCase("max_pool_fwd " + window + " NaN") // wins each window that it is in
                .out("y", window.y(), Tolerance.EXACT).intOut("argmax", window.y()).in("x", window.x(), UNIFORM)
                .records((rec, b) -> rec.maxPoolForward("case", window, b.get("y"), b.get("argmax"), b.get("x")));
        withNaN.before("x")[(int) (window.x().size() / 2)] = Double.NaN;
        all.add(withNaN);
        for (Shape x : IMAGES) {
            int pixels = x.dim(1) * x.dim(2);
            Shape y = Shape.of(x.dim(0), x.dim(3));
            all.add(new OpCase("avg_pool_fwd x" + x)
                    .out("y", y, Tolerance.products(pixels + 1)).in("x", x, UNIFORM)
                    .records((rec, b) -> rec.globalAvgPoolForward("case", b.get("y"), b.get("x"))));
            all.add(new OpCase("avg_pool_bwd x" + x) // division, or a product with the rounded reciprocal
                    .out("dx", x, Tolerance.products(1)).in("dy", y, UNIFORM)
                    .records((rec, b) -> rec.globalAvgPoolBackward("case", b.get("dx"), b.get("dy"))));
        }
        return all;
    }

    /** Winners: for each window one of its pixels, the same one for several windows where they overlap. */
    private static OpCase maxBackward(ConvGeometry g, boolean exact) {
        int windows = Math.ceilDiv(g.r(), g.stride()) * Math.ceilDiv(g.s(), g.stride()); // that share a pixel, at most
        OpCase c = new OpCase("max_pool_bwd " + g + (exact ? " integers" : " uniform"))
                .out("dx", g.x(), exact ? Tolerance.EXACT : Tolerance.products(windows))
                .in("dy", g.y(), exact ? integers(100, 1) : UNIFORM).intIn("argmax", g.y(), r -> r.nextInt(g.r() * g.s()))
                .records((rec, b) -> rec.maxPoolBackward("case", g, b.get("dx"), b.get("dy"), b.get("argmax")));
        double[] winner = c.before("argmax");
        for (int i = 0; i < winner.length; i++) {
            int pq = i / g.c() % (g.p() * g.q());
            int h = pq / g.q() * g.stride() - g.pad() + (int) winner[i] / g.s();
            int v = pq % g.q() * g.stride() - g.pad() + (int) winner[i] % g.s();
            winner[i] = Math.clamp(h, 0, g.h() - 1) * g.w() + Math.clamp(v, 0, g.w() - 1);
        }
        return c;
    }
}
