package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.data.Phantom;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class ViewsTest {
    private static Image image(int height, int width, int value) {
        byte[] rgb = new byte[3 * height * width];
        Arrays.fill(rgb, (byte) value);
        return new Image(height + "x" + width, height, width, rgb);
    }

    private static final ImageSet SET = ImageSet.of("set", List.of(image(61, 115, 10), image(256, 133, 20), image(64, 64, 30)))
            .withLabels(new int[] {1, 0, 1}, List.of("a", "b"));

    @Test
    void prepareResizesTheShorterSideAndKeepsTheRest() {
        ImageSet p = Views.prepare(SET, ViewRecipe.of("covid-ct"));
        assertEquals("128x241", p.height(0) + "x" + p.width(0), "115 * 128 / 61 = 241.3, fraction dropped");
        assertEquals("246x128", p.height(1) + "x" + p.width(1), "256 * 128 / 133 = 246.4");
        assertEquals("128x128", p.height(2) + "x" + p.width(2));
        assertArrayEquals(SET.labels(), p.labels());
        assertEquals(SET.imageName(1), p.imageName(1));
        assertEquals(20, p.pixels(1)[777]);
        assertSame(SET, Views.prepare(SET, ViewRecipe.of("cifar10")));
    }

    @Test
    void phantomsStayMarked() {
        ImageSet phantoms = Phantom.dataSet(1, 16, 2, 0, 0, 0).pretraining();
        assertTrue(Views.prepare(phantoms, ViewRecipe.of("covid-ct")).phantom());
        assertTrue(Views.evaluation(phantoms, ViewRecipe.of("phantom")).phantom());
    }

    @Test
    void evaluationIsSquare() {
        for (String name : ViewRecipe.NAMES) {
            ViewRecipe r = ViewRecipe.of(name).withSize(33);
            ImageSet e = Views.evaluation(SET, r);
            for (int i = 0; i < e.size(); i++) {
                assertEquals("33x33", e.height(i) + "x" + e.width(i), name);
                assertEquals(SET.pixels(i)[0], e.pixels(i)[100], name);
            }
        }
        ImageSet cifar = ImageSet.of("c", List.of(image(32, 32, 3)));
        assertSame(cifar.pixels(0), Views.evaluation(cifar, ViewRecipe.of("cifar10")).pixels(0), "as it is");
    }

    @Test
    void shorterSideEvaluationTakesTheCentre() {
        byte[] rgb = new byte[3 * 36 * 50];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i / 3 % 50);
        }
        ImageSet e = Views.evaluation(ImageSet.of("i", List.of(new Image("wide", 36, 50, rgb))), ViewRecipe.of("idc"));
        assertEquals(7, e.pixels(0)[0], "(50 - 36) / 2 columns are left off");
        assertEquals(42, e.pixels(0)[3 * 36 * 36 - 1]);
    }

    @Test
    void evalBatchesWalkTheSetAndClearTheRest() {
        Normalisation half = new Normalisation(new float[] {0.5f, 0.5f, 0.5f}, new float[] {0.5f, 0.25f, 0.125f});
        ImageSet e = Views.evaluation(SET, ViewRecipe.of("phantom").withSize(7));
        HostTensor x = HostTensor.zeros(DType.F32, Shape.of(2, 7, 7, 3));
        assertEquals(2, Views.evalBatch(e, 0, half, x));
        assertEquals((20 / 255f - 0.5f) / 0.25f, x.floats()[147 + 1]);
        assertEquals(1, Views.evalBatch(e, 2, half, x));
        assertEquals((30 / 255f - 0.5f) / 0.5f, x.floats()[0]);
        for (int i = 147; i < 294; i++) {
            assertEquals(0, x.floats()[i]);
        }
        assertEquals(0, Views.evalBatch(e, 4, half, x));
        assertThrows(IllegalArgumentException.class, () -> Views.evalBatch(SET, 0, half, x));
    }

    /** Sixty images of 60 pixels at --image 4000 would be held at 8000: told before the first is resized. */
    @Test
    void imagesThatCannotFitTheHeapAreToldAtOnce() {
        int n = 20_000; // 3 * 8000 * 8000 bytes each: more than any heap
        ImageSet many = ImageSet.of("many", 2, 2, new byte[n * 12]);
        UserError e = assertThrows(UserError.class, () -> Views.prepare(many, ViewRecipe.of("images").withSize(4000)));
        assertTrue(e.getMessage().contains("--image 4000") && e.getMessage().contains("JMOCO_HEAP="), e.getMessage());
        assertTrue(assertThrows(UserError.class, () -> Views.evaluation(many, ViewRecipe.of("images").withSize(4000)))
                .getMessage().contains("--image 4000"));
    }
}
