package org.jmoco.backend.conformance;

import static org.jmoco.backend.conformance.OpCase.UNIFORM;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.tensor.Shape;

/** Rows by index, the ring of keys, fill and copy: nothing is computed, so nothing may differ. */
final class MemoryCases {
    private MemoryCases() {}

    static List<OpCase> all() {
        List<OpCase> all = new ArrayList<>();
        gather(all, Shape.of(1, 1), 1);
        gather(all, Shape.of(7, 13), 7);
        gather(all, Shape.of(31, 3, 5, 3), 16); // images, some never taken
        gather(all, Shape.of(5, 128), 33); // some taken twice
        gather(all, Shape.of(13), 7); // rows of one element
        int[][] rings = {{1, 1, 1, 0}, {7, 7, 13, 3}, {16, 64, 128, 48}, {3, 7, 33, 5}, {33, 100, 31, 99}, {5, 13, 1, 12}};
        for (int[] r : rings) {
            enqueue(all, r[0], r[1], r[2], r[3]);
        }
        for (Shape s : List.of(Shape.SCALAR, Shape.of(7, 13), Shape.of(40_001))) {
            all.add(new OpCase("fill x" + s + " f").out("dst", s, Tolerance.EXACT)
                    .records((rec, b) -> rec.fill("case", b.get("dst"), -0.375)));
            all.add(new OpCase("fill x" + s + " i32").intOut("dst", s).records((rec, b) -> rec.fill("case", b.get("dst"), -7)));
            all.add(new OpCase("copy x" + s + " f").out("dst", s, Tolerance.EXACT).in("src", s, UNIFORM)
                    .records((rec, b) -> rec.copy("case", b.get("dst"), b.get("src"))));
            all.add(new OpCase("copy x" + s + " i32").intOut("dst", s).intIn("src", s, r -> r.nextInt(1 << 20) - (1 << 19))
                    .records((rec, b) -> rec.copy("case", b.get("dst"), b.get("src"))));
        }
        return all;
    }

    private static void gather(List<OpCase> all, Shape src, int rows) {
        int[] extents = src.toArray();
        extents[0] = rows;
        Shape dst = Shape.of(extents);
        all.add(new OpCase("gather_rows x" + dst + " from " + src)
                .out("dst", dst, Tolerance.EXACT).in("src", src, UNIFORM).intIn("index", Shape.of(rows), r -> r.nextInt(src.dim(0)))
                .records((rec, b) -> rec.gatherRows("case", b.get("dst"), b.get("src"), b.get("index"))));
    }

    private static void enqueue(List<OpCase> all, int n, int m, int d, int head) {
        all.add(new OpCase("enqueue n" + n + " m" + m + " d" + d + " head" + head)
                .inOut("queue", Shape.of(m, d), UNIFORM, Tolerance.EXACT).intInOut("head", Shape.SCALAR, OpCase.constant(head))
                .in("keys", Shape.of(n, d), UNIFORM)
                .records((rec, b) -> rec.enqueue("case", b.get("queue"), b.get("head"), b.get("keys"))));
    }
}
