package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Phantom;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContactSheetTest {
    private static final ImageSet SET = ImageSet.of("set", List.of(
            new Image("a", 1, 2, new byte[] {(byte) 255, 0, 0, 0, (byte) 255, 0}),
            new Image("b", 40, 20, new byte[3 * 40 * 20]),
            new Image("c", 2, 2, new byte[12])));

    @Test
    void withoutFontsThePicturesAreThere() {
        BufferedImage sheet = ContactSheet.images(SET, new int[] {0, 1, 2}, 2, 20, Captions.none());
        assertEquals(2 * 20 + 3 * 6, sheet.getWidth());
        assertEquals(6 + 6 + 20 + 6 + 20 + 6, sheet.getHeight());
        assertEquals(0xffff0000, sheet.getRGB(6, 12), "left pixel of a, ten times as large");
        assertEquals(0xffff0000, sheet.getRGB(15, 21));
        assertEquals(0xff00ff00, sheet.getRGB(16, 12));
        assertEquals(0xffffffff, sheet.getRGB(6, 22), "below a");
        assertEquals(0xff000000, sheet.getRGB(6 + 26 + 9, 31), "b at half its size");
        assertEquals(0xffffffff, sheet.getRGB(6 + 26 + 10, 31));
    }

    @Test
    void aRowForEachImageWithItsViews(@TempDir Path dir) throws Exception {
        ImageSet phantoms = Phantom.dataSet(1, 32, 3, 0, 0, 0).pretraining();
        BufferedImage sheet = ContactSheet.views(phantoms, ViewRecipe.of("phantom"), 1, 1, new int[] {0, 2}, 4, 64);
        assertEquals(5 * 70 + 6, sheet.getWidth());
        assertTrue(sheet.getHeight() >= 12 + 2 * 70);
        Path file = dir.resolve("sheet.png");
        ContactSheet.write(sheet, file);
        assertEquals(sheet.getHeight(), ImageIO.read(file.toFile()).getHeight());
        assertTrue(Files.size(file) > 1000);
    }

    /** A box of a crop lies in the image that the pre-resize left, so its size must stand beside it. */
    @Test
    void theSizeThatCropsLieInIsSaid() {
        ViewRecipe recipe = ViewRecipe.of("images");
        String caption = ContactSheet.rows(SET, recipe, 1, 0, new int[] {1}, 1, 20).getFirst().getFirst().caption();
        assertEquals("1: b, 40x20, resized to " + 2 * recipe.preResize() + "x" + recipe.preResize(), caption);
        assertEquals("1: b, 40x20",
                ContactSheet.rows(SET, ViewRecipe.of("phantom"), 1, 0, new int[] {1}, 1, 20).getFirst().getFirst().caption());
    }

    @Test
    void captionsWrapAtBlanks() {
        Captions c = Captions.open();
        if (c.drawn()) {
            List<String> lines = c.wrap("one two three four five six seven", 60);
            assertTrue(lines.size() > 1);
            assertEquals("one two three four five six seven", String.join(" ", lines));
        }
        assertEquals(List.of(), Captions.none().wrap("one two", 60));
    }

    @Test
    void aFileThatCannotBeWrittenIsNamed(@TempDir Path dir) {
        Path file = dir.resolve("missing").resolve("sheet.png");
        UserError e = assertThrows(UserError.class,
                () -> ContactSheet.write(new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB), file));
        assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
    }
}
