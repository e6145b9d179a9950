package org.jmoco.bench;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.jmoco.tensor.UserError;

/** Which operations can be benchmarked: each family brings its own, by the name that stands in a program's table. */
final class OpSetups {
    private static final Map<String, Function<Problem, OpSetup>> BY_NAME = new TreeMap<>();

    static {
        ConvolutionSetups.addTo(BY_NAME);
        MapSetups.addTo(BY_NAME);
        RowSetups.addTo(BY_NAME);
        FlatSetups.addTo(BY_NAME);
    }

    private OpSetups() {
    }

    static Set<String> names() {
        return BY_NAME.keySet();
    }

    /** @throws UserError if the operation is unknown or the problem lacks a size */
    static OpSetup of(Problem p) {
        Function<Problem, OpSetup> setup = BY_NAME.get(p.op());
        if (setup == null) {
            throw UserError.usage("problem '" + p + "': no benchmark exists for operation " + p.op() + "; known: "
                    + String.join(", ", names()));
        }
        return setup.apply(p);
    }
}
