package org.jmoco.backend.conformance;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** All cases, by family. Not every backend has every operation: see {@link OpCase#runsOn}. */
public final class OpCases {
    private OpCases() {}

    public static List<OpCase> all() {
        List<OpCase> all = new ArrayList<>();
        all.addAll(ConvolutionCases.all());
        all.addAll(PoolingCases.all());
        all.addAll(BatchNormCases.all());
        all.addAll(LinearCases.all());
        all.addAll(LossCases.all());
        all.addAll(NeighbourCases.all());
        all.addAll(MemoryCases.all());
        all.addAll(OptimiserCases.all());
        Set<String> problems = new HashSet<>();
        all.forEach(c -> {
            if (!problems.add(c.problem())) {
                throw new IllegalStateException("two cases are called " + c.problem());
            }
        });
        return all;
    }
}
