package org.jmoco.bench;

import java.util.Map;

/** The columns in which every benchmark says how fast something was beside what the machine can do. */
public final class Rates {
    private Rates() {
    }

    /**
     * Adds {@code gb_per_s percent_of_copy gflop_per_s percent_of_product floor_ms percent_of_floor}.
     *
     * @param bytes the fewest that must be moved
     * @param flops operations of the definition
     */
    public static void put(Map<String, Object> row, Ceilings ceilings, double nanos, double bytes, double flops) {
        putBytes(row, ceilings, nanos, bytes);
        row.put("gflop_per_s", flops / nanos);
        row.put("percent_of_product", 100 * flops / nanos * 1e9 / ceilings.flopsPerSecond());
        row.put("floor_ms", ceilings.floorNanos(bytes, flops) * 1e-6);
        row.put("percent_of_floor", 100 * ceilings.floorNanos(bytes, flops) / nanos);
    }

    /** The first two: all that there is to say of work whose operations nobody counts. */
    static void putBytes(Map<String, Object> row, Ceilings ceilings, double nanos, double bytes) {
        row.put("gb_per_s", bytes / nanos);
        row.put("percent_of_copy", 100 * bytes / nanos * 1e9 / ceilings.copyBytesPerSecond());
    }
}
