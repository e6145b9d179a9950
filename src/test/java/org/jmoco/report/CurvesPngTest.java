package org.jmoco.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CurvesPngTest {
    @TempDir
    Path folder;

    @Test
    void drawsOnePanelForLossesAndOneForScores() throws IOException {
        Path csv = metrics(folder, 40);
        Path png = folder.resolve("curves.png");
        Optional<String> problem = CurvesPng.draw(csv, png, "pretrain");
        Assumptions.assumeTrue(problem.isEmpty(), "not run: " + problem.orElse(""));
        BufferedImage image = ImageIO.read(png.toFile());
        assertEquals(900, image.getWidth());
        assertEquals(2 * 380, image.getHeight());
        Set<Integer> upper = colours(image.getSubimage(0, 0, 900, 380));
        Set<Integer> lower = colours(image.getSubimage(0, 380, 900, 380));
        // Antialiased text and lines: an empty panel has a handful of colours.
        assertTrue(upper.size() > 20 && lower.size() > 20, upper.size() + " and " + lower.size() + " colours");
    }

    /** Column names are for programs. */
    @Test
    void legendsAreWords() throws IOException {
        Path csv = Files.writeString(folder.resolve("metrics.csv"),
                "epoch,lr,loss,accuracy,val_accuracy,val_auc,knn_accuracy\n1,0.1,0.9,0.5,0.4,0.3,0.2\n");
        List<CurvesPng.Panel> panels = CurvesPng.panels(csv, Double.NaN);
        assertEquals(List.of("loss"), panels.get(0).lines().stream().map(LineChart.Line::name).toList());
        assertEquals(List.of("accuracy in training", "accuracy, validation images", "AUC, validation images", "kNN accuracy"),
                panels.get(1).lines().stream().map(LineChart.Line::name).toList());
    }

    @Test
    void onePointIsEnough() throws IOException {
        Path png = folder.resolve("curves.png");
        Optional<String> problem = CurvesPng.draw(metrics(folder, 1), png, "");
        Assumptions.assumeTrue(problem.isEmpty(), "not run: " + problem.orElse(""));
        // The kNN accuracy is measured each fifth epoch, so its panel has no point yet and is left out.
        assertEquals(380, ImageIO.read(png.toFile()).getHeight());
    }

    @Test
    void saysWhenThereIsNothingToDraw() throws IOException {
        Path png = folder.resolve("curves.png");
        Optional<String> problem = CurvesPng.draw(metrics(folder, 0), png, "");
        assertTrue(problem.orElseThrow().contains("no figures yet"), problem.toString());
        assertFalse(Files.exists(png));
    }

    /** The child: draws, and prints what went wrong. */
    static final class Drawer {
        private Drawer() {}

        public static void main(String[] args) {
            System.out.println(CurvesPng.draw(Path.of(args[0]), Path.of(args[1]), "title").orElse("drawn"));
        }
    }

    @Test
    void withoutFontsItSaysWhatToInstall() throws Exception {
        Assumptions.assumeTrue(
                System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux"),
                "not run: only on Linux do Java's fonts come from fontconfig");
        Path noFonts = Files.writeString(folder.resolve("fonts.conf"), "<?xml version=\"1.0\"?><fontconfig></fontconfig>");
        Path png = folder.resolve("curves.png");
        ProcessBuilder child = ChildJvm.of(Drawer.class, metrics(folder, 3).toString(), png.toString());
        // Java keeps what fontconfig once said in its user's home.
        child.command().add(1, "-Duser.home=" + folder);
        child.environment().put("FONTCONFIG_FILE", noFonts.toString());
        Process process = child.start();
        List<String> lines = process.inputReader().lines().toList();
        assertEquals(0, process.waitFor());
        assertEquals(1, lines.size(), lines.toString());
        assertTrue(lines.getFirst().contains("Install fonts, as in: apt install fontconfig"), lines.toString());
        assertFalse(Files.exists(png));
    }

    static Path metrics(Path folder, int epochs) {
        Path csv = folder.resolve("metrics.csv");
        try (CsvLog log = CsvLog.open(csv, List.of("train_loss", "knn_accuracy", "lr"), 0)) {
            for (int e = 1; e <= epochs; e++) {
                log.append(e, 2 + 5 * Math.exp(-e / 10.0), e % 5 == 0 ? 0.8 - 0.5 * Math.exp(-e / 20.0) : null, 0.03);
            }
        }
        return csv;
    }

    private static Set<Integer> colours(BufferedImage image) {
        Set<Integer> out = new HashSet<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                out.add(image.getRGB(x, y));
            }
        }
        return out;
    }
}
