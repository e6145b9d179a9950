package org.jmoco.backend.cuda;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jmoco.backend.Branch;
import org.jmoco.backend.Program;
import org.jmoco.backend.Step;
import org.jmoco.backend.Work;

/**
 * A program whose launches are prepared: enqueues all, as one graph or one by one, its branches on the second stream if wanted.
 */
final class CudaProgram implements Runnable, AutoCloseable {
    private final Gpu gpu;
    private final String name;
    private final List<Step> steps;
    private final List<Branch> branches; // none where steps run in order
    private final boolean checkSteps;
    private GpuGraph graph; // null: step by step
    private boolean forked; // while steps are enqueued

    CudaProgram(Gpu gpu, Program program, CudaOptions options) {
        this.gpu = gpu;
        this.name = program.name();
        this.steps = program.steps();
        this.branches = options.branches() ? program.branches() : List.of();
        this.checkSteps = options.checkSteps();
        if (options.graphs()) {
            loadLibraryCode();
            graph = gpu.capture(name, this::enqueue);
        }
    }

    private void loadLibraryCode() {
        Set<String> loaded = new HashSet<>();
        for (int i = 0; i < steps.size(); i++) {
            Step s = steps.get(i);
            boolean branch = inBranch(i); // whose handles are others, and load for themselves
            if (s.work() instanceof LibraryWork && loaded.add(s.op() + " " + s.problem() + " " + branch)) {
                named(s, branch ? () -> onBranch(s.work()) : s.work()::run);
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

    private boolean inBranch(int step) {
        return branches.stream().anyMatch(b -> b.holds(step));
    }

    private void onBranch(Work work) {
        gpu.fork();
        try {
            work.run();
        } finally {
            gpu.join();
        }
    }

    private void enqueue() {
        for (int i = 0; i < steps.size(); i++) {
            Step s = steps.get(i);
            try {
                switchStreams(i);
                gpu.step(s.name() + " " + s.op());
                s.work().run();
                if (checkSteps) {
                    gpu.synchronize();
                }
            } catch (RuntimeException e) {
                joinAfter(e);
                throw e instanceof GpuException g ? in(s, g, i) : e;
            }
        }
        try {
            switchStreams(steps.size());
        } catch (GpuException e) {
            throw new GpuException("program " + name + ", behind its last step on " + gpu.info().name() + ": " + e.getMessage(),
                    e);
        }
    }

    /** What has to be done between step {@code i - 1} and step {@code i}. A branch may begin where the one before is joined. */
    private void switchStreams(int i) {
        for (Branch b : branches) {
            if (i == b.first()) {
                gpu.fork();
                forked = true;
            }
            if (i == b.end()) {
                gpu.mainLine();
            }
            if (i == b.join()) {
                forked = false;
                gpu.join();
            }
        }
    }

    /** After a failure within a fork: what is enqueued later, the download of a result perhaps, must not run beside a branch. */
    private void joinAfter(RuntimeException failure) {
        if (forked) {
            forked = false;
            try {
                gpu.join();
            } catch (RuntimeException e) {
                failure.addSuppressed(e);
            }
        }
    }

    private GpuException in(Step s, GpuException e, int i) {
        String earlier = checkSteps || i == 0 ? "" : " (a fault of an earlier step may be reported here: --check-steps tells)";
        return new GpuException("program " + name + ", step " + i + " " + describe(s) + " on " + gpu.info().name() + ": "
                + e.getMessage() + earlier, e);
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
