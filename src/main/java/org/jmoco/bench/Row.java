package org.jmoco.bench;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One measured problem.
 *
 * @param bytes the fewest bytes it must move
 * @param flops the operations of its definition
 * @param memoryBytes what the backend holds for it: operands and workspace
 */
public record Row(Problem problem, double medianNanos, double p10Nanos, double p90Nanos, int samples, double bytes, double flops,
        double memoryBytes, Caches caches, Ceilings ceilings) {
    public double gigabytesPerSecond() {
        return bytes / medianNanos;
    }

    public double gigaflopsPerSecond() {
        return flops / medianNanos;
    }

    /** Milliseconds below which this machine cannot go with this many bytes and (direct) operations. */
    public double floorMillis() {
        return ceilings.floorNanos(bytes, flops) * 1e-6;
    }

    /** Floor over time, in percent; above 100 where a method needs fewer operations than the definition (Winograd). */
    public double percentOfFloor() {
        return 100 * ceilings.floorNanos(bytes, flops) / medianNanos;
    }

    /** Columns by name, in order; {@link Rates} has those that all benchmarks share. */
    public Map<String, Object> toMap() {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("problem", problem.shape());
        m.put("label", problem.label());
        m.put("times", problem.times());
        m.put("caches", caches.toString());
        m.put("ms_median", medianNanos * 1e-6);
        m.put("ms_p10", p10Nanos * 1e-6);
        m.put("ms_p90", p90Nanos * 1e-6);
        m.put("samples", samples);
        Rates.put(m, ceilings, medianNanos, bytes, flops);
        m.put("images_per_s", problem.sizes().containsKey("n") ? problem.size("n") / medianNanos * 1e9 : null);
        m.put("memory_mb", memoryBytes * 1e-6);
        return m;
    }
}
