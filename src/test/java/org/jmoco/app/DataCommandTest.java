package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.jmoco.data.DataSets;
import org.jmoco.data.DatasetCard;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@ExtendWith(HomeOfItsOwn.class)
class DataCommandTest {
    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private int run(String... args) {
        String[] words = new String[args.length + 1];
        words[0] = "data";
        System.arraycopy(args, 0, words, 1, args.length);
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return Main.run(new PrintWriter(out), new PrintWriter(err), words);
    }

    private void assertPrinted(String... parts) {
        for (String part : parts) {
            assertTrue(out.toString().contains(part), part + " is not in:\n" + out);
        }
    }

    private void assertError(int code, String part, String... args) {
        assertEquals(code, run(args), err::toString);
        assertTrue(err.toString().contains(part), err.toString());
        assertFalse(err.toString().contains("internal error"), err.toString());
    }

    /** Two classes with two images each, and a file that is no image. */
    private Path images() throws IOException {
        Path dir = folder.resolve("mine");
        for (String name : new String[] {"a/1.png", "a/2.png", "b/3.png", "b/4.png"}) {
            Files.createDirectories(dir.resolve(name).getParent());
            ImageIO.write(new BufferedImage(20, 10 + name.charAt(2) - '0', BufferedImage.TYPE_INT_RGB), "png",
                    dir.resolve(name).toFile());
        }
        Files.writeString(dir.resolve("a/torn.png"), "not a picture");
        return dir;
    }

    @Test
    void everyOptionOfTheSubcommandsHasHelp() {
        CommandLine data = new CommandLine(new Main()).getSubcommands().get("data");
        for (CommandLine command : data.getSubcommands().values()) {
            assertEquals(0, run(command.getCommandName(), "--help"));
            for (var option : command.getCommandSpec().options()) {
                assertTrue(option.description().length > 0, command.getCommandName() + " " + option.longestName());
            }
        }
    }

    @Test
    void listShowsEveryCardAndEverySetThatCanBeOpened() {
        assertEquals(0, run("list"));
        for (String name : DatasetCard.NAMES) {
            assertPrinted(name + ": " + DatasetCard.load(name).title());
        }
        for (String name : DataSets.NAMES) {
            assertPrinted("--data " + name);
        }
        assertPrinted("64x64: shorter side first to 128", "shorter side to 36", "mean [0.4914, 0.4822, 0.4465]");
    }

    @Test
    void infoOfPhantomSaysPhantomAndCounts() {
        assertEquals(0, run("info"));
        assertPrinted("phantom", "no patients", "reads unlabelled", "2000 images, 64x64", "100 lesion (positive)", "32x32: crop");
    }

    @Test
    void infoNamesWhatWasLeftOutAndWhy() throws IOException {
        assertEquals(0, run("info", "--data", "images=" + images()), err::toString);
        assertPrinted("4 images, 11x20 to 14x20 (median 12x20)", "2 a", "2 b (positive)", "1 file", "torn.png: ");
        String content = out.toString().replaceAll("(?s).*content (\\w+).*", "$1");
        assertEquals(16, content.length(), content);
        assertEquals(0, run("info", "--data", "images=" + folder.resolve("mine"), "--skipped", "0"), err::toString);
        assertPrinted("content " + content, "and 1 more (--skipped 1 names all)");
        assertFalse(out.toString().contains("torn.png"), out.toString());
    }

