package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.Test;

class BoxBlurTest {
    @Test
    void oneColourStaysThatColour() {
        for (float sigma : new float[] {0.1f, 0.5f, 1, 2, 9}) {
            Planes x = new Planes(7, 33);
            Arrays.fill(x.red, 255);
            Arrays.fill(x.green, 7);
            new BoxBlur(7, 33).blur(x, sigma);
            assertTrue(Arrays.stream(x.red).allMatch(v -> v == 255), "sigma " + sigma);
            assertTrue(Arrays.stream(x.green).allMatch(v -> v == 7), "sigma " + sigma);
            assertTrue(Arrays.stream(x.blue).allMatch(v -> v == 0), "sigma " + sigma);
        }
    }

    /**
     * A bright line across a picture: its profile gains the variance sigma^2. Each of the three passes rounds each value by at
     * most 1/2, which at distance d moves the second moment by d^2 / 2; a tenth more for values that rounded to zero and
     * for the changed total.
     */
    @Test
    void aLineSpreadsWithTheVarianceAskedFor() {
        float sigma = 2;
        int width = 61;
        Planes x = new Planes(9, width);
        for (int row = 0; row < 9; row++) {
            Arrays.fill(x.red, row * width + 29, row * width + 32, 255); // three wide: variance 2/3 of its own
        }
        new BoxBlur(9, width).blur(x, sigma);
        double total = 0;
        double second = 0;
        double roundings = 0;
        for (int i = 0; i < width; i++) {
            int v = x.red[4 * width + i];
            total += v;
            second += (double) v * (i - 30) * (i - 30);
            roundings += v > 0 ? 3 * 0.5 * (i - 30) * (i - 30) : 0;
        }
        double bound = roundings / total * 1.1;
        assertTrue(bound < 2, "the bound says something: " + bound);
        assertEquals(sigma * sigma + 2.0 / 3, second / total, bound);
    }

    @Test
    void commutesWithMirroring() {
        Philox random = new Philox(3, Philox.Purpose.TEST, 0, 0);
        Planes x = new Planes(13, 17);
        Planes mirrored = new Planes(13, 17);
        for (int i = 0; i < x.size(); i++) {
            x.red[i] = random.nextInt(256);
            mirrored.red[i / 17 * 17 + 16 - i % 17] = x.red[i];
        }
        BoxBlur blur = new BoxBlur(13, 17);
        blur.blur(x, 1.7f);
        blur.blur(mirrored, 1.7f);
        int[] back = new int[x.size()];
        for (int i = 0; i < back.length; i++) {
            back[i / 17 * 17 + 16 - i % 17] = mirrored.red[i];
        }
        assertArrayEquals(x.red, back);
    }
}
