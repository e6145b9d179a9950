package org.jmoco.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

        /** What {@code --filter} looks at. */
        @Override
        public String toString() {
            return layer + " " + op;
        }

        /** @param batch images of the step */
        public Map<String, Object> toMap(Ceilings ceilings, double totalNanos, int batch) {
            Map<String, Object> m = new LinkedHashMap<>();
            m.put("layer", layer);
            m.put("op", op);
            m.put("steps", steps);
            m.put("ms", nanos * 1e-6);
            m.put("percent_of_step", 100 * nanos / totalNanos);
            Rates.put(m, ceilings, nanos, bytes, flops);
            m.put("images_per_s", batch / nanos * 1e9);
            return m;
        }
    }

    private LayerBench() {
    }

    /** @param repeats each step's time is the median of so many passes; the program trains meanwhile */
    public static List<Share> measure(Backend backend, StepTrial step, int repeats, WarmUps warmUps) {
        step.warmUp(warmUps);
        Program program = step.program();
        long[] nanos = program.time(backend, repeats);
        Map<String, Share> shares = new LinkedHashMap<>();
        for (int i = 0; i < nanos.length; i++) {
            Step s = program.steps().get(i);
            Share share = new Share(layer(s.name()), s.op(), 1, nanos[i], s.bytes(), s.flops());
            shares.merge(share.layer() + " " + share.op(), share, Share::plus);
        }
        return new ArrayList<>(shares.values());
    }

    /** The steps of one layer and one operation, in order. */
    public static List<Step> launches(Program program, String layer, String op) {
        return program.steps().stream().filter(s -> layer(s.name()).equals(layer) && s.op().equals(op)).toList();
    }

    /** Every layer and operation of a program, as {@code layer1 conv2d_fwd}. */
    public static List<String> names(Program program) {
        return program.steps().stream().map(s -> layer(s.name()) + " " + s.op()).distinct().toList();
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
