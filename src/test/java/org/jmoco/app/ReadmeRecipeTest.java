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
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The README's recipe for images of one's own, and the commands below it, as they stand. */
@ExtendWith(HomeOfItsOwn.class)
class ReadmeRecipeTest {
    @TempDir
    private Path folder;

    private static void grey(Path file, int number, int brightness, boolean wide) throws IOException {
        Files.createDirectories(file.getParent());
        Philox random = new Philox(3, Philox.Purpose.TEST, 0, number);
        BufferedImage image = new BufferedImage(40, 36 + number % 7, wide ? BufferedImage.TYPE_USHORT_GRAY
                : BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int v = Math.clamp(brightness + (int) (40 * random.nextGaussian()), 0, 255);
                image.getRaster().setSample(x, y, 0, wide ? 257 * v : v);
            }
        }
        ImageIO.write(image, "png", file.toFile());
    }

    /** What the README and docs/images.md give to type before anything is trained; the bits are spoken of in both. */
    @ParameterizedTest
    @ValueSource(strings = {"README.md", "docs/images.md"})
    void theLookBeforehandRuns(String page) throws IOException {
        Path dir = DarkAndLight.write(folder.resolve("own"));
        Path sheet = folder.resolve("sheet.png");
        String text = Files.readString(Path.of(page));
        List<String> commands = text.lines().filter(l -> l.matches(" {4}\\./jmoco data .*images=DIR.*")).toList();
        assertEquals(2, commands.size(), commands.toString());
        for (String c : commands) {
            CommandRuns.run(0, c.strip().replace("./jmoco ", "").replace("DIR", dir.toString())
                    .replace("sheet.png", sheet.toString()).split(" +"));
        }
        assertTrue(Files.exists(sheet));
        for (String word : List.of("8 bits", "16 bits", "high byte", "DICOM and NIfTI", "clear-cache", "JMOCO_IMAGE_CACHE=off")) {
            assertTrue(text.contains(word), page + " has no \"" + word + "\"");
        }
    }

    @Test
    void theRecipeAndItsCommandsRun() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        Matcher block = Pattern.compile("```yaml\\n(name: mine\\n.*?)```\\n(.*?)\\n\\n[A-Z]", Pattern.DOTALL).matcher(readme);
        assertTrue(block.find(), "the README has no recipe named mine");
        assertTrue(block.group(1).lines().count() <= 10, "a recipe of ten lines");
        Files.writeString(folder.resolve("mine.yaml"), block.group(1));
        for (int i = 0; i < 40; i++) {
            grey(folder.resolve("unlabelled/" + i + ".png"), i, 60 + 3 * i, i % 4 == 0);
            Path labelled = folder.resolve("labelled").resolve(i % 2 == 0 ? "normal" : "covid");
            grey(labelled.resolve(i + ".png"), 100 + i, i % 2 == 0 ? 80 : 160, false);
            grey(labelled.resolve(40 + i + ".png"), 200 + i, i % 2 == 0 ? 80 : 160, i % 3 == 0);
        }
        List<String> commands = block.group(2).lines().filter(l -> l.startsWith("    ./jmoco "))
                .map(l -> l.strip().substring("./jmoco ".length())).toList();
        assertEquals(2, commands.size(), block.group(2));
        for (String c : commands) {
            List<String> args = new ArrayList<>();
            for (String a : c.split(" ")) {
                args.add(a.equals("mine.yaml") || a.startsWith("runs/") ? folder.resolve(a).toString() : a);
            }
            args.addAll(List.of("--progress", "none"));
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            assertEquals(0, Main.run(new PrintWriter(out), new PrintWriter(err), args.toArray(String[]::new)), err::toString);
            String printed = out.toString();
            assertTrue(printed.startsWith("recipe mine ("), "a recipe without title is named once: " + printed);
            assertFalse(printed.contains("warning:"), "a first recipe is one that nobody has to be warned of: " + printed);
            assertTrue(c.contains("--dry-run") ? printed.contains("to go; at most")
                    : printed.contains("pretrained (slices) against random start")
                    && printed.contains("F1, covid positive"), printed);
        }
        assertTrue(Files.size(folder.resolve("runs/mine/results.json")) > 0);
        String page = Files.readString(folder.resolve("runs/mine/report.html"));
        Path two = folder.resolve("two.html");
        String mine = folder.resolve("runs/mine").toString();
        assertEquals(0, Main.run(new PrintWriter(new StringWriter()), new PrintWriter(new StringWriter()), "report", mine, mine,
                "--out", two.toString()));
        assertTrue(Files.readString(two).contains("<h2>mine ("), "named once above the table too");
        assertTrue(page.contains("<td class=w>pretrained (slices)</td>"),
                "a row has the name that the recipe gives it, and its chain");
        assertFalse(page.contains("ublished figures") || page.contains(">published</th>"),
                "nothing was published, so nothing is said of it");
        assertTrue(page.contains("the test split of images=" + folder.resolve("labelled")), "where the images of the test lie");
    }
}
