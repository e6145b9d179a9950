package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.Test;

/** What the adjustments mean; PillowTest has their every bit. */
class ColourTest {
    private static Planes noise() {
        Philox random = new Philox(5, Philox.Purpose.TEST, 0, 0);
        Planes x = new Planes(13, 7);
        for (int i = 0; i < x.size(); i++) {
            x.red[i] = random.nextInt(256);
            x.green[i] = random.nextInt(256);
            x.blue[i] = random.nextInt(256);
        }
        return x;
    }

    private static Planes greyNoise() {
        Planes x = noise();
        System.arraycopy(x.red, 0, x.green, 0, x.size());
        System.arraycopy(x.red, 0, x.blue, 0, x.size());
        return x;
    }

    private static void assertSame(Planes expected, Planes actual) {
        assertArrayEquals(expected.red, actual.red);
        assertArrayEquals(expected.green, actual.green);
        assertArrayEquals(expected.blue, actual.blue);
    }

    @Test
    void factorOneChangesNothing() {
        Planes x = noise();
        Colour.brightness(x, 1);
        Colour.contrast(x, 1);
        Colour.saturation(x, 1);
        assertSame(noise(), x);
    }

    @Test
    void factorZeroIsBlackMeanOrGrey() {
        Planes x = noise();
        Colour.brightness(x, 0);
        assertSame(new Planes(13, 7), x);

        Planes grey = noise();
        Colour.grey(grey);
        Planes unsaturated = noise();
        Colour.saturation(unsaturated, 0);
        assertSame(grey, unsaturated);

        double sum = 0;
        for (int v : grey.red) {
            sum += v;
        }
        Planes flat = noise();
        Colour.contrast(flat, 0);
        for (int v : flat.green) {
            assertEquals(Math.floor(sum / flat.size() + 0.5), v);
        }
    }

    @Test
    void greyPicturesHaveNoColourToChange() {
        Planes x = greyNoise();
        Colour.saturation(x, 1.37f);
        Colour.hue(x, 0.08);
        Colour.grey(x);
        assertSame(greyNoise(), x);
    }

    @Test
    void resultsAreCutAtTheEndsOfTheRange() {
        assertEquals(255, Colour.blend(0, 200, 2));
        assertEquals(0, Colour.blend(200, 0, 2));
        assertEquals(0, Colour.blend(200, 90, 1.9f), "-9.0 is cut, not wrapped");
        assertEquals(113, Colour.blend(0, 103, 1.1f), "113.3 loses its fraction");
    }

    @Test
    void aThirdOfTheCircleTurnsRedToGreen() {
        Planes x = new Planes(1, 1);
        x.red[0] = 255;
        Colour.hue(x, 1 / 3.0);
        assertEquals(85 << 16 | 255 << 8 | 255, Colour.toHsv(x.red[0], x.green[0], x.blue[0]));
        assertEquals(255, x.green[0]);
        assertEquals(0, x.red[0]);
        Colour.hue(x, -1 / 3.0);
        assertEquals(255, x.red[0]);
        assertEquals(0, x.green[0]);
    }
}
