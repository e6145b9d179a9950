package org.jmoco.bench;

import static org.jmoco.bench.Values.NORMAL;
import static org.jmoco.bench.Values.ZERO;

import java.util.Map;
import java.util.function.Function;
import org.jmoco.tensor.Shape;

/** Passes over flat arrays of {@code l} values: optimisers, the momentum update, a plain copy. */
final class FlatSetups {
    /** So small that weights stay in range however often a timing repeats the update. */
    private static final Values LEARNING_RATE = Values.constant(1e-6);

    private FlatSetups() {
    }

    static void addTo(Map<String, Function<Problem, OpSetup>> byName) {
        byName.put("momentum", FlatSetups::momentum);
        byName.put("sgd", FlatSetups::sgd);
        byName.put("adam", FlatSetups::adam);
        byName.put("copy", FlatSetups::copy);
    }

    private static Shape flat(Problem p) {
        return Shape.of(p.size("l"));
    }

    private static OpSetup momentum(Problem p) {
        return new OpSetup().weights("key", flat(p), NORMAL).weights("query", flat(p), NORMAL)
                .calls((rec, b) -> rec.momentumUpdate(p.name(), b.get("key"), b.get("query"), 0.99));
    }

    private static OpSetup sgd(Problem p) {
        return new OpSetup().weights("w", flat(p), NORMAL).gradients("dw", flat(p), NORMAL).in("velocity", flat(p), ZERO)
                .in("learningRate", Shape.SCALAR, LEARNING_RATE)
                .calls((rec, b) -> rec.sgd(p.name(), b.get("w"), b.get("dw"), b.get("velocity"), b.get("learningRate"), 0.9,
                        5e-4));
    }

    private static OpSetup adam(Problem p) {
        return new OpSetup().weights("w", flat(p), NORMAL).gradients("dw", flat(p), NORMAL).in("m", flat(p), ZERO)
                .in("v", flat(p), ZERO)
                .in("learningRate", Shape.SCALAR, LEARNING_RATE).ints("step", Shape.SCALAR, ZERO)
                .calls((rec, b) -> rec.adam(p.name(), b.get("w"), b.get("dw"), b.get("m"), b.get("v"), b.get("learningRate"),
                        b.get("step"), 0.9, 0.999, 1e-8, 0));
    }

    private static OpSetup copy(Problem p) {
        return new OpSetup().out("dst", flat(p)).in("src", flat(p), NORMAL)
                .calls((rec, b) -> rec.copy(p.name(), b.get("dst"), b.get("src")));
    }
}
