package org.jmoco.backend;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A recorded list of steps, replayed as a whole. Made by {@link Recorder#finish()}, runnable after allocation. */
public final class Program {
    private final String name;
    private final List<Step> steps;
    private final List<Buffer> transients;
    private final List<Branch> branches;
    private Runnable replay;

    Program(String name, List<Step> steps, List<Buffer> transients, List<Branch> branches) {
        this.name = name;
        this.steps = List.copyOf(steps);
        this.transients = List.copyOf(transients);
        this.branches = List.copyOf(branches);
    }

    public String name() {
        return name;
    }

    public List<Step> steps() {
        return steps;
    }

    /** What may run beside something else, in order; no two overlap. */
    public List<Branch> branches() {
        return branches;
    }

    /** True if a step belongs to a branch. */
    public boolean inBranch(int step) {
        return branches.stream().anyMatch(b -> b.holds(step));
    }

    /** Buffers that live within one run only, in order of declaration. */
    List<Buffer> transients() {
        return transients;
    }

    void makeRunnable(Runnable r) {
        replay = r;
    }

    /** Carries out all steps once, in order. @throws IllegalStateException before {@link Backend#allocate()} */
    public void run() {
        if (replay == null) {
            throw new IllegalStateException("program " + name + ": call Backend.allocate() before run()");
        }
        replay.run();
    }

    /** Operations of one run. */
    public long flops() {
        return steps.stream().mapToLong(Step::flops).sum();
    }

    /** Fewest bytes that one run must move. */
    public long bytes() {
        return steps.stream().mapToLong(Step::bytes).sum();
    }

    /** One line per step: name, operation, sizes, MFLOP, MB; and a total. */
    public void print(PrintStream out) {
        out.printf(Locale.ROOT, "program %s: %d steps%n", name, steps.size());
        out.printf(Locale.ROOT, "%4s %-34s %-16s %-44s %10s %9s%n", "#", "name", "op", "problem", "MFLOP", "MB");
        for (int i = 0; i < steps.size(); i++) {
            Step s = steps.get(i);
            out.printf(Locale.ROOT, "%4d %-34s %-16s %-44s %10.1f %9.2f%n", i, s.name(), s.op(), s.problem(), s.flops() * 1e-6,
                    s.bytes() * 1e-6);
        }
        out.printf(Locale.ROOT, "%4s %-34s %-16s %-44s %10.1f %9.2f%n", "", "total", "", "", flops() * 1e-6, bytes() * 1e-6);
    }

    /**
     * Runs the program {@code repeats} times step by step and returns the median time of each step.
     *
     * <p>State advances as in {@link #run()}: timing a training step trains.
     *
     * @return nanoseconds per step, in order
     */
    public long[] time(Backend backend, int repeats) {
        long[][] t = new long[steps.size()][repeats];
        for (int rep = 0; rep < repeats; rep++) {
            for (int i = 0; i < steps.size(); i++) {
                t[i][rep] = backend.nanos(steps.get(i).work()::run);
            }
        }
        long[] median = new long[steps.size()];
        for (int i = 0; i < median.length; i++) {
            Arrays.sort(t[i]);
            median[i] = t[i][repeats / 2];
        }
        return median;
    }

    /** The table of {@link #print} with milliseconds, GB/s and GFLOP/s from {@link #time}. */
    public void printTimes(PrintStream out, long[] nanos) {
        out.printf(Locale.ROOT, "program %s: %d steps%n", name, steps.size());
        out.printf(Locale.ROOT, "%4s %-34s %-16s %-44s %9s %8s %9s%n", "#", "name", "op", "problem", "ms", "GB/s", "GFLOP/s");
        long total = 0;
        for (int i = 0; i < steps.size(); i++) {
            Step s = steps.get(i);
            double ns = Math.max(1, nanos[i]);
            total += nanos[i];
            out.printf(Locale.ROOT, "%4d %-34s %-16s %-44s %9.3f %8.1f %9.1f%n", i, s.name(), s.op(), s.problem(), ns * 1e-6,
                    s.bytes() / ns, s.flops() / ns);
        }
        double ns = Math.max(1, total);
        out.printf(Locale.ROOT, "%4s %-34s %-16s %-44s %9.3f %8.1f %9.1f%n", "", "total", "", "", ns * 1e-6, bytes() / ns,
                flops() / ns);
    }
}
