package org.jmoco.bench;

import static org.jmoco.bench.Values.INTEGERS;
import static org.jmoco.bench.Values.NORMAL;
import static org.jmoco.bench.Values.POSITIVE;
import static org.jmoco.bench.Values.ZERO;
import static org.jmoco.bench.Values.below;
import static org.jmoco.bench.Values.unitRows;

import java.util.Map;
import java.util.function.Function;
import org.jmoco.tensor.Shape;

/** What works on rows of features: the linear layer, normalisation, losses, queue, neighbours. */
final class RowSetups {
    private RowSetups() {
    }

    static void addTo(Map<String, Function<Problem, OpSetup>> byName) {
        byName.put("linear_fwd", RowSetups::linearForward);
        byName.put("linear_bwd_data", RowSetups::linearBackwardData);
        byName.put("linear_bwd_w", RowSetups::linearBackwardWeights);
        byName.put("l2_norm_fwd", RowSetups::l2NormForward);
        byName.put("l2_norm_bwd", RowSetups::l2NormBackward);
        byName.put("info_nce", RowSetups::infoNce);
        byName.put("cross_entropy", RowSetups::crossEntropy);
        byName.put("gather_rows", RowSetups::gatherRows);
        byName.put("enqueue", RowSetups::enqueue);
    }

    private static Shape shape(Problem p, String rows, String columns) {
        return Shape.of(p.size(rows), p.size(columns));
    }

    private static OpSetup linearForward(Problem p) {
        return new OpSetup().out("y", shape(p, "n", "k")).in("x", shape(p, "n", "c"), INTEGERS)
                .weights("w", shape(p, "k", "c"), INTEGERS)
                .weights("b", Shape.of(p.size("k")), INTEGERS)
                .calls((rec, b) -> rec.linearForward(p.name(), b.get("y"), b.get("x"), b.get("w"), b.get("b")));
    }

    private static OpSetup linearBackwardData(Problem p) {
        return new OpSetup().out("dx", shape(p, "n", "c")).in("dy", shape(p, "n", "k"), INTEGERS)
                .weights("w", shape(p, "k", "c"), INTEGERS)
                .calls((rec, b) -> rec.linearBackwardData(p.name(), b.get("dx"), b.get("dy"), b.get("w")));
    }

    private static OpSetup linearBackwardWeights(Problem p) {
        return new OpSetup().gradients("dw", shape(p, "k", "c"), null).gradients("db", Shape.of(p.size("k")), null)
                .in("x", shape(p, "n", "c"), INTEGERS).in("dy", shape(p, "n", "k"), INTEGERS)
                .calls((rec, b) -> rec.linearBackwardWeights(p.name(), b.get("dw"), b.get("db"), b.get("x"), b.get("dy"), false));
    }

    private static OpSetup l2NormForward(Problem p) {
        Shape x = shape(p, "n", "d");
        return new OpSetup().out("y", x).out("norm", Shape.of(p.size("n"))).in("x", x, NORMAL)
                .calls((rec, b) -> rec.l2NormalizeForward(p.name(), b.get("y"), b.get("norm"), b.get("x")));
    }

    private static OpSetup l2NormBackward(Problem p) {
        Shape x = shape(p, "n", "d");
        return new OpSetup().out("dx", x).in("dy", x, NORMAL).in("y", x, unitRows(p.size("d")))
                .in("norm", Shape.of(p.size("n")), POSITIVE)
                .calls((rec, b) -> rec.l2NormalizeBackward(p.name(), b.get("dx"), b.get("dy"), b.get("y"), b.get("norm")));
    }

    private static OpSetup infoNce(Problem p) {
        Shape q = shape(p, "n", "d");
        Values directions = unitRows(p.size("d"));
        return new OpSetup().out("loss", Shape.SCALAR).intsOut("correct", Shape.SCALAR).out("dq", q).in("q", q, directions)
                .in("k", q, directions).in("queue", shape(p, "m", "d"), directions)
                .calls((rec, b) -> rec.infoNce(p.name(), b.get("loss"), b.get("correct"), b.get("dq"), b.get("q"), b.get("k"),
                        b.get("queue"), 0.1, false));
    }

    private static OpSetup crossEntropy(Problem p) {
        Shape logits = shape(p, "n", "k");
        return new OpSetup().out("loss", Shape.SCALAR).intsOut("correct", Shape.SCALAR).out("dlogits", logits)
                .in("logits", logits, NORMAL)
                .ints("labels", Shape.of(p.size("n")), below(p.size("k")))
                .calls((rec, b) -> rec.softmaxCrossEntropy(p.name(), b.get("loss"), b.get("correct"), b.get("dlogits"),
                        b.get("logits"), b.get("labels")));
    }

    private static OpSetup gatherRows(Problem p) {
        return new OpSetup().out("dst", shape(p, "n", "d")).in("src", shape(p, "m", "d"), NORMAL)
                .ints("index", Shape.of(p.size("n")), below(p.size("m")))
                .calls((rec, b) -> rec.gatherRows(p.name(), b.get("dst"), b.get("src"), b.get("index")));
    }

    private static OpSetup enqueue(Problem p) {
        return new OpSetup().in("queue", shape(p, "m", "d"), NORMAL).ints("head", Shape.SCALAR, ZERO)
                .in("keys", shape(p, "n", "d"), NORMAL)
                .calls((rec, b) -> rec.enqueue(p.name(), b.get("queue"), b.get("head"), b.get("keys")));
    }
}
