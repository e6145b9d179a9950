package org.jmoco.app.golden;

import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * The generator of the golden files: splitmix64's output function on seed + i, as a number in [-1, 1) with 24 bits, exact in
 * f32. All inputs and weights of a case come from it, so no weight files are needed.
 */
final class GoldenStream {
    static final long PARAM = 7311000000000L;
    static final long IM_Q = 7312000000000L;
    static final long IM_K = 7313000000000L;
    static final long QUEUE = 7314000000000L;
    static final long CHECK = 7315000000000L;
    static final long IM_EVAL = 7316000000000L;
    static final long FINE_TUNE = 7317000000000L;
    static final long KNN_LABEL = 7318000000000L;
    static final long KNN_CENTRE = 7319000000000L;
    static final long KNN_BANK = 7320000000000L;
    static final long KNN_QUERY = 7321000000000L;

    private GoldenStream() {}

    /** Element {@code i} of the stream {@code seed}. */
    static double u(long seed, long i) {
        return (bits(seed, i) >>> 40) * 0x1p-24 * 2 - 1;
    }

    /** The 64 bits behind it. */
    static long bits(long seed, long i) {
        long z = seed + i + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /**
     * Images from element {@code start} on. The stream runs through N x C x H x W; the result is N x H x W x C.
     */
    static HostTensor images(long seed, long start, int n, int channels, int size) {
        double[] x = new double[n * size * size * channels];
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < channels; c++) {
                for (int p = 0; p < size * size; p++) {
                    x[(i * size * size + p) * channels + c] = u(seed, start + ((long) i * channels + c) * size * size + p);
                }
            }
        }
        return HostTensor.of(Shape.of(n, size, size, channels), x);
    }
}
