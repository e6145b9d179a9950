package org.jmoco.bench;

import java.util.HashSet;
import java.util.Set;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.backend.Step;

/** What precedes the timing of a recorded program or of its steps. It runs them, so it trains if they do. */
public final class ProgramWarmUp {
    /** Runs before the first that counts, after each launch had its own warm-up. */
    private static final int RUNS = 4;
    private static final Stopwatch LAUNCH_WATCH = new Stopwatch(3, 0.05);
    /** A GPU's clocks take some tenths of a second to rise from idle. */
    private static final Stopwatch DEVICE_WATCH = new Stopwatch(3, 0.5);

    private ProgramWarmUp() {}

    /**
     * Runs until the times are steady: on a GPU those of the program, elsewhere those of each distinct launch, repeated by itself
     * first. What a step does only once it would have to do for ten steps until its loops are compiled (InfoNCE: ten times too
     * slow in the fifth).
     *
     * @param once a run of the program, until its result is known
     * @param warmUps hears how that ended
     */
    public static void run(Backend backend, Program program, Runnable once, WarmUps warmUps) {
        if (backend.name().equals("cuda")) { // whose loops need no compiling
            warmUps.add("step", DEVICE_WATCH.warmUp(backend, program::run, null).end());
            JitWatch.warmUp(RUNS, once);
        } else {
            launches(backend, program, warmUps);
            warmUps.add("step", JitWatch.warmUp(RUNS, once));
        }
    }

    /** One run in its order; repeated is what reads nothing that it writes, so that the program remains what it is. */
    private static void launches(Backend backend, Program program, WarmUps warmUps) {
        Set<String> seen = new HashSet<>();
        for (Step s : program.steps()) {
            s.work().run();
            if (seen.add(s.op() + " " + s.problem())
                    && s.reads().stream().noneMatch(r -> s.writes().stream().anyMatch(r::overlaps))) {
                warmUps.add(s.op() + " " + s.problem(), LAUNCH_WATCH.warmUp(backend, s.work()::run, null).end());
            }
        }
    }
}
