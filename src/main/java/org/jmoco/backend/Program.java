package org.jmoco.backend;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A recorded list of steps, replayed as a whole. Made by {@link Recorder#finish()}, runnable after allocation. */
public final class Program {
    /** What has to be said beside times of single steps where branches run beside the main line. */
    public static final String TIMED_IN_ORDER = "each step timed by itself, one after the other: branches overlap nothing here";

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

    /** Number of the branch that a step belongs to, in order from 1; 0: none, the step is one of the main line. */
    public int branchOf(int step) {
        for (int i = 0; i < branches.size(); i++) {
            if (branches.get(i).holds(step)) {
                return i + 1;
            }
        }
        return 0;
    }

    /** True if a step belongs to a branch. */
    public boolean inBranch(int step) {
        return branchOf(step) > 0;
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

    /**
     * The table of {@link #print} with milliseconds, GB/s and GFLOP/s from {@link #time}.
     *
     * @param withBranches the backend runs branches beside the main line: the head says that these times know no overlap, and
     *     each step in a branch has the branch's number
     */
    public void printTimes(PrintStream out, long[] nanos, boolean withBranches) {
        boolean branched = withBranches && !branches.isEmpty();
        out.printf(Locale.ROOT, "program %s: %d steps%s%n", name, steps.size(), branched ? ", " + TIMED_IN_ORDER : "");
        out.printf(Locale.ROOT, "%4s %s%-34s %-16s %-44s %9s %8s %9s%n", "#", branched ? "branch " : "", "name", "op", "problem",
                "ms", "GB/s", "GFLOP/s");
        long total = 0;
        for (int i = 0; i < steps.size(); i++) {
            total += nanos[i];
            Step s = steps.get(i);
            String branch = branched ? String.format(Locale.ROOT, "%6s ", inBranch(i) ? branchOf(i) : "-") : "";
            String what = String.format(Locale.ROOT, "%-34s %-16s %-44s", s.name(), s.op(), s.problem());
            printTime(out, Integer.toString(i), branch + what, nanos[i], s.bytes(), s.flops());
        }
        String all = String.format(Locale.ROOT, "%-34s %-16s %-44s", "total", "", "");
        printTime(out, "", (branched ? " ".repeat(7) : "") + all, total, bytes(), flops());
    }

    private static void printTime(PrintStream out, String number, String what, long nanos, long bytes, long flops) {
        double ns = Math.max(1, nanos);
        out.printf(Locale.ROOT, "%4s %s %9.3f %8.1f %9.1f%n", number, what, ns * 1e-6, bytes / ns, flops / ns);
    }
}
