package org.jmoco.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.MemoryPlan;
import org.jmoco.backend.Program;
import org.jmoco.backend.Region;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.moco.MocoStep;
import org.jmoco.tensor.DType;

/** What one MoCo step of the published sizes is made of: numbers that no machine and no load can change. */
public final class GateCounts {
    private GateCounts() {
    }

    /** Launches, operations and fewest bytes of the program, and its memory as planned in f32 without workspace. */
    public static Map<String, Double> ofStep() {
        try (Backend planning = ReferenceBackend.open(DType.F32, 1)) { // records only, allocates nothing
            Program p = new MocoStep(planning, StepSizes.PUBLISHED.config()).program();
            MemoryPlan plan = planning.layOutOnly();
            Map<String, Double> m = new LinkedHashMap<>();
            m.put("step_launches", (double) p.steps().size());
            m.put("step_mflop", Math.rint(p.flops() * 1e-6));
            m.put("step_mb", Math.rint(p.bytes() * 1e-6));
            m.put("step_activations_mb", Math.rint(plan.bytes(Region.ACTIVATIONS) * 1e-6));
            m.put("step_memory_mb", Math.rint((plan.totalBytes() - plan.bytes(Region.SCRATCH)) * 1e-6));
            return m;
        }
    }
}
