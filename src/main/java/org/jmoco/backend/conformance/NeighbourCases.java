package org.jmoco.backend.conformance;

import static org.jmoco.backend.conformance.OpCase.UNIFORM;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.Backend;
import org.jmoco.backend.conformance.OpCase.Fill;
import org.jmoco.tensor.Shape;

/** The most similar rows of a bank: sums in a fixed order, so neither ranks nor similarities may differ. */
final class NeighbourCases {
    private NeighbourCases() {}

    /** N, M, D, K. */
    private static final int[][] BANKS = {{1, 1, 1, 1}, {7, 13, 31, 5}, {2, 33, 128, 33}, {66, 100, 5, 13}, {3, 1100, 16, 200}};

    static List<OpCase> all() {
        List<OpCase> all = new ArrayList<>();
        for (int[] b : BANKS) {
            all.add(topK(b[0], b[1], b[2], b[3], UNIFORM, ""));
            // Few different similarities, so that ties decide.
            all.add(topK(b[0], b[1], b[2], b[3], OpCase.integers(1, 1), " ties"));
            all.add(topK(b[0], b[1], b[2], b[3], OpCase.constant(0), " zeros"));
        }
        return all;
    }

    private static OpCase topK(int n, int m, int d, int k, Fill fill, String suffix) {
        return new OpCase("top_k n" + n + " m" + m + " d" + d + " top" + k + suffix)
                .intOut("index", Shape.of(n, k)).out("similarity", Shape.of(n, k), Tolerance.EXACT)
                .in("queries", Shape.of(n, d), fill).in("bank", Shape.of(m, d), fill)
                .onlyFor(Backend::ranksRows)
                .records((rec, b) -> rec.topK("case", b.get("index"), b.get("similarity"), b.get("queries"), b.get("bank")));
    }
}
