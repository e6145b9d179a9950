package org.jmoco.backend;

import java.util.List;
import java.util.Locale;
import org.jmoco.tensor.Shape;

/**
 * What the random views of a set of images may look like, in the numbers that the draws need. Meaning and order of the
 * operations: docs/maths/views.md.
 *
 * @param size       height and width S of a view in pixels
 * @param tallest    height of the tallest image of the set
 * @param widest     width of the widest
 * @param scale      part of the image's area that a box takes
 * @param ratio      width / height of a box, its logarithm uniform
 * @param flip       probability of mirroring
 * @param jitter     probability of the four adjustments that follow
 * @param brightness factor, null if it is left out
 * @param contrast   factor, null if it is left out
 * @param saturation factor, null if it is left out
 * @param hue        shift in parts of the colour circle, null if it is left out
 * @param grey       probability of dropping colour
 * @param blur       probability of a blur
 * @param sigma      deviation of the blur in pixels
 * @param mean       of each channel, in units of the full range, to be taken off
 * @param std        of each channel, to be divided by
 */
public record ViewGeometry(int size, int tallest, int widest, Range scale, Range ratio, double flip, double jitter,
        Range brightness, Range contrast, Range saturation, Range hue, double grey, double blur, Range sigma, List<Float> mean,
        List<Float> std) {

    /** A number is low + (high - low) u, u uniform on [0, 1). */
    public record Range(double low, double high) {
        public Range {
            if (!(low <= high)) {
                throw new IllegalArgumentException("range: from " + low + " to " + high);
            }
        }

        /** high - low, as the draw computes it. */
        public double span() {
            return high - low;
        }
    }

    public ViewGeometry {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (size < 1 || tallest < 1 || widest < 1 || mean.size() != 3 || std.size() != 3) {
            throw new IllegalArgumentException("views: size " + size + " of images up to " + tallest + " x " + widest + ", means "
                    + mean + ", deviations " + std + "; sizes must be positive, means and deviations three");
        }
    }

    /** Shape of {@code n} views. */
    public Shape views(int n) {
        return Shape.of(n, size, size, 3);
    }

    /** {@code s32 from 32x32}; then what is done beyond cropping. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "s%d from %dx%d%s%s%s", size, tallest, widest, jitter > 0 ? " jitter" : "",
                grey > 0 ? " grey" : "", blur > 0 ? " blur" : "");
    }
}
