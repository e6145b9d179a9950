package org.jmoco.bench;

import static org.jmoco.bench.Values.INTEGERS;
import static org.jmoco.bench.Values.ZERO;

import java.util.Map;
import java.util.function.Function;
import org.jmoco.backend.ConvGeometry;

/** The three passes of a convolution, on integers, so that results are exact in every order of summation. */
final class ConvolutionSetups {
    private ConvolutionSetups() {
    }

    static void addTo(Map<String, Function<Problem, OpSetup>> byName) {
        byName.put("conv2d_fwd", ConvolutionSetups::forward);
        byName.put("conv2d_bwd_data", ConvolutionSetups::backwardData);
        byName.put("conv2d_bwd_w", ConvolutionSetups::backwardWeights);
    }

    /** Also of a pooling window, which has no filters. */
    static ConvGeometry geometry(Problem p) {
        int c = p.size("c");
        return new ConvGeometry(p.size("n"), p.size("h"), p.size("w"), c, p.sizes().getOrDefault("k", c), p.size("r"),
                p.size("s"), p.size("st"), p.size("pd"));
    }

    private static OpSetup forward(Problem p) {
        ConvGeometry g = geometry(p);
        return new OpSetup().out("y", g.y()).in("x", g.x(), INTEGERS).weights("w", g.filter(), INTEGERS)
                .calls((rec, b) -> rec.conv2dForward(p.name(), g, b.get("y"), b.get("x"), b.get("w")));
    }

    private static OpSetup backwardData(Problem p) {
        ConvGeometry g = geometry(p);
        boolean acc = p.has("acc");
        return new OpSetup().in("dx", g.x(), acc ? ZERO : null).in("dy", g.y(), INTEGERS).weights("w", g.filter(), INTEGERS)
                .calls((rec, b) -> rec.conv2dBackwardData(p.name(), g, b.get("dx"), b.get("dy"), b.get("w"), acc));
    }

    private static OpSetup backwardWeights(Problem p) {
        ConvGeometry g = geometry(p);
        boolean acc = p.has("acc");
        return new OpSetup().gradients("dw", g.filter(), acc ? ZERO : null).in("x", g.x(), INTEGERS).in("dy", g.y(), INTEGERS)
                .calls((rec, b) -> rec.conv2dBackwardWeights(p.name(), g, b.get("dw"), b.get("x"), b.get("dy"), acc));
    }
}
