package org.jmoco.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.List;
import java.util.ArrayList;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.backend.Step;

/**
 * Where the time of a program goes: its steps one by one, gathered by layer and operation. Steps run alone, so launches that
 * overlap in a graph count in full here.
 */
public final class LayerBench {
    /** The steps of one layer and one operation. */
    public record Share(String layer, String op, int steps, double nanos, double bytes, double flops) {
        Share plus(Share o) {
            return new Share(layer, op, steps + o.steps, nanos + o.nanos, bytes + o.bytes, flops + o.flops);
        }

        public Map<String, Object> toMap(Ceilings ceilings, double totalNanos) {
            Map<String, Object> m = new LinkedHashMap<>();
            m.put("layer", layer);
            m.put("op", op);
            m.put("steps", steps);
            m.put("ms", nanos * 1e-6);
            m.put("percent_of_step", 100 * nanos / totalNanos);
            m.put("gb_per_s", bytes / nanos);
            m.put("gflop_per_s", flops / nanos);
            m.put("floor_ms", ceilings.floorNanos(bytes, flops) * 1e-6);
            m.put("percent_of_floor", 100 * ceilings.floorNanos(bytes, flops) / nanos);
            return m;
        }
    }

    /** At the usual sizes the just-in-time compiler is done after four runs, at small ones only after some seconds. */
    private static final int WARM_UP_RUNS = 4;
    private static final long WARM_UP_NANOS = 4_000_000_000L;

    private LayerBench() {
    }

    /** @param repeats each step's time is the median of so many passes; the program trains meanwhile */
    public static List<Share> measure(Backend backend, Program program, int repeats) {
        long start = System.nanoTime();
        for (int run = 0; run < WARM_UP_RUNS || System.nanoTime() - start < WARM_UP_NANOS; run++) {
            program.run();
        }
        long[] nanos = program.time(backend, repeats);
        Map<String, Share> shares = new LinkedHashMap<>();
        for (int i = 0; i < nanos.length; i++) {
            Step s = program.steps().get(i);
            Share share = new Share(layer(s.name()), s.op(), 1, nanos[i], s.bytes(), s.flops());
            shares.merge(share.layer() + " " + share.op(), share, Share::plus);
        }
        return new ArrayList<>(shares.values());
    }

    /** {@code q.layer1.0.conv1} belongs to {@code layer1}, {@code k.conv1} and {@code q.bn1} to the stem. */
    static String layer(String step) {
        String name = step.replaceFirst("^[qk]\\.", "");
        if (name.startsWith("layer")) {
            return name.substring(0, name.indexOf('.'));
        }
        return name.equals("conv1") || name.equals("bn1") || name.startsWith("pool") || name.equals("maxpool") ? "stem" : "head";
    }
}
