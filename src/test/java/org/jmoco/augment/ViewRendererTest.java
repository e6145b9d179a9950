package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.data.Normalisation;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Philox.Purpose;
import org.junit.jupiter.api.Test;

class ViewRendererTest {
    private static final Normalisation CIFAR =
            new Normalisation(new float[] {0.4914f, 0.4822f, 0.4465f}, new float[] {0.2023f, 0.1994f, 0.2010f});

    private static byte[] noise(int height, int width) {
        Philox random = new Philox(1, Purpose.TEST, height, width);
        byte[] rgb = new byte[3 * height * width];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) random.nextInt();
        }
        return rgb;
    }

    @Test
    void wholeImageAtItsSizeIsOnlyNormalised() {
        byte[] rgb = noise(13, 13);
        float[] out = new float[3 * 13 * 13 + 2];
        new ViewRenderer(13, CIFAR).render(ViewDraw.whole(13, 13), rgb, 13, 13, out, 1);
        for (int i = 0; i < rgb.length; i++) {
            float v = (rgb[i] & 0xff) / 255f;
            assertEquals((v - CIFAR.mean()[i % 3]) / CIFAR.std()[i % 3], out[i + 1], "value " + i);
        }
        assertEquals(0, out[0]);
        assertEquals(0, out[out.length - 1]);
    }

    @Test
    void floatsAreTheBytesNormalised() {
        byte[] rgb = noise(40, 51);
        ViewRenderer renderer = new ViewRenderer(31, CIFAR);
        ViewRecipe recipe = ViewRecipe.of("cifar10").withSize(31).v2();
        for (int i = 0; i < 50; i++) {
            ViewDraw d = ViewDraw.of(recipe, 7, Purpose.VIEW_QUERY, 0, i, 40, 51);
            float[] out = new float[3 * 31 * 31];
            byte[] bytes = new byte[out.length];
            renderer.render(d, rgb, 40, 51, out, 0);
            renderer.renderRgb(d, rgb, 40, 51, bytes, 0);
            for (int j = 0; j < out.length; j++) {
                assertEquals(((bytes[j] & 0xff) / 255f - CIFAR.mean()[j % 3]) / CIFAR.std()[j % 3], out[j], d.toString());
            }
        }
    }

    /** A renderer that has drawn anything before draws the same as a new one. */
    @Test
    void nothingIsLeftOverBetweenViews() {
        ViewRecipe recipe = ViewRecipe.of("cifar10").v2();
        ViewRenderer used = new ViewRenderer(32, CIFAR);
        for (int i = 0; i < 100; i++) {
            int height = 5 + i * 7 % 60;
            int width = 5 + i * 11 % 60;
            byte[] rgb = noise(height, width);
            ViewDraw d = ViewDraw.of(recipe, 1, Purpose.VIEW_QUERY, 0, i, height, width);
            byte[] a = new byte[3 * 32 * 32];
            byte[] b = new byte[3 * 32 * 32];
            used.renderRgb(d, rgb, height, width, a, 0);
            new ViewRenderer(32, CIFAR).renderRgb(d, rgb, height, width, b, 0);
            assertArrayEquals(b, a, d.toString());
        }
    }

    @Test
    void adjustmentsComeInTheOrderDrawn() {
        byte[] rgb = noise(8, 8);
        ViewDraw first = new ViewDraw(0, 0, 8, 8, false, 0, 1.4f, 0.6f, Float.NaN, Float.NaN, false, Float.NaN);
        ViewDraw second = new ViewDraw(0, 0, 8, 8, false, 6, 1.4f, 0.6f, Float.NaN, Float.NaN, false, Float.NaN);
        assertTrue(first.toString().contains("brightness 1.400, contrast 0.600"), first.toString());
        assertTrue(second.toString().contains("contrast 0.600, brightness 1.400"), second.toString());
        for (ViewDraw d : new ViewDraw[] {first, second}) {
            Planes x = new Planes(8, 8);
            x.read(rgb, 0);
            if (d == first) {
                Colour.brightness(x, 1.4f);
                Colour.contrast(x, 0.6f);
            } else {
                Colour.contrast(x, 0.6f);
                Colour.brightness(x, 1.4f);
            }
            byte[] expected = new byte[rgb.length];
            x.write(expected, 0);
            byte[] got = new byte[rgb.length];
            new ViewRenderer(8, CIFAR).renderRgb(d, rgb, 8, 8, got, 0);
            assertArrayEquals(expected, got, d.toString());
        }
    }

    @Test
    void aBoxOutsideTheImageIsRefused() {
        ViewRenderer renderer = new ViewRenderer(8, CIFAR);
        Exception e = assertThrows(IllegalArgumentException.class,
                () -> renderer.render(ViewDraw.whole(9, 8), noise(8, 8), 8, 8, new float[192], 0));
        assertTrue(e.getMessage().contains("9x8") && e.getMessage().contains("8 x 8"), e.getMessage());
    }
}
