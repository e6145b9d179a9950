package org.jmoco.backend;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * A device with its memory and its operations. The order of use is fixed: declare buffers ({@link #memory()}), record
 * programs ({@link #record}), {@link #allocate()} once, then upload, run and download as often as wanted, close.
 *
 * <p>Not thread-safe: one thread drives a backend. Whatever threads a backend uses inside do not change results.
 */
public abstract class Backend implements AutoCloseable {
    private final MemoryPlan plan = new MemoryPlan();
    private final List<Program> programs = new ArrayList<>();
    private boolean allocated;
    private String choice; // null: the backend was named

    /** The name that {@code --backend} takes: cpu, cuda, reference. */
    public abstract String name();

    /** One line for people: device, threads, library versions. */
    public abstract String describe();

    /** Name and types, which decide how results are rounded: {@code cpu f32}, {@code cuda bf16}. */
    public String arithmetic() {
        return name() + " " + real();
    }

    /** Notes why this backend was taken where the user left the choice. */
    public final void setChoice(String why) {
        choice = why;
    }

    /** {@link #describe()}, and why this backend was taken if the user left the choice: the first line of every run. */
    public final String headline() {
        return describe() + (choice == null ? "" : " (" + choice + ")");
    }

    /** The type of weights, gradients, features, statistics and losses: F32, or F64 on the reference backend. */
    public abstract DType real();

    /** True if the backend makes random views itself, from images in its own memory ({@link Ops#randomViews}). */
    public boolean rendersViews() {
        return false;
    }

    /** True if the backend finds the most similar rows itself ({@link Ops#topK}). */
    public boolean ranksRows() {
        return false;
    }

    /** The type of feature maps and image batches: {@link #real()}, or a narrower one. */
    public DType featureMaps() {
        return real();
    }

    /**
     * True if gradients must be scaled on their way through feature maps ({@link LossScaling}), whose type has too narrow a
     * range.
     */
    public boolean scalesLosses() {
        return featureMaps() == DType.F16;
    }

    /** True if weights have a second copy in the type of the feature maps: {@link Region#WEIGHT_COPIES}. */
    protected boolean copiesWeights() {
        return featureMaps() != real();
    }

    /** True if branches of a program run beside its main line, and so need memory of their own. */
    public boolean runsBranches() {
        return false;
    }

    /** A tensor with four axes is a feature map; filters, which have four too, are views of a flat array and of its type. */
    public final DType typeOf(Shape shape) {
        return shape.rank() == 4 ? featureMaps() : real();
    }

    /**
     * Bytes that a tensor can have at most. It is asked while a program is recorded, so that an impossible size ends there and
     * not after tables have been made for it; the whole plan is measured against free memory by {@link #allocate()}.
     */
    protected long memoryBytes() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    }

    /** Unit roundoff that real operands suffer before convolutions and linear layers multiply them: 0 if none. */
    public double productRoundoff() {
        return 0;
    }

    /** Unit roundoff that queries and keys suffer before InfoNCE multiplies them: 0 if none. */
    public double contrastRoundoff() {
        return 0;
    }

    /** The operations, as prepared launches. Layers do not call these; a {@link Recorder} does, after its checks. */
    protected abstract Ops ops();

    /**
     * Gives memory to every arena and places every root of it ({@link Buffer#place}). Contents are zero.
     *
     * @param arenaBytes size of each region's arena
     * @param roots all roots to place; {@code memory().offset(root)} tells where in its arena
     * @return address of the scratch arena, 0 if the backend has none
     * @throws org.jmoco.tensor.UserError when memory does not suffice: who needed how much and which option lowers it
     */
    protected abstract long placeArenas(Map<Region, Long> arenaBytes, List<Buffer> roots);

    /** Tells a step where everything lies; a backend overrides this to name the step in its errors. */
    protected void bind(Step step, long scratch) {
        step.work().bind(scratch);
    }

    /** Turns bound steps into something runnable; a backend that can capture a graph overrides this. */
    protected Runnable executable(Program program) {
        Step[] steps = program.steps().toArray(Step[]::new);
        return () -> {
            for (Step s : steps) {
                s.work().run();
            }
        };
    }

    /** Copies host values into a buffer, converting between f32, f64, bf16 and f16 where they differ. Sizes must agree. */
    public abstract void upload(Buffer dst, HostTensor src);

    /**
     * A copy of a buffer's values: F32, F64, I32 or U8 as the buffer is, F32 of a bf16 or f16 buffer. Waits for running programs.
     */
    public abstract HostTensor download(Buffer src);

    /** Frees all memory; the backend is unusable afterwards. */
    @Override
    public abstract void close();

    public final MemoryPlan memory() {
        return plan;
    }

    /** A persistent buffer of the type that {@link #typeOf} gives to the shape. */
    public final Buffer declare(Region region, String name, Shape shape) {
        return plan.declare(region, name, typeOf(shape), shape);
    }

    /** Starts a program. Its name stands in tables and errors. */
    public final Recorder record(String programName) {
        if (allocated) {
            throw new IllegalStateException("program " + programName + ": record all programs before Backend.allocate()");
        }
        return new Recorder(this, programName);
    }

    final void add(Program p) {
        programs.add(p);
    }

    /** Instead of {@link #allocate()}: what it would take, without taking it. The backend serves for nothing else afterwards. */
    public final MemoryPlan layOutOnly() {
        if (allocated) {
            throw new IllegalStateException("backend " + name() + ": allocate() was called already");
        }
        layOut();
        return plan;
    }

    private void layOut() {
        allocated = true;
        plan.layOut(programs, copiesWeights() ? (double) featureMaps().bytes / real().bytes : 0, runsBranches());
    }

    /** Places all buffers, binds all recorded programs. Once. */
    public final void allocate() {
        if (allocated) {
            throw new IllegalStateException("backend " + name() + ": allocate() was called already");
        }
        layOut();
        Map<Region, Long> bytes = new java.util.EnumMap<>(Region.class);
        for (Region r : Region.values()) {
            bytes.put(r, plan.bytes(r));
        }
        long scratch = placeArenas(bytes, plan.roots(programs));
        for (Program p : programs) {
            for (int i = 0; i < p.steps().size(); i++) {
                bind(p.steps().get(i), runsBranches() && p.inBranch(i) ? scratch + plan.branchScratch() : scratch);
            }
            p.makeRunnable(executable(p));
        }
    }

    /**
     * Time that the work enqueued by {@code work} takes, in nanoseconds, as the device measures it; returns when it is done.
     * Here: by the host's clock, for a backend whose programs are done when {@link Program#run} returns.
     */
    public long nanos(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return System.nanoTime() - start;
    }

    /** {@code upload} of a single number, into a real or I32 scalar. */
    public final void set(Buffer scalar, double value) {
        upload(scalar, scalar.dtype() == DType.I32
                ? HostTensor.of(scalar.shape(), new int[] {(int) value})
                : HostTensor.of(scalar.shape(), new double[] {value}));
    }

    /** {@code download} of a single number. */
    public final double get(Buffer scalar) {
        return download(scalar).get(0);
    }
}
