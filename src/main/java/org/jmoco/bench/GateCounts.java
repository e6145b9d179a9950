package org.jmoco.bench;

import java.lang.management.ManagementFactory;
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
    private static final StepSizes SMALL = new StepSizes(16, 32, 8, 8, 64, 16, false);
    private static final int STEPS = 20;

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

    /** Bytes that one step takes from the Java heap, all threads together: it is to allocate nothing. */
    public static Map<String, Double> ofHeap(Backend backend) {
        StepTrial step = new StepTrial(backend, SMALL);
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < STEPS; i++) {
            step.program().run();
        }
        long least = Long.MAX_VALUE; // other threads of the virtual machine allocate now and then
        for (int i = 0; i < STEPS; i++) {
            long before = threads.getTotalThreadAllocatedBytes();
            step.program().run();
            least = Math.min(least, threads.getTotalThreadAllocatedBytes() - before);
        }
        return Map.of("step_heap_bytes", (double) least);
    }
}
