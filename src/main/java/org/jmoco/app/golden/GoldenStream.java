package org.jmoco.app.golden;

import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * The generator of the golden files: splitmix64's output function on seed + i, as a number in [-1, 1) with 24 bits, exact in
 * f32. All inputs and weights of a case come from it, so no weight files are needed.
 */
enum GoldenStream {
    PARAM("param", 7311000000000L),
    IM_Q("im_q", 7312000000000L),
    IM_K("im_k", 7313000000000L),
    QUEUE("queue", 7314000000000L),
    CHECK("check", 7315000000000L),
    IM_EVAL("im_eval", 7316000000000L),
    FINE_TUNE("ft", 7317000000000L),
    KNN_LABEL("knn_label", 7318000000000L),
    KNN_CENTRE("knn_centre", 7319000000000L),
    KNN_BANK("knn_bank", 7320000000000L),
    KNN_QUERY("knn_query", 7321000000000L);

    private final String key;
    private final long usualSeed;

    GoldenStream(String key, long usualSeed) {
        this.key = key;
        this.usualSeed = usualSeed;
    }

    /** Its name in generator.json. */
    String key() {
        return key;
    }

    /** Its seed there. */
    long usualSeed() {
        return usualSeed;
    }

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
