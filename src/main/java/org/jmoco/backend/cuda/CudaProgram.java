package org.jmoco.backend.cuda;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jmoco.backend.Program;
import org.jmoco.backend.Step;

/** A program whose launches are prepared: enqueues all of them, as one graph or one by one. */
final class CudaProgram implements Runnable, AutoCloseable {
    private final Gpu gpu;
    private final String name;
    private final List<Step> steps;
    private final boolean checkSteps;
    private GpuGraph graph; // null: step by step

    CudaProgram(Gpu gpu, Program program, CudaOptions options) {
        this.gpu = gpu;
        this.name = program.name();
        this.steps = program.steps();
        this.checkSteps = options.checkSteps();
        if (options.graphs()) {
            loadLibraryCode();
            graph = gpu.capture(name, this::enqueue);
        }
    }

    private void loadLibraryCode() {
        Set<String> loaded = new HashSet<>();
        for (Step s : steps) {
            if (s.work() instanceof LibraryWork && loaded.add(s.op() + " " + s.problem())) {
                named(s, s.work()::run);
            }
        }
        gpu.synchronize();
    }

    @Override
    public void run() {
        if (graph == null) {
            enqueue();
            return;
        }
        try {
            graph.launch();
        } catch (GpuException e) {
            throw new GpuException("program " + name + " on " + gpu.info().name() + ": " + e.getMessage() + whichStep(), e);
        }
    }

    private void enqueue() {
        for (int i = 0; i < steps.size(); i++) {
            Step s = steps.get(i);
            try {
                s.work().run();
                if (checkSteps) {
                    gpu.synchronize();
                }
            } catch (GpuException e) {
                throw in(s, e, i);
            }
        }
    }

    private GpuException in(Step s, GpuException e, int i) {
        String earlier = checkSteps || i == 0 ? "" : " (a fault of an earlier step may be reported here: --check-steps tells)";
        return new GpuException("program " + name + ", step " + i + " " + describe(s) + " on " + gpu.info().name() + ": " + e.getMessage()
                + earlier, e);
    }

    /** Carries out what belongs to a step outside of a run; errors name it. */
    private void named(Step s, Runnable action) {
        named(gpu, s, action);
    }

    static void named(Gpu gpu, Step s, Runnable action) {
        try {
            action.run();
        } catch (GpuOutOfMemoryException e) {
            throw e;
        } catch (GpuException e) {
            throw new GpuException("step " + describe(s) + " on " + gpu.info().name() + ": " + e.getMessage(), e);
        }
    }

    private static String describe(Step s) {
        return s.name() + " " + s.op() + " " + s.problem();
    }

    /** What to do about a fault that shows when results are waited for. */
    String whichStep() {
        return checkSteps ? "" : "; run again with --check-steps to learn which step failed";
    }

    String name() {
        return name;
    }

    @Override
    public void close() {
        if (graph != null) {
            graph.close();
        }
    }
}
