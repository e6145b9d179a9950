package org.jmoco.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.moco.MocoStep;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/**
 * One MoCo step on an open backend, ready to be timed. What is checked before: that two runs change the weights of both encoders
 * (the key encoder follows in the second) and the queue, and that the loss is a number.
 *
 * <p>Which seconds count: the program alone, from weights and images in memory to the loss, that is momentum update, both encoder
 * passes, loss, backward, SGD and enqueue. Images are random numbers that lie on the device; no view is made. With several steps in
 * one timing the loss is read after it, and the device does one step after the other without waiting for the host: as in training,
 * and as PyTorch's GPU script is timed.
 */
public final class StepTrial {
    private static final List<String> STATE = List.of("the query encoder", "the key encoder", "the queue");

    private final StepSizes sizes;
    private final Backend backend;
    private final MocoStep step;

    /** Allocates. @throws IllegalStateException if a step leaves something as it was */
    public StepTrial(Backend backend, StepSizes sizes) {
        this.sizes = sizes;
        this.backend = backend;
        step = new MocoStep(backend, sizes.config());
        backend.allocate();
        sizes.fill(backend, step);
        List<HostTensor> before = state();
        step.program().run();
        step.program().run();
        List<HostTensor> after = state();
        for (int i = 0; i < before.size(); i++) {
            if (before.get(i).bitEquals(after.get(i))) {
                throw new IllegalStateException("bench " + sizes + ": two steps leave " + STATE.get(i)
                        + " as it was; no time is taken");
            }
        }
        requireLoss();
    }

    /** In the order of {@link #STATE}. */
    private List<HostTensor> state() {
        return Stream.of(step.pair().query().weights().flat(), step.pair().key().weights().flat(), step.queue().keys())
                .map(backend::download)
                .toList();
    }

    /** @throws UserError if the loss is no number: the times would mean nothing */
    private void requireLoss() {
        double loss = backend.get(step.loss().loss());
        if (!Double.isFinite(loss)) {
            throw UserError.failed("the loss became " + loss + "; the times would mean nothing.");
        }
    }

    public Program program() {
        return step.program();
    }

    public long memoryBytes() {
        return backend.memory().totalBytes();
    }

    /** One step, until its loss is known. */
    public void run() {
        step.program().run();
        backend.get(step.loss().loss());
    }

    /** @param warmUps hears how it ended */
    public void warmUp(WarmUps warmUps) {
        ProgramWarmUp.run(backend, step.program(), this::run, warmUps);
    }

    /**
     * Nanoseconds of a step in each of {@code timings} timings after warm-up, ascending.
     *
     * @param steps in one timing: of a single one until its loss is known, by the host's clock; several enqueued one behind the
     *         other, by the device's
     */
    public double[] nanos(int timings, int steps, WarmUps warmUps) {
        warmUp(warmUps);
        return time(timings, steps);
    }

    double[] time(int timings, int steps) {
        double[] nanos = new double[timings];
        for (int i = 0; i < timings; i++) {
            if (steps == 1) {
                long begin = System.nanoTime();
                run();
                nanos[i] = System.nanoTime() - begin;
            } else {
                nanos[i] = (double) backend.nanos(() -> enqueue(steps)) / steps;
            }
        }
        requireLoss();
        Arrays.sort(nanos);
        return nanos;
    }

    private void enqueue(int steps) {
        for (int i = 0; i < steps; i++) {
            step.program().run();
        }
    }

    /** Columns of one timing. @param sortedNanos as {@link #nanos} returns it */
    public Map<String, Object> row(double[] sortedNanos, Ceilings ceilings) {
        double median = Stopwatch.quantile(sortedNanos, 0.5);
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("problem", sizes.toString());
        m.put("images_per_s", sizes.batch() / median * 1e9);
        m.put("ms_median", median * 1e-6);
        m.put("ms_p10", Stopwatch.quantile(sortedNanos, 0.1) * 1e-6);
        m.put("ms_p90", Stopwatch.quantile(sortedNanos, 0.9) * 1e-6);
        m.put("ms_min", sortedNanos[0] * 1e-6);
        m.put("ms_max", sortedNanos[sortedNanos.length - 1] * 1e-6);
        m.put("samples", sortedNanos.length);
        if (ceilings != null) {
            Rates.put(m, ceilings, median, program().bytes(), program().flops());
            double predicted = Prediction.nanos(program(), ceilings);
            m.put("floor_ms", predicted * 1e-6); // step by step: tighter than that of the totals
            m.put("percent_of_floor", 100 * predicted / median);
        }
        m.put("gflop", program().flops() * 1e-9);
        m.put("memory_mb", memoryBytes() * 1e-6);
        return m;
    }
}
