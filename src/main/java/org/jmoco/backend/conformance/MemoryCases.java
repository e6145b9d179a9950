package org.jmoco.backend.conformance;

import static org.jmoco.backend.conformance.OpCase.UNIFORM;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jmoco.tensor.Shape;

/** Rows by index, the ring of keys, tables and counters, fill and copy: nothing is computed, so nothing may differ. */
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
        for (double bad : new double[] {0, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            for (int size : new int[] {1, 33, 40_001}) {
                flagNonFinite(all, size, bad);
            }
        }
        selectRow(all, Shape.of(7, 13), 33); // beyond the last row: 33 mod 7
        selectRow(all, Shape.of(1), 0);
        selectRow(all, Shape.of(13), 12); // a scalar out of a vector
        selectRow(all, Shape.of(5, 4099), 3); // more than one block of threads
        selectRow(all, Shape.of(31, 3, 7), -1); // the last row
        for (int[] s : new int[][] {{1, 0}, {13, 12}, {7, 33}, {31, -1}}) {
            store(all, s[0], s[1]);
        }
        for (int from : new int[] {0, 41, -1, Integer.MAX_VALUE / 2}) {
            all.add(new OpCase("increment from" + from).intInOut("counter", Shape.SCALAR, OpCase.constant(from))
                    .records((rec, b) -> rec.increment("case", b.get("counter"))));
        }
        return all;
    }

    /** One element, in the last third, is {@code value}. */
    private static void flagNonFinite(List<OpCase> all, int size, double value) {
        OpCase c = new OpCase("flag_non_finite x" + size + " " + value).intInOut("flag", Shape.SCALAR, OpCase.constant(0))
                .in("x", Shape.of(size), r -> Float.MAX_VALUE * UNIFORM.next(r))
                .records((rec, b) -> rec.flagNonFinite("case", b.get("flag"), b.get("x")));
        c.before("x")[size - 1 - size / 5] = value;
        all.add(c);
    }

    private static void selectRow(List<OpCase> all, Shape table, int index) {
        Shape row = Shape.of(Arrays.copyOfRange(table.toArray(), 1, table.rank()));
        String problem = "select_row x" + table + " index" + index;
        all.add(new OpCase(problem + " f").out("dst", row, Tolerance.EXACT).in("table", table, UNIFORM)
                .intIn("index", Shape.SCALAR, OpCase.constant(index))
                .records((rec, b) -> rec.selectRow("case", b.get("dst"), b.get("table"), b.get("index"))));
        all.add(new OpCase(problem + " i32").intOut("dst", row).intIn("table", table, r -> r.nextInt(1 << 20) - (1 << 19))
                .intIn("index", Shape.SCALAR, OpCase.constant(index))
                .records((rec, b) -> rec.selectRow("case", b.get("dst"), b.get("table"), b.get("index"))));
    }

    private static void store(List<OpCase> all, int length, int index) {
        String problem = "store x" + length + " index" + index;
        all.add(new OpCase(problem + " f").inOut("log", Shape.of(length), UNIFORM, Tolerance.EXACT)
                .intIn("index", Shape.SCALAR, OpCase.constant(index)).in("value", Shape.SCALAR, OpCase.constant(0.625))
                .records((rec, b) -> rec.store("case", b.get("log"), b.get("index"), b.get("value"))));
        all.add(new OpCase(problem + " i32").intInOut("log", Shape.of(length), r -> r.nextInt(100))
                .intIn("index", Shape.SCALAR, OpCase.constant(index)).intIn("value", Shape.SCALAR, OpCase.constant(-7))
                .records((rec, b) -> rec.store("case", b.get("log"), b.get("index"), b.get("value"))));
    }

    private static void gather(List<OpCase> all, Shape src, int rows) {
        int[] extents = src.toArray();
        extents[0] = rows;
        Shape dst = Shape.of(extents);
        all.add(new OpCase("gather_rows x" + dst + " from " + src)
                .out("dst", dst, Tolerance.EXACT).in("src", src, UNIFORM)
                .intIn("index", Shape.of(rows), r -> r.nextInt(src.dim(0)))
                .records((rec, b) -> rec.gatherRows("case", b.get("dst"), b.get("src"), b.get("index"))));
    }

    private static void enqueue(List<OpCase> all, int n, int m, int d, int head) {
        all.add(new OpCase("enqueue n" + n + " m" + m + " d" + d + " head" + head)
                .inOut("queue", Shape.of(m, d), UNIFORM, Tolerance.EXACT).intInOut("head", Shape.SCALAR, OpCase.constant(head))
                .in("keys", Shape.of(n, d), UNIFORM)
                .records((rec, b) -> rec.enqueue("case", b.get("queue"), b.get("head"), b.get("keys"))));
    }
}
