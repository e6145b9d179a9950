package org.jmoco.augment;

import java.util.Arrays;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Gaussian blur as Pillow 9.4 approximates it: three passes of an extended box filter along the rows, then three along the
 * columns, each rounded to 8 bits (libImaging/BoxBlur.c). The box reaches {@code radius} pixels to each side plus a
 * fraction of the next one, so chosen that three passes have the variance sigma^2 (Gwosdek, Grewenig, Bruhn, Weickert:
 * "Theoretical foundations of Gaussian convolution by extended box filtering", SSVM 2011, equations 7, 11 and 14). Beyond
 * the border the border pixel is repeated.
 *
 * <p>Holds scratch for one picture size: one instance per thread.
 */
final class BoxBlur {
    private static final VectorSpecies<Integer> LANES = IntVector.SPECIES_PREFERRED;
    private static final int PASSES = 3;
    private static final int HALF = 1 << 23;

    private final int height;
    private final int width;
    private final int[] one; // H x W, or W x H for the passes along rows
    private final int[] two;
    private final int[] sums; // the longer of H and W

    // The filter, in units of 2^-24: inner pixels and the two outermost.
    private int radius;
    private int inner;
    private int outer;

    BoxBlur(int height, int width) {
        this.height = height;
        this.width = width;
        this.one = new int[height * width];
        this.two = new int[height * width];
        this.sums = new int[Math.max(height, width)];
    }

    /** @param sigma standard deviation in pixels, above 0 */
    void blur(Planes x, float sigma) {
        choose(sigma);
        blur(x.red);
        blur(x.green);
        blur(x.blue);
    }

    /** The mix of f32 and f64 is Pillow's; it decides the last bit of the weights. */
    private void choose(float sigma) {
        float variance = sigma * sigma / PASSES;
        float length = (float) Math.sqrt(12.0 * variance + 1.0);
        float whole = (float) Math.floor((length - 1.0) / 2.0);
        float fraction = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
        fraction /= 6 * (variance - (whole + 1) * (whole + 1));
        float extended = whole + fraction;
        radius = (int) extended;
        inner = (int) ((1 << 24) / (extended * 2 + 1));
        outer = ((1 << 24) - (radius * 2 + 1) * inner) / 2;
    }

    /** Along rows is along columns of the transposed plane. */
    private void blur(int[] x) {
        for (int row = 0; row < height; row++) {
            for (int column = 0; column < width; column++) {
                one[column * height + row] = x[row * width + column];
            }
        }
        pass(one, width, height, two);
        pass(two, width, height, one);
        pass(one, width, height, two);
        for (int row = 0; row < height; row++) {
            for (int column = 0; column < width; column++) {
                one[row * width + column] = two[column * height + row];
            }
        }
        pass(one, height, width, two);
        pass(two, height, width, one);
        pass(one, height, width, two);
        System.arraycopy(two, 0, x, 0, x.length);
    }

    /**
     * One pass along the columns of a height x width plane: all columns at once, row by row. The weighted sum can pass 2^31;
     * its bits are those of unsigned arithmetic, hence the unsigned shift.
     */
    private void pass(int[] from, int height, int width, int[] to) {
        int[] s = sums;
        int in = inner;
        int out = outer;
        Arrays.fill(s, 0);
        for (int y = -radius - 1; y < radius; y++) {
            int row = Math.clamp(y, 0, height - 1) * width;
            for (int i = 0; i < width; i++) {
                s[i] += from[row + i];
            }
        }
        for (int y = 0; y < height; y++) {
            int above = Math.clamp(y - radius - 1, 0, height - 1) * width;
            int last = Math.clamp(y + radius, 0, height - 1) * width;
            int below = Math.clamp(y + radius + 1, 0, height - 1) * width;
            int row = y * width;
            int i = 0;
            for (; i <= width - LANES.length(); i += LANES.length()) {
                IntVector a = IntVector.fromArray(LANES, from, above + i);
                IntVector sum = IntVector.fromArray(LANES, s, i).add(IntVector.fromArray(LANES, from, last + i)).sub(a);
                sum.intoArray(s, i);
                IntVector ends = a.add(IntVector.fromArray(LANES, from, below + i));
                sum.mul(in).add(ends.mul(out)).add(HALF).lanewise(VectorOperators.LSHR, 24).intoArray(to, row + i);
            }
            for (; i < width; i++) {
                s[i] += from[last + i] - from[above + i];
                to[row + i] = (s[i] * in + (from[above + i] + from[below + i]) * out + HALF) >>> 24;
            }
        }
    }
}
