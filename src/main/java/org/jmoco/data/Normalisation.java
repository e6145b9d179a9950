package org.jmoco.data;

import java.util.Arrays;
import org.jmoco.tensor.UserError;

/**
 * x = (pixel / 255 - mean) / std, per channel R, G, B.
 *
 * @param mean 3 values in units of the full range (0 to 1)
 * @param std  3 values, each above 0
 */
public record Normalisation(float[] mean, float[] std) {
    public Normalisation {
        mean = mean.clone();
        std = std.clone();
        if (mean.length != 3 || std.length != 3 || !(std[0] > 0 && std[1] > 0 && std[2] > 0)) {
            throw UserError.failed("normalisation: needs 3 means and 3 deviations above 0, has " + Arrays.toString(mean)
                    + " and " + Arrays.toString(std));
        }
    }

    @Override
    public float[] mean() {
        return mean.clone();
    }

    @Override
    public float[] std() {
        return std.clone();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Normalisation n && Arrays.equals(mean, n.mean) && Arrays.equals(std, n.std);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(mean) + Arrays.hashCode(std);
    }

    @Override
    public String toString() {
        return "mean " + Arrays.toString(mean) + " std " + Arrays.toString(std);
    }
}