    @Test
    void showDrawsViewsAndPrintsEachDraw() throws IOException {
        String data = "images=" + images();
        Path png = folder.resolve("sheet.png");
        assertEquals(0, run("show", "--data", data, "--count", "2", "--views", "3", "--out", png.toString()), err::toString);
        assertPrinted("mine: 4 images", "resized to 128x", "written: " + png);
        assertEquals(2, out.toString().lines().filter(l -> l.startsWith("  epoch 0 query  crop ")).count(), out.toString());
        assertEquals(2, out.toString().lines().filter(l -> l.startsWith("  epoch 1 query  crop ")).count(), out.toString());
        String first = out.toString();
        BufferedImage sheet = ImageIO.read(png.toFile());
        assertTrue(sheet.getWidth() > 4 * 192 && sheet.getHeight() > 2 * 192, sheet.toString());
        assertEquals(0, run("show", "--data", data, "--count", "2", "--views", "3", "--out", png.toString()));
        assertEquals(first, out.toString(), "the same seed draws the same");
        assertEquals(0, run("show", "--data", data, "--count", "2", "--views", "3", "--seed", "2", "--out", png.toString()));
        assertFalse(first.equals(out.toString()), "another seed draws something else");
    }

    @Test
    void showDrawsImagesOfOneSplitAlone() throws IOException {
        Path png = folder.resolve("SHEET.PNG");
        assertEquals(0, run("show", "--data", "images=" + images(), "--split", "train", "--views", "0", "--count", "99", "--out",
                png.toString()), err::toString);
        assertPrinted("1.png, a, 11x20", "4.png, b, 14x20");
        assertTrue(ImageIO.read(png.toFile()).getWidth() > 4 * 160);
    }

    @Test
    void phantomIsShownWithItsNameAndBlurOnlyForV2() throws IOException {
        String png = folder.resolve("x.png").toString();
        assertEquals(0, run("show", "--out", png));
        assertPrinted("phantom unlabelled");
        assertFalse(out.toString().contains("blur"), out.toString());
        assertEquals(0, run("show", "--data", "images=" + images(), "--v2", "--image", "48", "--out", png));
        assertPrinted("48x48", "blur p 0.5", " blur 0.", "]");
    }

    @Test
    void badInputIsOneLine() throws IOException {
        String png = folder.resolve("x.png").toString();
        String data = "images=" + images();
        assertError(2, "list, fetch, info, show or clear-cache");
        assertError(2, "--out", "show");
        assertError(2, ".png", "show", "--out", "sheet.jpg");
        assertError(2, "--count 0", "show", "--count", "0", "--out", png);
        assertError(2, "a sheet holds at most", "show", "--data", data, "--count", "2000", "--views", "999999", "--out", png);
        assertError(2, "size is 0", "show", "--data", data, "--image", "0", "--out", png);
        assertError(2, "--split tset: there is no such split", "show", "--data", data, "--split", "tset", "--out", png);
        assertError(2, "data list opens no file and takes no --data; './jmoco data info --data cifar10=x' counts", "list",
                "--data", "cifar10=x");
        assertError(1, "there is no folder", "show", "--data", data, "--out", folder.resolve("no/x.png").toString());
        assertError(1, "no such file", "info", "--data", "idc=" + folder.resolve("none"));
        assertError(2, "unknown data set", "info", "--data", "cifar=" + folder);
        Files.createDirectories(folder.resolve("empty"));
        assertError(1, "images", "info", "--data", "images=" + folder.resolve("empty"));
        assertError(2, "--skipped -1", "info", "--skipped", "-1");
    }

    @Test
    void aSheetInAFolderThatIsNotThereIsRefusedBeforeAnythingIsPrinted() {
        Path sheet = folder.resolve("nodir/s.png");
        assertError(1, "there is no folder " + sheet.getParent(), "show", "--out", sheet.toString());
        assertEquals("", out.toString());
    }

    @Test
    void oneFolderIsNoClassAndThatIsSaid() throws IOException {
        DarkAndLight.write(folder.resolve("data"));
        Files.createDirectories(folder.resolve("one"));
        Files.move(folder.resolve("data/train/dark"), folder.resolve("one/dark"));
        assertEquals(0, run("info", "--data", "images=" + folder.resolve("one")), err::toString);
        assertPrinted("no labels: all images lie in one folder, dark; classes are two folders or more");
    }
}
