package org.jmoco.bench;

import java.util.HashMap;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.UserError;

/** Measures one operation: fills its operands, runs it once, checks the result, times it, and looks at the result once more. */
public final class OpBench {
    private final Supplier<Backend> open;
    private final Ceilings ceilings;
    private final Stopwatch watch;
    private final Caches caches;
    private final int flushFloats;
    private final WarmUps warmUps;

    /**
     * @param open opens a fresh backend (on a GPU: a fresh context) for each problem
     * @param samples timed samples for each problem
     * @param warmUpSeconds shortest warm-up of a problem
     * @param warmUps hears how each ended
     */
    public OpBench(Supplier<Backend> open, Ceilings ceilings, Caches caches, int samples, double warmUpSeconds,
            WarmUps warmUps) {
        this(open, ceilings, caches, caches.flushFloats(), new Stopwatch(samples, warmUpSeconds), warmUps);
    }

    OpBench(Supplier<Backend> open, Ceilings ceilings, Caches caches, int flushFloats, Stopwatch watch, WarmUps warmUps) {
        this.open = open;
        this.ceilings = ceilings;
        this.caches = caches;
        this.flushFloats = flushFloats;
        this.watch = watch;
        this.warmUps = warmUps;
    }

    /**
     * Looks at a problem without carrying it out: before anything is measured.
     *
     * @throws UserError if there is no such operation, a size is missing, the sizes do not go together, or the operands are too
     *     large for Java's arrays or heap
     */
    public static void require(Problem p) {
        OpTrial.requireHeap(p, Runtime.getRuntime().maxMemory());
        try (Backend planning = ReferenceBackend.open(DType.F32, 1)) { // records only, allocates nothing
            OpTrial.record(p, planning, new HashMap<>());
        } catch (IllegalArgumentException e) {
            throw UserError.usage("problem '" + p + "': " + e.getMessage());
        }
    }

    /** @throws IllegalStateException if the backend computes something else than the operation */
    public Row measure(Problem p) {
        try (OpTrial trial = OpTrial.checked(p, open, flushFloats)) {
            Stopwatch.Timing t = trial.time(watch);
            warmUps.add(p.shape(), t.warmUp());
            trial.checkAgain();
            return new Row(p, t.median(), t.p10(), t.p90(), t.samples(), trial.bytes(), trial.flops(), trial.memoryBytes(),
                    caches, ceilings);
        }
    }
}
