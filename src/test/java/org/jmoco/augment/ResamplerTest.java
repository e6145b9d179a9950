package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.Test;

class ResamplerTest {
    private final Philox random = new Philox(11, Philox.Purpose.TEST, 0, 0);

    private byte[] noise(int height, int width) {
        byte[] rgb = new byte[3 * height * width];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) random.nextInt();
        }
        return rgb;
    }

    /** The definition in doubles, without any rounding: one axis. */
    private static double[] exactWeights(int in, int out, int o) {
        double scale = (double) in / out;
        double support = Math.max(scale, 1);
        double[] w = new double[in];
        double sum = 0;
        for (int i = 0; i < in; i++) {
            w[i] = Math.max(0, 1 - Math.abs(i + 0.5 - (o + 0.5) * scale) / support);
            sum += w[i];
        }
        for (int i = 0; i < in; i++) {
            w[i] /= sum;
        }
        return w;
    }

    /**
     * Against the definition. Rounding after the rows is off by at most 1/2 a value and the columns take a mean of such
     * values; rounding after the columns adds 1/2. Fixed-point weights of T taps add at most 255 T 2^-23 in each pass.
     */
    @Test
    void isTheDefinitionWithinOneGreyLevel() {
        int[][] shapes = {{1, 1, 5, 3}, {7, 13, 32, 32}, {31, 33, 7, 1}, {13, 7, 13, 31}, {33, 31, 33, 7}, {40, 61, 16, 17}};
        for (int[] s : shapes) {
            byte[] rgb = noise(s[0], s[1]);
            Planes p = new Planes(s[2], s[3]);
            new Resampler().resample(rgb, 0, 3 * s[1], new BilinearAxis(s[1], s[3]), new BilinearAxis(s[0], s[2]), false, p);
            double bound = 1 + 2 * 255 * (Math.max(s[0], s[1]) + 1) * 0x1p-23;
            for (int y = 0; y < s[2]; y++) {
                double[] wy = exactWeights(s[0], s[2], y);
                for (int x = 0; x < s[3]; x++) {
                    double[] wx = exactWeights(s[1], s[3], x);
                    double exact = 0;
                    for (int i = 0; i < s[0]; i++) {
                        for (int j = 0; j < s[1]; j++) {
                            exact += wy[i] * wx[j] * (rgb[3 * (i * s[1] + j) + 1] & 0xff);
                        }
                    }
                    assertEquals(exact, p.green[y * s[3] + x], bound, s[0] + "x" + s[1] + " -> " + s[2] + "x" + s[3] + " at "
                            + y + "," + x);
                }
            }
        }
    }

    @Test
    void oneColourStaysThatColour() {
        Resampler resampler = new Resampler();
        for (int n : new int[] {1, 7, 13, 31, 33, 64, 100}) {
            byte[] rgb = new byte[3 * n * n];
            for (int i = 0; i < rgb.length; i += 3) {
                rgb[i] = (byte) 255;
                rgb[i + 1] = 1;
                rgb[i + 2] = 0;
            }
            Planes p = new Planes(32, 32);
            BilinearAxis a = new BilinearAxis(n, 32);
            resampler.resample(rgb, 0, 3 * n, a, a, false, p);
            for (int i = 0; i < p.size(); i++) {
                assertTrue(p.red[i] == 255 && p.green[i] == 1 && p.blue[i] == 0, "from " + n + " at " + i);
            }
        }
    }

    @Test
    void flipMirrorsTheResult() {
        byte[] rgb = noise(20, 31);
        Planes straight = new Planes(13, 9);
        Planes flipped = new Planes(13, 9);
        BilinearAxis x = new BilinearAxis(17, 9);
        BilinearAxis y = new BilinearAxis(11, 13);
        int at = 3 * (4 * 31 + 5);
        new Resampler().resample(rgb, at, 93, x, y, false, straight);
        new Resampler().resample(rgb, at, 93, x, y, true, flipped);
        for (int i = 0; i < straight.size(); i++) {
            int mirrored = i / 9 * 9 + 8 - i % 9;
            assertEquals(straight.red[i], flipped.red[mirrored]);
            assertEquals(straight.blue[i], flipped.blue[mirrored]);
        }
    }

    /** What an earlier, larger picture left in the scratch must not show. */
    @Test
    void scratchIsNotSeen() {
        byte[] small = noise(9, 8);
        BilinearAxis x = new BilinearAxis(8, 12);
        BilinearAxis y = new BilinearAxis(9, 12);
        Planes fresh = new Planes(12, 12);
        new Resampler().resample(small, 0, 24, x, y, false, fresh);
        Resampler used = new Resampler();
        used.resample(noise(50, 60), 0, 180, new BilinearAxis(60, 40), new BilinearAxis(50, 41), false, new Planes(41, 40));
        Planes again = new Planes(12, 12);
        used.resample(small, 0, 24, x, y, false, again);
        assertArrayEquals(fresh.red, again.red);
        assertArrayEquals(fresh.green, again.green);
        assertArrayEquals(fresh.blue, again.blue);
    }
}
