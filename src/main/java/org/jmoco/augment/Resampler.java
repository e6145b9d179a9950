package org.jmoco.augment;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Two-pass bilinear resize with antialiasing of u8 RGB pixels, bit for bit as Pillow 9.4 does it: along the rows first,
 * rounded to 8 bits, then along the columns, rounded to 8 bits again; a pass whose lengths agree is left out.
 *
 * <p>Both passes are one routine, {@link #mix}, which makes an output line of weighted input lines, element by element.
 * For the first pass lines are the image's columns, its three channels one after the other, so pixels are read transposed
 * and turned back after it: two moves of each pixel buy vector instructions for every multiplication. They are written
 * out (Vector API), because the compiler leaves such loops scalar when input and output might be one array; that made a
 * line of 96 seven times slower.
 *
 * <p>Holds scratch that grows to the largest image seen and then stays: one instance per thread.
 *
 * <p>No pass can leave 0 .. 255, so nothing is clipped: each weight is off by at most 2^-23, so a sum of T taps is at most
 * 255 (1 + T 2^-23) + 1/2, which is below 256 for T &lt; 16,448; the 32-bit sum is then below 2^30 + 2^22.
 */
final class Resampler {
    private static final VectorSpecies<Integer> LANES = IntVector.SPECIES_PREFERRED;

    private int[] columns = new int[0]; // box width x 3 x rows used
    private int[] shrunk = new int[0]; // out width x 3 x rows used
    private int[] rows = new int[0]; // rows used x 3 x out width

    /**
     * Resamples a box of an interleaved image into planes.
     *
     * @param pixels u8, interleaved R G B
     * @param at     index of the red byte of the box's top left pixel
     * @param stride bytes from a row to the next
     * @param x      box width to output width
     * @param y      box height to output height
     * @param flip   mirror the result left to right
     * @param out    receives y.out x x.out values 0 .. 255 a plane
     */
    void resample(byte[] pixels, int at, int stride, BilinearAxis x, BilinearAxis y, boolean flip, Planes out) {
        int firstRow = y.first[0];
        int used = y.first[y.out - 1] + y.count[y.out - 1] - firstRow;
        int width = x.out;
        grow(x.in, used, width);

        readColumns(pixels, at + firstRow * stride, stride, x.in, used);
        int[] narrow = columns;
        if (!x.identity()) {
            for (int o = 0; o < width; o++) {
                mix(columns, 3 * used * x.first[o], 3 * used, 3 * used, x, o, shrunk, 3 * used * o);
            }
            narrow = shrunk;
        }
        turn(narrow, used, width, flip);

        for (int o = 0; o < y.out; o++) {
            int from = 3 * width * (y.first[o] - firstRow);
            mix(rows, from, 3 * width, width, y, o, out.red, o * width);
            mix(rows, from + width, 3 * width, width, y, o, out.green, o * width);
            mix(rows, from + 2 * width, 3 * width, width, y, o, out.blue, o * width);
        }
    }

    private void grow(int in, int used, int width) {
        if (columns.length < 3 * in * used) {
            columns = new int[3 * in * used];
        }
        if (shrunk.length < 3 * width * used) {
            shrunk = new int[3 * width * used];
            rows = new int[3 * width * used];
        }
    }

    private void readColumns(byte[] pixels, int at, int stride, int width, int used) {
        int[] to = columns;
        for (int row = 0; row < used; row++) {
            int p = at + row * stride;
            for (int column = 0; column < width; column++, p += 3) {
                int c = column * 3 * used + row;
                to[c] = pixels[p] & 0xff;
                to[c + used] = pixels[p + 1] & 0xff;
                to[c + 2 * used] = pixels[p + 2] & 0xff;
            }
        }
    }

    private void turn(int[] from, int used, int width, boolean flip) {
        int[] to = rows;
        for (int column = 0; column < width; column++) {
            int mirrored = flip ? width - 1 - column : column;
            for (int channel = 0; channel < 3; channel++) {
                int f = (column * 3 + channel) * used;
                int t = channel * width + mirrored;
                for (int row = 0; row < used; row++, t += 3 * width) {
                    to[t] = from[f + row];
                }
            }
        }
    }

    /**
     * Output line {@code o} of an axis.
     *
     * @param from   first element of its first input line
     * @param stride elements from an input line to the next
     * @param length elements of a line
     */
    private static void mix(int[] in, int from, int stride, int length, BilinearAxis axis, int o, int[] out, int to) {
        int n = axis.count[o];
        int w = o * axis.taps;
        if (n == 1) {
            System.arraycopy(in, from, out, to, length); // one tap has all the weight
            return;
        }
        int[] weight = axis.weight;
        int k0 = weight[w];
        int k1 = weight[w + 1];
        int i = 0;
        for (; i <= length - LANES.length(); i += LANES.length()) {
            IntVector s = IntVector.fromArray(LANES, in, from + i).mul(k0)
                    .add(IntVector.fromArray(LANES, in, from + stride + i).mul(k1))
                    .add(BilinearAxis.HALF);
            for (int t = 2; t < n; t++) {
                s = s.add(IntVector.fromArray(LANES, in, from + t * stride + i).mul(weight[w + t]));
            }
            s.lanewise(VectorOperators.ASHR, BilinearAxis.FRACTION_BITS).intoArray(out, to + i);
        }
        for (; i < length; i++) {
            int s = BilinearAxis.HALF;
            for (int t = 0; t < n; t++) {
                s += in[from + t * stride + i] * weight[w + t];
            }
            out[to + i] = s >> BilinearAxis.FRACTION_BITS;
        }
    }
}
