package org.jmoco.backend.conformance;

import static org.jmoco.backend.conformance.OpCase.UNIFORM;
import static org.jmoco.backend.conformance.OpCase.integers;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.conformance.OpCase.Fill;

/**
 * Convolutions, three directions each. Integer data are exact by any method: filters and dy are multiples of 4, so that the
 * quarters of a Winograd transform are whole numbers too.
 */
final class ConvolutionCases {
    private ConvolutionCases() {}

    private static final List<ConvGeometry> GEOMETRIES = List.of(
            // n, h, w, c, k, r, s, stride, pad
            new ConvGeometry(1, 1, 1, 1, 1, 1, 1, 1, 0),
            new ConvGeometry(1, 3, 3, 1, 1, 3, 3, 1, 0), // one output pixel
            new ConvGeometry(2, 7, 7, 3, 7, 3, 3, 1, 1),
            new ConvGeometry(3, 8, 8, 3, 64, 3, 3, 1, 1), // CIFAR stem
            new ConvGeometry(1, 13, 7, 31, 33, 3, 3, 1, 1),
            new ConvGeometry(7, 4, 4, 33, 13, 3, 3, 1, 1),
            new ConvGeometry(2, 8, 8, 64, 64, 3, 3, 1, 1),
            new ConvGeometry(13, 4, 4, 16, 32, 3, 3, 1, 1),
            new ConvGeometry(3, 1, 1, 16, 16, 3, 3, 1, 1), // only the centre tap meets the image
            new ConvGeometry(2, 8, 8, 16, 32, 3, 3, 2, 1), // a stage's first convolution
            new ConvGeometry(2, 7, 13, 13, 31, 3, 3, 2, 1),
            new ConvGeometry(2, 8, 8, 16, 32, 1, 1, 2, 0), // its shortcut
            new ConvGeometry(3, 7, 7, 7, 13, 1, 1, 2, 0),
            new ConvGeometry(1, 31, 33, 7, 1, 1, 1, 1, 0),
            new ConvGeometry(1, 19, 17, 3, 16, 7, 7, 2, 3), // 224 stem
            new ConvGeometry(2, 9, 6, 5, 3, 2, 4, 1, 0), // filter not square
            new ConvGeometry(1, 10, 11, 3, 5, 3, 2, 3, 1)); // stride beyond the filter's width

    static List<OpCase> all() {
        List<OpCase> all = new ArrayList<>();
        for (ConvGeometry g : GEOMETRIES) {
            all.add(forward(g, true));
            all.add(forward(g, false));
            for (boolean accumulate : new boolean[] {false, true}) {
                all.add(backwardData(g, true, accumulate));
                all.add(backwardData(g, false, accumulate));
                all.add(backwardWeights(g, true, accumulate));
                all.add(backwardWeights(g, false, accumulate));
            }
        }
        return all;
    }

    private static Fill image(boolean exact) {
        return exact ? integers(3, 1) : UNIFORM;
    }

    private static Fill quarters(boolean exact) {
        return exact ? integers(2, 4) : UNIFORM;
    }

    private static String suffix(boolean exact, boolean accumulate) {
        return (accumulate ? " acc" : "") + (exact ? " integers" : " uniform");
    }

    private static OpCase forward(ConvGeometry g, boolean exact) {
        long terms = (long) g.r() * g.s() * g.c();
        return new OpCase("conv2d_fwd " + g + suffix(exact, false))
                .out("y", g.y(), exact ? Tolerance.EXACT : Tolerance.matrixProducts(terms))
                .in("x", g.x(), image(exact)).weights("w", g.filter(), quarters(exact))
                .records((rec, b) -> rec.conv2dForward("case", g, b.get("y"), b.get("x"), b.get("w")));
    }

    private static OpCase backwardData(ConvGeometry g, boolean exact, boolean accumulate) {
        long terms = (long) g.r() * g.s() * g.k() + 1;
        return new OpCase("conv2d_bwd_data " + g + suffix(exact, accumulate))
                .target("dx", g.x(), accumulate, image(exact), exact ? Tolerance.EXACT : Tolerance.matrixProducts(terms))
                .in("dy", g.y(), quarters(exact)).weights("w", g.filter(), quarters(exact))
                .records((rec, b) -> rec.conv2dBackwardData("case", g, b.get("dx"), b.get("dy"), b.get("w"), accumulate));
    }

    private static OpCase backwardWeights(ConvGeometry g, boolean exact, boolean accumulate) {
        long terms = (long) g.n() * g.p() * g.q() + 1;
        return new OpCase("conv2d_bwd_w " + g + suffix(exact, accumulate))
                .gradients("dw", g.filter(), accumulate, image(exact), exact ? Tolerance.EXACT : Tolerance.matrixProducts(terms))
                .in("x", g.x(), image(exact)).in("dy", g.y(), quarters(exact))
                .records((rec, b) -> rec.conv2dBackwardWeights("case", g, b.get("dw"), b.get("x"), b.get("dy"), accumulate));
    }
}
