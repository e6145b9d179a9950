package org.jmoco.bench;

import java.util.Arrays;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;

/**
 * Times a program until the times are steady, then takes samples.
 *
 * <p>A sample is the mean of so many runs that it lasts {@value #SAMPLE_MILLIS} ms, so that neither the clock nor the start of a
 * launch shows. Caches are warm: each run works on the operands of the one before, which matters for operands smaller than
 * the last cache.
 */
final class Stopwatch {
    /** Long against the clock's resolution and a launch's latency (tens of microseconds). */
    private static final int SAMPLE_MILLIS = 10;
    /** Warm-up ends when a sample is within this factor of the fastest of the three before it. */
    private static final double STEADY = 1.05;
    private static final int LONGEST_WARM_UP = 4;

    /** Nanoseconds of one run: median, 10th and 90th percentile of {@code samples} samples. */
    record Timing(double median, double p10, double p90, int samples, int runsPerSample) {
    }

    private final int samples;
    private final long warmUpNanos;

    /**
     * @param samples at least 3
     * @param warmUpSeconds shortest warm-up; a just-in-time compiler's slow stages look steady too. It ends after
     *     {@value #LONGEST_WARM_UP} times as long even if the times are not steady
     */
    Stopwatch(int samples, double warmUpSeconds) {
        if (samples < 3) {
            throw new IllegalArgumentException("stopwatch: at least 3 samples, not " + samples);
        }
        this.samples = samples;
        this.warmUpNanos = (long) (warmUpSeconds * 1e9);
    }

    Timing time(Backend backend, Program program) {
        long start = System.nanoTime();
        int runs = 1;
        double[] last = {Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE};
        int at = 0;
        double perRun;
        boolean steady;
        long spent;
        do {
            perRun = sample(backend, program, runs);
            double best = Arrays.stream(last).min().getAsDouble();
            steady = at >= last.length && perRun <= STEADY * best && perRun >= best / STEADY;
            last[at++ % last.length] = perRun;
            runs = (int) Math.clamp(Math.round(SAMPLE_MILLIS * 1e6 / Math.max(1, perRun)), 1, 1_000_000);
            spent = System.nanoTime() - start;
        } while (spent < warmUpNanos || (!steady && spent < LONGEST_WARM_UP * warmUpNanos));
        double[] t = new double[samples];
        for (int i = 0; i < samples; i++) {
            t[i] = sample(backend, program, runs);
        }
        Arrays.sort(t);
        return new Timing(quantile(t, 0.5), quantile(t, 0.1), quantile(t, 0.9), samples, runs);
    }

    private static double sample(Backend backend, Program program, int runs) {
        long nanos = backend.nanos(() -> {
            for (int i = 0; i < runs; i++) {
                program.run();
            }
        });
        return (double) nanos / runs;
    }

    /** Linear between the two nearest of the sorted values. */
    static double quantile(double[] sorted, double q) {
        double at = q * (sorted.length - 1);
        int low = (int) at;
        int high = Math.min(low + 1, sorted.length - 1);
        return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
    }
}
