package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.jmoco.augment.ViewRecipe.Crop;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Philox.Purpose;
import org.junit.jupiter.api.Test;

class ViewDrawTest {
    private static final int N = 20_000;

    private static ViewDraw draw(ViewRecipe r, int image, int height, int width) {
        return ViewDraw.of(r, 42, Purpose.VIEW_QUERY, 3, image, height, width);
    }

    private static ViewRecipe cropping(Crop crop) {
        ViewRecipe r = ViewRecipe.of("cifar10");
        return new ViewRecipe("x", 0, crop, r.flip(), r.jitter(), r.grey(), r.blur(), r.evaluation());
    }

    @Test
    void dependsOnTheWholeKeyAndOnNothingElse() {
        ViewRecipe r = ViewRecipe.of("cifar10");
        ViewDraw d = ViewDraw.of(r, 1, Purpose.VIEW_QUERY, 2, 3, 32, 32);
        assertEquals(d, ViewDraw.of(r, 1, Purpose.VIEW_QUERY, 2, 3, 32, 32));
        assertNotEquals(d, ViewDraw.of(r, 2, Purpose.VIEW_QUERY, 2, 3, 32, 32));
        assertNotEquals(d, ViewDraw.of(r, 1, Purpose.VIEW_KEY, 2, 3, 32, 32));
        assertNotEquals(d, ViewDraw.of(r, 1, Purpose.VIEW_QUERY, 3, 3, 32, 32));
        assertNotEquals(d, ViewDraw.of(r, 1, Purpose.VIEW_QUERY, 2, 4, 32, 32));
    }

    /** The words of the stream as the documentation has them. */
    @Test
    void wordsFeedWhatIsWritten() {
        ViewRecipe r = ViewRecipe.of("cifar10").v2();
        int retried = 0;
        for (int image = 0; image < 200; image++) {
            Philox words = new Philox(9, Purpose.VIEW_KEY, 5, image);
            float[] u = new float[12];
            int order = -1;
            for (int i = 0; i < 12; i++) {
                if (i == 8) {
                    order = words.nextInt(24);
                } else {
                    u[i] = words.nextFloat();
                }
            }
            ViewDraw d = ViewDraw.of(r, 9, Purpose.VIEW_KEY, 5, image, 30, 40);
            assertEquals(u[0] < 0.5, d.flip());
            assertEquals(u[1] < 0.8, !Float.isNaN(d.hue()));
            assertEquals(u[2] < 0.2, d.grey());
            assertEquals(u[3] < 0.5, !Float.isNaN(d.sigma()));
            assertEquals(order, d.order());
            if (u[1] < 0.8) {
                assertEquals((float) (0.6 + (1.4 - 0.6) * u[4]), d.brightness());
                assertEquals((float) (0.6 + (1.4 - 0.6) * u[5]), d.contrast());
                assertEquals((float) (0.6 + (1.4 - 0.6) * u[6]), d.saturation());
                assertEquals((float) (-0.1 + 0.2 * u[7]), d.hue());
            }
            if (u[3] < 0.5) {
                assertEquals((float) (0.1 + (2 - 0.1) * u[9]), d.sigma());
            }
            for (int t = 0; t < 10; t++) {
                double area = 30 * 40 * (0.08 + (1 - 0.08) * words.nextFloat());
                double ratio = StrictMath.exp(StrictMath.log(0.75)
                        + (StrictMath.log(4.0 / 3) - StrictMath.log(0.75)) * words.nextFloat());
                int w = (int) Math.rint(Math.sqrt(area * ratio));
                int h = (int) Math.rint(Math.sqrt(area / ratio));
                boolean fits = w <= 40 && h <= 30;
                int top = words.nextInt(fits ? 30 - h + 1 : 1);
                int left = words.nextInt(fits ? 40 - w + 1 : 1);
                if (fits) {
                    assertEquals(top + "," + left + " " + h + "x" + w,
                            d.top() + "," + d.left() + " " + d.height() + "x" + d.width());
                    break;
                }
                retried++;
            }
        }
        assertTrue(retried > 5, "second tries are seen too, here " + retried);
    }

