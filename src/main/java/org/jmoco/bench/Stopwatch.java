package org.jmoco.bench;

import java.util.Arrays;
import org.jmoco.backend.Backend;

/**
 * Runs something until the times are steady and the just-in-time compiler is done with it, then takes samples, with the clock of
 * the backend ({@link Backend#nanos}): events on a device, the host's clock elsewhere.
 *
 * <p>A sample is the mean of so many runs that it lasts {@value #SAMPLE_MILLIS} ms, so that neither the clock nor the start of a
 * launch shows. With warm caches the runs of a sample follow each other and are timed as one; with cold ones each is timed alone,
 * after the flush, and holds the start of its launch.
 */
public final class Stopwatch {
    /** Long against the clock's resolution and a launch's latency (tens of microseconds). */
    private static final int SAMPLE_MILLIS = 10;
    /**
     * A flush takes as long as hundreds of short runs: a sample of cold runs has at most so many, and ends after so long a time.
     */
    private static final int MOST_COLD_RUNS = 16;
    private static final int COLD_SAMPLE_MILLIS = 100;
    /** Warm-up ends when a sample is within this factor of the fastest of the three before it. */
    private static final double STEADY = 1.05;
    private static final int LONGEST_WARM_UP = 4;
    /** A compiler that has to share its core with the run takes so many times the shortest warm-up, but not for ever. */
    private static final int LONGEST_COMPILING = 20;

    /** Nanoseconds of one run: median, 10th and 90th percentile of {@code samples} samples. */
    record Timing(double median, double p10, double p90, int samples, int runsPerSample, WarmUps.End warmUp) {
        static Timing of(double[] nanos, int runsPerSample, WarmUps.End warmUp) {
            double[] sorted = nanos.clone();
            Arrays.sort(sorted);
            return new Timing(quantile(sorted, 0.5), quantile(sorted, 0.1), quantile(sorted, 0.9), sorted.length, runsPerSample,
                    warmUp);
        }
    }

    /** @param runs of a sample */
    record Warm(int runs, WarmUps.End end) {}

    private final int samples;
    private final long warmUpNanos;

    /**
     * @param samples at least 3
     * @param warmUpSeconds shortest warm-up. It ends after {@value #LONGEST_WARM_UP} times as long even if the times are not
     *     steady, and after {@value #LONGEST_COMPILING} times as long even if the just-in-time compiler is still at work
     *     ({@link JitWatch})
     */
    Stopwatch(int samples, double warmUpSeconds) {
        if (samples < 3) {
            throw new IllegalArgumentException("stopwatch: at least 3 samples, not " + samples);
        }
        this.samples = samples;
        this.warmUpNanos = (long) (warmUpSeconds * 1e9);
    }

    /** Runs that follow each other: caches are warm. */
    Timing time(Backend backend, Runnable run) {
        return time(backend, run, null);
    }

    /** @param flush carried out before each run, not timed; null for warm caches */
    Timing time(Backend backend, Runnable run, Runnable flush) {
        Warm warm = warmUp(backend, run, flush);
        double[] t = new double[samples];
        for (int i = 0; i < samples; i++) {
            t[i] = sample(backend, run, flush, warm.runs);
        }
        return Timing.of(t, warm.runs, warm.end);
    }

    /** Runs until the times are steady and what runs is compiled, or a limit is reached. */
    Warm warmUp(Backend backend, Runnable run, Runnable flush) {
        long start = System.nanoTime();
        long compiledNanos = Math.min(JitWatch.DONE_NANOS, warmUpNanos / 2);
        JitWatch compiler = new JitWatch();
        boolean compiled;
        int runs = 1;
        double[] last = {Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE};
        int at = 0;
        boolean steady;
        long spent;
        do {
            long began = System.nanoTime();
            double perRun = sample(backend, run, flush, runs);
            double hostPerRun = (double) (System.nanoTime() - began) / runs;
            double best = Arrays.stream(last).min().getAsDouble();
            steady = at >= last.length && perRun <= STEADY * best && perRun >= best / STEADY;
            last[at++ % last.length] = perRun;
            runs = flush == null
                    ? (int) Math.clamp(Math.round(SAMPLE_MILLIS * 1e6 / Math.max(perRun, hostPerRun)), 1, 1_000_000)
                    : (int) Math.clamp(Math.round(COLD_SAMPLE_MILLIS * 1e6 / hostPerRun), 1, MOST_COLD_RUNS);
            compiled = compiler.idleNanos() >= compiledNanos;
            spent = System.nanoTime() - start;
        } while (spent < warmUpNanos || (!steady && spent < LONGEST_WARM_UP * warmUpNanos)
                || (!compiled && spent < LONGEST_COMPILING * warmUpNanos));
        return new Warm(runs, !compiled ? WarmUps.End.COMPILING : steady ? WarmUps.End.STEADY : WarmUps.End.MOVING);
    }

    private static double sample(Backend backend, Runnable run, Runnable flush, int runs) {
        if (flush == null) {
            return (double) backend.nanos(() -> {
                for (int i = 0; i < runs; i++) {
                    run.run();
                }
            }) / runs;
        }
        long nanos = 0;
        for (int i = 0; i < runs; i++) {
            flush.run();
            nanos += backend.nanos(run);
        }
        return (double) nanos / runs;
    }

    /** Linear between the two nearest of the sorted values. */
    public static double quantile(double[] sorted, double q) {
        double at = q * (sorted.length - 1);
        int low = (int) at;
        int high = Math.min(low + 1, sorted.length - 1);
        return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
    }
}
