package org.jmoco.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class ImageSetTest {
    private static final List<String> CLASSES = List.of("cat", "dog");

    @Test
    void keepsRaggedSizesAndPixels() {
        ImageSet s = ragged();
        assertEquals(3, s.size());
        assertEquals(1, s.height(0));
        assertEquals(7, s.width(0));
        assertEquals(13, s.height(1));
        assertEquals(21 + 13 * 3 + 62 * 3, s.bytes());
        assertEquals("b.png", s.imageName(1));
        assertEquals(5, s.pixels(1)[5]);
        assertEquals("set: 3 images, 1x1 to 13x31, no labels", s.toString());
    }

    @Test
    void subsetAndConcatShareThePixels() {
        ImageSet s = ragged().withLabels(new int[] {1, 0, 1}, CLASSES);
        ImageSet part = s.subset(new int[] {2, 0, 2});
        assertSame(s.pixels(2), part.pixels(0));
        assertArrayEquals(new int[] {1, 1, 1}, part.labels());
        ImageSet both = ImageSet.concat("both", List.of(part, s));
        assertEquals(6, both.size());
        assertSame(s.pixels(1), both.pixels(4));
        assertArrayEquals(new int[] {1, 5}, both.classCounts());
        assertFalse(ImageSet.concat("mixed", List.of(s, ragged())).labelled());
        assertTrue(ImageSet.concat("mixed", List.of(s, ragged().markedPhantom())).phantom());
    }

    @Test
    void contentHashSeesEveryChangeAndNothingElse() {
        ImageSet s = ragged().withLabels(new int[] {1, 0, 1}, CLASSES);
        long h = s.contentHash();
        assertEquals(h, ragged().withLabels(new int[] {1, 0, 1}, CLASSES).named("other").contentHash());
        assertNotEquals(h, ragged().contentHash());
        assertNotEquals(h, s.withLabels(new int[] {1, 1, 1}, CLASSES).contentHash());
        assertNotEquals(h, s.withLabels(new int[] {1, 0, 1}, List.of("cat", "cow")).contentHash());
        assertNotEquals(h, s.subset(new int[] {0, 2, 1}).contentHash());
        ImageSet changed = ragged();
        changed.pixels(2)[61]++;
        assertNotEquals(ragged().contentHash(), changed.contentHash());
        // The same bytes as 2 x 31 and as 31 x 2 are different pictures.
        assertNotEquals(ImageSet.of("a", 2, 31, new byte[186]).contentHash(),
                ImageSet.of("a", 31, 2, new byte[186]).contentHash());
    }

    @Test
    void refusesWhatDoesNotFit() {
        ImageSet s = ragged();
        assertMessage("2 labels for 3 images", () -> s.withLabels(new int[2], CLASSES));
        assertMessage("image b.png has label 2 but there are 2 classes", () -> s.withLabels(new int[] {0, 2, 0}, CLASSES));
        assertMessage("label -1", () -> s.withLabels(new int[] {0, 0, -1}, CLASSES));
        assertMessage("no images", () -> ImageSet.of("empty", List.of()));
        assertMessage("no labels", () -> s.label(0));
        assertMessage("do not make 2 x 2 x 3", () -> new Image("x", 2, 2, new byte[11]));
        assertMessage("not whole images", () -> ImageSet.of("x", 2, 2, new byte[13]));
        assertMessage("subset without images", () -> s.subset(new int[0]));
    }

    @Test
    void dataSetNamesTheSplitsItHas() {
        Normalisation n = new Normalisation(new float[3], new float[] {1, 1, 1});
        DataSet d = new DataSet("pets", Map.of("train", ragged()), n, CLASSES, 1);
        assertEquals(3, d.pretraining().size());
        assertMessage("pets has no split \"test\"; it has train", () -> d.split("test"));
        assertMessage("positive class 2", () -> new DataSet("pets", Map.of("train", ragged()), n, CLASSES, 2));
        assertMessage("no images", () -> new DataSet("pets", Map.of(), n, CLASSES, 1));
        assertMessage("deviations above 0", () -> new Normalisation(new float[3], new float[3]));
    }

    private static ImageSet ragged() {
        return ImageSet.of("set", List.of(image("a.png", 1, 7), image("b.png", 13, 1), image("c.png", 2, 31)));
    }

    private static Image image(String name, int h, int w) {
        byte[] p = new byte[3 * h * w];
        for (int i = 0; i < p.length; i++) {
            p[i] = (byte) i;
        }
        return new Image(name, h, w, p);
    }

    static void assertMessage(String part, Runnable r) {
        String m = assertThrows(UserError.class, r::run).getMessage();
        assertTrue(m.contains(part), () -> "expected \"" + part + "\" in: " + m);
    }
}
