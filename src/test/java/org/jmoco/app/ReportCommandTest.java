package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jmoco.report.Chromium;
import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Reports of a recipe and of single runs, from the commands to what a browser makes of them. One small recipe serves all tests.
 */
class ReportCommandTest {
    private static final String RECIPE = """
            name: tiny
            title: Small <pictures> & a network of width 4
            encoder: {width: 4, dim: 8, splits: 2}
            seeds: 2
            pretrain:
              one: {data: images=labelled, image: 16, epochs: 2, batch: 8, queue: 16, knn-every: 1,
                    published: {knn: 0.777, of: a demo}}
              two: {data: [luna, images=labelled], image: 16, epochs: 1, batch: 8, queue: 16, lr: 0.01}
            transfer: {data: images=labelled, image: 16, epochs: 2, vote: 2, batch: 8, lr: 1e-3, published-positive: dark}
            rows:
              random: {chain: [], published: {AUC: 0.512, F1: 0.412}}
              first: {chain: [one]}
              both: {chain: [one, two]}
            """;
    private static final int PICTURES = 20;

    @TempDir
    static Path folder;

    private static String home;

    @BeforeAll
    static void aRecipeIsRun() throws IOException {
        home = System.getProperty("user.home");
        System.setProperty("user.home", folder.resolve("home").toString()); // the cache of decoded images
        Files.writeString(folder.resolve("tiny.yaml"), RECIPE);
        for (int i = 0; i < PICTURES; i++) {
            picture(folder.resolve("labelled/dark/d" + i + ".png"), i, 70);
            picture(folder.resolve("labelled/light/l" + i + ".png"), 100 + i, 150);
        }
        String printed = jmoco(0, "run", folder.resolve("tiny.yaml").toString(), "--out", out().toString(), "--progress", "none",
                "--tensorboard");
        List<String> lines = printed.lines().toList();
        assertEquals(List.of("results in " + out().resolve("results.json"), "report in " + out().resolve("report.html")
                + " (open it in a browser)",
                "each training lies in a folder below " + out().resolve("transfers")
                        + ": ./jmoco evaluate --from FOLDER, ./jmoco predict --from FOLDER IMAGE"),
                        lines.subList(lines.size() - 3, lines.size()));
    }

    /** Of the set of labelled images, as people read it. */
    private static String title() {
        return folder.getFileName() + "/labelled";
    }

    @AfterAll
    static void homeAsItWas() {
        System.setProperty("user.home", home);
    }

    private static Path out() {
        return folder.resolve("out");
    }