    /** Chances within 5 standard deviations of a binomial count; means of uniforms within 5 of theirs. */
    @Test
    void chancesAndRangesAreTheRecipes() {
        ViewRecipe r = ViewRecipe.of("cifar10").v2();
        Map<String, Integer> counts = new HashMap<>();
        int[] orders = new int[24];
        double hue = 0;
        double brightness = 0;
        int jittered = 0;
        for (int i = 0; i < N; i++) {
            ViewDraw d = draw(r, i, 32, 32);
            assertTrue(d.top() >= 0 && d.left() >= 0 && d.height() >= 1 && d.width() >= 1 && d.top() + d.height() <= 32
                    && d.left() + d.width() <= 32, d::toString);
            counts.merge("flip", d.flip() ? 1 : 0, Integer::sum);
            counts.merge("grey", d.grey() ? 1 : 0, Integer::sum);
            counts.merge("blur", Float.isNaN(d.sigma()) ? 0 : 1, Integer::sum);
            orders[d.order()]++;
            if (!Float.isNaN(d.hue())) {
                jittered++;
                assertTrue(Math.abs(d.hue()) <= 0.1f && d.contrast() >= 0.6f && d.contrast() < 1.4f, d::toString);
                hue += d.hue();
                brightness += d.brightness();
            }
        }
        count("flip", 0.5, counts.get("flip"));
        count("grey", 0.2, counts.get("grey"));
        count("blur", 0.5, counts.get("blur"));
        count("jitter", 0.8, jittered);
        for (int o = 0; o < 24; o++) {
            count("order " + o, 1 / 24.0, orders[o]);
        }
        assertEquals(0, hue / jittered, 5 * 0.2 / Math.sqrt(12.0 * jittered), "mean hue");
        assertEquals(1, brightness / jittered, 5 * 0.8 / Math.sqrt(12.0 * jittered), "mean brightness");
    }

    private static void count(String what, double p, int seen) {
        assertEquals(N * p, seen, 5 * Math.sqrt(N * p * (1 - p)), what);
    }

    @Test
    void areaAndRatioAreWithinTheirRangesUpToRounding() {
        ViewRecipe r = ViewRecipe.of("luna");
        double sum = 0;
        for (int i = 0; i < N; i++) {
            ViewDraw d = draw(r, i, 1000, 1000);
            double scale = d.height() * (double) d.width() / 1e6;
            double ratio = (double) d.width() / d.height();
            // Sides are rounded by half a pixel, at least 387 of them: 1/774 each.
            assertTrue(scale > 0.2 * (1 - 2 / 774.0) && scale <= 1, d::toString);
            assertTrue(ratio > 0.75 * (1 - 2 / 774.0) && ratio < 4.0 / 3 * (1 + 2 / 774.0), d::toString);
            sum += Math.log(ratio);
        }
        double width = Math.log(16.0 / 9);
        assertEquals(0, sum / N, 5 * width / Math.sqrt(12.0 * N), "log ratio is centred");
    }

    @Test
    void imagesThatFitNoBoxGiveTheCentralOne() {
        ViewRecipe whole = cropping(new Crop(32, 1, 1));
        // An area of 100 x 300 with a ratio up to 4/3 is at least 150 high: no try fits.
        ViewDraw wide = draw(whole, 0, 100, 300);
        assertEquals("0,83 100x133", wide.top() + "," + wide.left() + " " + wide.height() + "x" + wide.width());
        ViewDraw high = draw(whole, 0, 300, 100);
        assertEquals("83,0 133x100", high.top() + "," + high.left() + " " + high.height() + "x" + high.width());
        ViewDraw line = draw(whole, 0, 1, 500);
        assertEquals("0,249 1x1", line.top() + "," + line.left() + " " + line.height() + "x" + line.width());
    }

    @Test
    void smallImagesHaveBoxesDownToOnePixel() {
        int ones = 0;
        for (int i = 0; i < 1000; i++) {
            ViewDraw d = draw(ViewRecipe.of("cifar10"), i, 3, 3);
            assertTrue(d.height() >= 1 && d.width() >= 1 && d.top() + d.height() <= 3 && d.left() + d.width() <= 3);
            ones += d.width() == 1 && d.height() == 1 ? 1 : 0;
        }
        // Sides round to one for areas below about 1.5^2 of 9, with ratio 1: a sixth or so of [0.08, 1].
        assertTrue(ones > 100 && ones < 250, "boxes of one pixel: " + ones);
        assertEquals("crop 0,0 1x1", draw(cropping(new Crop(8, 0.9, 1)), 1, 1, 1).toString().substring(0, 12));
    }

    @Test
    void adjustmentsWithoutARangeAreLeftOut() {
        for (int i = 0; i < 100; i++) {
            ViewDraw d = draw(ViewRecipe.of("covid-ct"), i, 128, 170);
            assertTrue(Float.isNaN(d.hue()) && Float.isNaN(d.saturation()) && Float.isNaN(d.sigma()) && !d.grey());
            assertTrue(d.brightness() >= 0.8f && d.contrast() <= 1.2f, d::toString);
        }
    }

    @Test
    void printsWhatWasDrawn() {
        assertEquals("crop 3,1 25x28 flip jitter[hue 0.043, contrast 1.200] grey blur 1.300",
                new ViewDraw(3, 1, 25, 28, true, 21, Float.NaN, 1.2f, Float.NaN, 0.043f, true, 1.3f).toString());
        assertEquals("crop 0,0 7x5", ViewDraw.whole(7, 5).toString());
    }
}
