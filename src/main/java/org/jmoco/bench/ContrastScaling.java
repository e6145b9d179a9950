package org.jmoco.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * InfoNCE against a growing queue, two ways: fused, which keeps no logits, and with stored logits, as frameworks do it: a product
 * that writes the N x M logits, a softmax cross-entropy that writes as many gradients, a product that reads those.
 *
 * <p>The stored way is timed operation by operation, each checked; its positive logits, one column of M + 1, are left out in its
 * favour.
 */
public final class ContrastScaling {
    private final OpBench bench;
    private final int n;
    private final int d;

    /** @param n queries, @param d length of a feature */
    public ContrastScaling(OpBench bench, int n, int d) {
        this.bench = bench;
        this.n = n;
        this.d = d;
    }

    /** The fused operation, then the three that store logits: product, softmax, product. */
    public static List<Problem> problems(int n, int d, int m) {
        return Stream.of("info_nce n" + n + " m" + m + " d" + d, "linear_fwd n" + n + " c" + d + " k" + m,
                "cross_entropy n" + n + " k" + m, "linear_bwd_data n" + n + " c" + d + " k" + m).map(Problem::parse).toList();
    }

    /** @param m keys in the queue */
    public Map<String, Object> measure(int m) {
        List<Problem> problems = problems(n, d, m);
        Row fused = bench.measure(problems.getFirst());
        List<Row> stored = problems.stream().skip(1).map(bench::measure).toList();
        double storedMillis = stored.stream().mapToDouble(Row::medianNanos).sum() * 1e-6;
        double softmaxMillis = stored.get(1).medianNanos() * 1e-6;
        double fusedMillis = fused.medianNanos() * 1e-6;
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("problem", "info_nce n" + n + " m" + m + " d" + d);
        r.put("queue", m);
        r.put("fused_ms", fusedMillis);
        r.put("fused_ms_p10", fused.p10Nanos() * 1e-6);
        r.put("fused_ms_p90", fused.p90Nanos() * 1e-6);
        r.put("predicted_ms", fused.floorMillis());
        r.put("measured_over_predicted", fusedMillis / fused.floorMillis());
        r.put("stored_ms", storedMillis);
        r.put("stored_products_ms", storedMillis - softmaxMillis);
        r.put("stored_over_fused", storedMillis / fusedMillis);
        r.put("queue_mb", 4e-6 * m * d);
        r.put("fused_workspace_mb", (fused.memoryBytes() - operandBytes(m)) * 1e-6);
        r.put("stored_logits_mb", 8e-6 * n * m);
        return r;
    }

    /** q, k, dq and the queue; loss and count are a word each. */
    private double operandBytes(int m) {
        return 4.0 * (3.0 * n * d + (double) m * d + 2);
    }
}