    private static void picture(Path file, int number, int brightness) throws IOException {
        Files.createDirectories(file.getParent());
        Philox random = new Philox(11, Philox.Purpose.TEST, 0, number);
        BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 256; i++) {
            image.getRaster().setSample(i % 16, i / 16, 0, Math.clamp(brightness + (int) (50 * random.nextGaussian()), 0, 255));
        }
        ImageIO.write(image, "png", file.toFile());
    }

    /** What the command prints, errors included. */
    private static String jmoco(int code, String... args) {
        StringWriter text = new StringWriter();
        assertEquals(code, Main.run(new PrintWriter(text), new PrintWriter(text), args), text::toString);
        return text.toString();
    }

    private static Path stage(String inside, String begin) throws IOException {
        try (Stream<Path> all = Files.list(out().resolve(inside))) {
            return all.filter(p -> p.getFileName().toString().startsWith(begin)).findFirst().orElseThrow();
        }
    }

    private static void requireAll(String html, String... parts) {
        for (String p : parts) {
            assertTrue(html.contains(p), p);
        }
    }

    @Test
    void aRecipeLeavesAPageWithRowsBesideThePublishedOnes() throws IOException {
        String html = Files.readString(out().resolve("report.html"));
        requireAll(html, "Small &lt;pictures&gt; &amp; a network", "random start", "one + images (in place of LUNA)", ">0.512<",
                ">0.412<", ">0.777<",
                "Published kNN accuracy: a demo", "first (one) against random start", "McNemar", "F1, light positive",
                "F1, dark positive",
                "<h2>Loss of pretraining</h2>", "<h2>kNN accuracy during pretraining</h2>",
                "<h2>Learning rate of pretraining</h2>",
                "<h2>Loss of transfer</h2>", "<h2>Receiver operating characteristic, light positive</h2>",
                "Confusion, random start, 2 seeds added up",
                "<h2>Wrongly classified</h2>", "<h2>Random views of " + title() + ", stages one, two, transfer</h2>",
                "An image of the folder labelled, then what training sees of it.", "<h2>Features before and after transfer</h2>",
                "random start, transfer of seed 1: before", "first (one), transfer of seed 1: after",
                " test images in the plane of", "$ jmoco run ", "commit: ",
                "backend: cpu", "recipe.yaml\n\n");
        requireAll(html, "<td class=w>random start</td>", "<td class=w>first (one)</td>");
        assertFalse(html.contains("<td class=w>random</td>"), "the bare key of a row");
        assertTrue(html.contains("<figure class=wide><img alt=\"Loss of transfer\""), "a diagram scrolls in a narrow window");
        assertTrue(html.contains("<h2>Learning rate of transfer</h2>\n<p>Constant: 0.001.</p>"), "one rate for all rows");
        List<String> table = Files.readAllLines(out().resolve("results.txt"));
        for (int i = 0; i < table.size(); i++) {
            assertTrue(!table.get(i).matches(".* against [a-z].*") || table.get(i - 1).isEmpty(),
                    "one comparison runs into another: " + String.join("\n", table));
        }
        assertEquals(3, html.split("<th class=n>p, bootstrap</th>", -1).length - 1, "p of AUC, accuracy and F1");
        assertTrue(table.stream().anyMatch(line -> line.matches("  accuracy .* McNemar p .* \\(majority of seeds: [0-9]+ images?"
                + " right by first \\(one\\) alone, [0-9]+ by random start alone\\)")), String.join("\n", table));
        assertEquals(3, table.stream().filter(line -> line.startsWith("  AUC: ")).count(), "verdicts name their metric");
        String pair = "";
        for (String line : table) {
            pair = line.matches("[^ ].* against .*") ? line : pair;
            if (line.startsWith("  AUC: ")) {
                requireAll(html, "<p>" + pair + ": " + line.strip() + ".</p>"); // the same words as on the terminal
            }
        }
        String results = Files.readString(out().resolve("results.json"));
        assertTrue(results.contains("\"published_knn\" : 0.777"), "the report's figures come from results.json");
    }

    @Test
    void eachTrainingOfARecipeHasScalarsForTensorBoard() throws IOException {
        for (Path training : List.of(stage("encoders", "one"), stage("transfers", "random"))) {
            try (Stream<Path> events = Files.list(training.resolve("tensorboard"))) {
                assertEquals(1, events.filter(f -> f.getFileName().toString().contains("tfevents")).count(), training::toString);
            }
        }
    }

    @Test
    void theCommandWritesTheSamePageAgain() throws IOException {
        String before = Files.readString(out().resolve("report.html"));
        Path again = folder.resolve("again.html");
        jmoco(0, "report", out().toString(), "--out", again.toString());
        assertEquals(before, Files.readString(again), "the images are found again through the recipe in the folder");
    }

    /** The options of a run, or its weights, would be gone. */
    @Test
    void aPageTakesThePlaceOfNoOtherKindOfFile() throws IOException {
        for (String name : List.of("options.json", "results.json", "recipe.yaml")) {
            Path file = out().resolve(name);
            byte[] before = Files.readAllBytes(file);
            assertTrue(jmoco(2, "report", out().toString(), "--out", file.toString()).contains("name that ends in .html"), name);
            assertArrayEquals(before, Files.readAllBytes(file));
        }
    }

    @Test
    void aPageInAFolderThatIsNotThereIsRefusedAndNoFolderMade() {
        Path page = folder.resolve("no/page.html");
        assertTrue(jmoco(1, "report", out().toString(), "--out", page.toString())
                .contains("there is no folder " + page.getParent()));
        assertFalse(Files.exists(page.getParent()));
        assertTrue(jmoco(2, "report", out().toString(), "--out", folder.toString()).contains("is a folder; name a file in it"));
    }

    @Test
    void imagesThatAreGoneAreSaidToBe() throws IOException {
        Path moved = folder.resolve("moved");
        Files.move(folder.resolve("labelled"), moved);
        try {
            Path page = folder.resolve("gone.html");
            String printed = jmoco(0, "report", out().toString(), "--out", page.toString());
            assertTrue(printed.contains("no pictures of images, views and features") && printed.contains("--data images=DIR"),
                    printed);
            assertFalse(Files.readString(page).contains("Random views"));
            jmoco(0, "report", out().toString(), "--out", page.toString(), "--data", "images=" + moved);
            assertTrue(Files.readString(page).contains("Random views"));
        } finally {
            Files.move(moved, folder.resolve("labelled"));
        }
    }

    @Test
    void severalRecipesStandSideBySide() throws IOException {
        Path page = folder.resolve("two.html");
        jmoco(0, "report", out().toString(), out().toString(), "--out", page.toString());
        assertTrue(Files.readString(page).contains("<h1>jmoco: 2 recipes</h1>"));
        assertTrue(Files.readString(page).contains("<h2>out: Small &lt;pictures&gt;"), "folder and title");
    }

    @Test
    void singleRunsHaveMapsOfFeaturesFromWhereTheyBegan() throws IOException {
        Path page = folder.resolve("runs.html");
        String pretrained = stage("encoders", "one-seed1").toString();
        String transfer = stage("transfers", "first-seed1").toString();
        String random = stage("transfers", "random-seed1").toString();
        jmoco(0, "report", transfer, random, pretrained, "--data", "images=" + folder.resolve("labelled"), "--out",
                page.toString());
        String html = Files.readString(page);
        for (String run : List.of(transfer, random, pretrained)) {
            String name = Path.of(run).getFileName().toString();
            requireAll(html, "Features before and after " + name, name + ": before", name + ": after");
        }
        requireAll(html, "<h2>kNN accuracy of the encoder over the epochs</h2>", "<h2>Learning rate</h2>",
                "<h2>Random views of " + title() + "</h2>", "then views of them, 16x16<");
        requireAll(html, "for 40 training images, some of which the run held out, in the plane", "for 40 training images in the");
        assertFalse(html.contains("held-out images"), "the folder has no test images");
        assertEquals(1, html.split("<figcaption>Left the images", -1).length - 1, "one size for all runs is shown once");
    }

    /** The views are those of the runs, in their sizes; a frozen encoder has one picture. */
    @Test
    void aProbeOfAnotherSizeHasViewsOfItsOwnAndOnePictureOfFeatures() throws IOException {
        String labelled = "images=" + folder.resolve("labelled");
        String pretrained = stage("encoders", "one-seed1").toString();
        String probe = folder.resolve("probe").toString();
        jmoco(0, "probe", "--from", pretrained, "--data", labelled, "--image", "24", "--epochs", "1", "--vote", "1", "--batch",
                "8", "--progress", "none", "--out", probe);
        Path page = folder.resolve("probe.html");
        jmoco(0, "report", probe, pretrained, "--data", labelled, "--out", page.toString());
        String html = Files.readString(page);
        requireAll(html, "<h2>Random views of " + title() + ", run probe</h2>",
                "<h2>Random views of " + title() + ", run one-seed1", "then views of them, 24x24<", "then views of them, 16x16<",
                "<figcaption>probe: before and after</figcaption>",
                "the same and shown once.");
        assertFalse(html.contains("probe: before<") || html.contains("probe: after<"), "the same picture twice");
    }

    @Test
    void blurAndViewsOfARecipeAreNotTakenForTheViewsOfTheSet() throws IOException {
        String labelled = "images=" + folder.resolve("labelled");
        String blurred = folder.resolve("blurred").toString();
        jmoco(0, "pretrain", "--data", labelled, "--image", "16", "--epochs", "1", "--batch", "8", "--queue", "16", "--width",
                "4", "--v2", "--progress", "none", "--out", blurred);
        Path pretrained = stage("encoders", "one-seed1");
        Path changed = Files.createDirectory(folder.resolve("changed"));
        Files.writeString(changed.resolve("options.json"),
                Files.readString(pretrained.resolve("options.json")).replaceFirst("flip=0\\.5", "flip=0.25"));
        Path page = folder.resolve("blurred.html");
        jmoco(0, "report", blurred, pretrained.toString(), changed.toString(), "--data", labelled, "--out", page.toString());
        String html = Files.readString(page);
        requireAll(html, "<h2>Random views of " + title() + ", run blurred</h2>",
                "<h2>Random views of " + title() + ", run one-seed1",
                "<h2>Random views of " + title() + ", run changed</h2>\n<p>Its recipe gave this run other views");
        assertEquals(2, html.split("<figcaption>Left the images", -1).length - 1, "blurred and one");
    }

    @Test
    void recipesAndSingleRunsDoNotMix() throws IOException {
        String said = jmoco(2, "report", out().toString(), stage("transfers", "random-seed1").toString());
        assertTrue(said.contains("is the folder of a recipe, others are of single runs"), said);
    }

    @Test
    void aRecipeThatHasNotEndedIsAnError() throws IOException {
        Path open = Files.createDirectory(folder.resolve("open"));
        Files.copy(out().resolve("recipe.yaml"), open.resolve("recipe.yaml"));
        assertTrue(jmoco(1, "report", open.toString()).contains("has not ended"));
    }

    /** In a browser, wide and narrow: everything is drawn, nothing is asked for, nothing sticks out, the console stays empty. */
    @Test
    void aBrowserShowsThePages() throws IOException, InterruptedException {
        Optional<Chromium> found = Chromium.find(Files.createDirectory(folder.resolve("browser")));
        assumeTrue(found.isPresent(), "skipped: no chromium on the path (apt install chromium)");
        Chromium browser = found.get();
        Path runs = folder.resolve("browsed.html");
        jmoco(0, "report", stage("transfers", "first-seed1").toString(), "--data", "images=" + folder.resolve("labelled"),
                "--out", runs.toString());
        for (Path page : List.of(out().resolve("report.html"), runs)) {
            int pictures = Files.readString(page).split("<img ", -1).length - 1;
            assertTrue(pictures > 8, page + " has " + pictures + " pictures");
            for (int width : new int[] {1200, 500}) {
                assertEquals(List.of(), browser.visit(page, width).messages(), page + " at " + width);
                assertEquals(new Chromium.Measured(pictures, 0, 0, 0), browser.measure(page, width), page + " at " + width);
            }
            BufferedImage shot = ImageIO.read(new ByteArrayInputStream(browser.screenshot(page, 1200, 3000)));
            assertEquals(1200, shot.getWidth());
            assertNotEquals(0, colours(shot, 400), "lines of diagrams are drawn below the text");
        }
    }

    /** Different colours that are no greys, below a line. */
    private static int colours(BufferedImage image, int from) {
        Set<Integer> seen = new HashSet<>();
        for (int y = from; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int rgb = image.getRGB(x, y);
                int spread = Math.max(Math.max(rgb >> 16 & 0xff, rgb >> 8 & 0xff),
                        rgb & 0xff) - Math.min(Math.min(rgb >> 16 & 0xff, rgb >> 8 & 0xff), rgb & 0xff);
                if (spread > 100) {
                    seen.add(rgb);
                }
            }
        }
        return seen.size();
    }
}
