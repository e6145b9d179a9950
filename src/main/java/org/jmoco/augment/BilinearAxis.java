package org.jmoco.augment;

import java.util.Arrays;

/**
 * Weights of a bilinear resize with antialiasing along one axis, in Pillow's fixed point (libImaging/Resample.c, 9.4).
 *
 * <p>With s = in / out and f = max(s, 1), output pixel o has its centre at c = (o + 1/2) s and is the mean of the input
 * pixels i in [round(c - f), round(c + f)), cut to the axis, weighted by the triangle max(0, 1 - |i + 1/2 - c| / f). The
 * weights are divided by their sum in double and rounded to multiples of 2^-22. Enlarging (s &lt; 1) this is plain linear
 * interpolation; shrinking widens the triangle, which keeps fine texture from aliasing.
 *
 * <p>Immutable; any number of threads may read it.
 */
final class BilinearAxis {
    /** 32 bits less 8 for the pixel and 2 to spare, which Pillow keeps for filters with negative lobes. */
    static final int FRACTION_BITS = 22;

    /** Half a grey level: added before the shift, so that it rounds. */
    static final int HALF = 1 << (FRACTION_BITS - 1);

    final int in;
    final int out;

    /** Longest run of weights of one output pixel. */
    final int taps;

    /** First input pixel of each output pixel, [out]. */
    final int[] first;

    /** Number of input pixels of each output pixel, [out]. */
    final int[] count;

    /** Weights times 2^22, [out x taps], zero behind {@code count}. */
    final int[] weight;

    BilinearAxis(int in, int out) {
        this.in = in;
        this.out = out;
        this.first = new int[out];
        this.count = new int[out];
        double scale = (double) in / out;
        double support = Math.max(scale, 1.0);
        double perSupport = 1.0 / support;
        int stride = (int) Math.ceil(support) * 2 + 1;
        int[] wide = new int[out * stride];
        double[] w = new double[stride];
        int most = 1;
        for (int o = 0; o < out; o++) {
            double centre = (o + 0.5) * scale;
            int from = Math.max((int) (centre - support + 0.5), 0);
            int n = Math.min((int) (centre + support + 0.5), in) - from;
            double sum = 0;
            for (int i = 0; i < n; i++) {
                w[i] = Math.max(0.0, 1.0 - Math.abs((i + from - centre + 0.5) * perSupport));
                sum += w[i];
            }
            for (int i = 0; i < n; i++) {
                wide[o * stride + i] = (int) (0.5 + w[i] / sum * (1 << FRACTION_BITS));
            }
            while (wide[o * stride + n - 1] == 0) {
                n--; // exactly one support away, or so nearly that the weight rounds to zero
            }
            first[o] = from;
            count[o] = n;
            most = Math.max(most, n);
        }
        taps = most;
        weight = new int[out * taps];
        for (int o = 0; o < out; o++) {
            System.arraycopy(wide, o * stride, weight, o * taps, count[o]);
        }
    }

    /** True where the pass changes nothing: equal lengths give each pixel weight 1 on itself. */
    boolean identity() {
        return in == out;
    }

    @Override
    public String toString() {
        return in + " -> " + out + ", at most " + taps + " taps, first " + Arrays.toString(first);
    }
}
