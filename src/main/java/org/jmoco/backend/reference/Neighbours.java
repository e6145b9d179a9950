package org.jmoco.backend.reference;

import java.util.Comparator;
import java.util.stream.IntStream;

/** The most similar rows of a bank. A task is one query. */
final class Neighbours {
    private final Workers workers;

    Neighbours(Workers workers) {
        this.workers = workers;
    }

    /** By falling similarity, equal ones by rising row: the whole bank is sorted, and its first K rows taken. */
    void topK(int N, int M, int D, int K, Ints index, Reals similarity, Reals queries, Reals bank) {
        workers.forEach(N, n -> {
            double[] s = new double[M];
            for (int m = 0; m < M; m++) {
                for (int d = 0; d < D; d++) {
                    s[m] = Math.fma(queries.get(n * D + d), bank.get(m * D + d), s[m]);
                }
            }
            // + 0.0 makes -0 equal to 0, as the numbers are; the sort keeps equal ones in order.
            int[] order = IntStream.range(0, M).boxed().sorted(Comparator.comparingDouble(m -> -(s[m] + 0.0))).mapToInt(m -> m)
                    .toArray();
            for (int k = 0; k < K; k++) {
                index.set(n * K + k, order[k]);
                similarity.set(n * K + k, s[order[k]] + 0.0);
            }
        });
    }
}
