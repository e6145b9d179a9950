package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PredictCommandTest {
    @TempDir
    Path folder;

    /** What predict says of the test files is what the run said of its test images after the last epoch. */
    @Test
    void predictsAsTheRunItselfDid() throws IOException {
        Path data = folder.resolve("data");
        for (String split : new String[] {"train", "val", "test"}) {
            for (String label : new String[] {"dark", "light"}) {
                for (int i = 0; i < (split.equals("train") ? 8 : 3); i++) {
                    image(data.resolve(split).resolve(label).resolve(split + i + ".png"), label.equals("light") ? 120 : 0, i);
                }
            }
        }
        String run = folder.resolve("run").toString();
        run(0, "finetune", "--data", "images=" + data, "--image", "16", "--batch", "8", "--splits", "2", "--width", "2",
                "--epochs", "1", "--vote", "1", "--progress", "none", "--backend", "cpu", "--threads", "1", "--out", run);
        JsonNode test = new ObjectMapper().readTree(Path.of(run, "predictions.json").toFile()).get("test");
        List<String> arguments = new ArrayList<>(List.of("predict", "--from", run, "--backend", "cpu", "--threads", "1"));
        for (JsonNode name : test.get("images")) {
            arguments.add(data.resolve("test").resolve(name.asText().replaceFirst("^test/", "")).toString());
        }
        List<String> lines = run(0, arguments.toArray(String[]::new)).lines().toList();
        assertEquals(6, lines.size(), lines.toString());
        for (int i = 0; i < 6; i++) {
            String dark = String.format(Locale.ROOT, "dark %.4f", test.get("last").get("probability").get(i).get(0).asDouble());
            assertTrue(lines.get(i).contains(dark), lines.get(i) + " should say " + dark);
        }
        String said = run(1, "predict", "--from", run, "--backend", "cpu", "--threads", "1",
                Path.of(run, "options.json").toString(), arguments.get(7),
                folder.resolve("gone.png").toString(), folder.toString());
        assertTrue(said.contains("options.json: is no image") && said.contains("gone.png: no such file")
                && said.contains(folder + ": is a folder; name its images, as in " + folder + "/*.png"), said);
        assertTrue(said.contains(lines.get(0)), "the good one among them is classified: " + said);
        Files.createFile(Files.createDirectories(folder.resolve("others")).resolve("1.JPG"));
        assertTrue(run(1, "predict", "--from", run, folder.resolve("others").toString()).contains("/others/*.JPG"), "its ending");
        assertTrue(said.contains("3 of 4 files could not be read"), said);
        assertTrue(run(1, "predict", "--from", run, folder.resolve("gone.png").toString()).contains("no such file"),
                "a missing file alone");
    }

    /** A recipe may have images prepared otherwise than their kind usually is; a run of it judges them so ever after. */
    @Test
    void aRunOfARecipeKnowsHowItPreparedImages() throws IOException {
        Path data = folder.resolve("data");
        for (String split : new String[] {"train", "val", "test"}) {
            for (int i = 0; i < 4; i++) {
                image(data.resolve(split).resolve("dark").resolve(split + i + ".png"), 0, i);
                image(data.resolve(split).resolve("light").resolve(split + i + ".png"), 20, i);
            }
        }
        Path run = recipeRun("views: {evaluation: exact}");
        JsonNode test = new ObjectMapper().readTree(run.resolve("predictions.json").toFile()).get("test");
        String probability = String.format(Locale.ROOT, "dark %.4f",
                test.get("last").get("probability").get(0).get(0).asDouble());
        Path first = data.resolve(test.get("images").get(0).asText());
        String said = run(0, "predict", "--from", run.toString(), "--backend", "cpu", "--threads", "1", first.toString());
        assertTrue(said.contains(probability), said + " should say " + probability);
        String judged = run(0, "evaluate", "--from", run.toString(), "--backend", "cpu", "--threads", "1");
        String auc = String.format(Locale.ROOT, "AUC %.4f [",
                new ObjectMapper().readTree(run.resolve("result.json").toFile()).at("/test/last/AUC/value").asDouble());
        assertTrue(judged.contains(auc), judged + " should say " + auc);
    }

    /** A recipe holds parts of a set without splits out, and its runs know which. */
    @Test
    void aRunOfARecipeIsJudgedOnWhatItHeldOut() throws IOException {
        for (int i = 0; i < 20; i++) {
            image(folder.resolve("data/dark/" + i + ".png"), 0, i);
            image(folder.resolve("data/light/" + i + ".png"), 10, i);
        }
        Path run = recipeRun("hold-out: [0.15, 0.25]");
        JsonNode result = new ObjectMapper().readTree(run.resolve("result.json").toFile());
        String judged = run(0, "evaluate", "--from", run.toString(), "--backend", "cpu", "--threads", "1");
        assertTrue(judged.contains("test: the 10 images that the run held out"), judged);
        assertTrue(judged.contains(String.format(Locale.ROOT, "AUC %.4f [", result.at("/test/last/AUC/value").asDouble())),
                judged);
        String val = run(0, "evaluate", "--from", run.toString(), "--split", "val", "--backend", "cpu", "--threads", "1");
        assertTrue(val.contains(String.format(Locale.ROOT, "AUC %.4f [", result.at("/val/last/AUC/value").asDouble())), val);
        String train = run(0, "evaluate", "--from", run.toString(), "--split", "train", "--backend", "cpu", "--threads", "1");
        assertTrue(train.contains("note: the run was trained on these images"), train);
    }

    /** What is wrong with the images of the last stage is said before the first one is trained. */
    @Test
    void aRecipeLooksAtAllItsImagesFirst() throws IOException {
        for (int i = 0; i < 8; i++) {
            image(folder.resolve("slices/" + i + ".png"), 0, i);
        }
        Path recipe = Files.writeString(folder.resolve("late.yaml"), """
                name: late
                encoder: {width: 2, splits: 2}
                pretrain:
                  slices: {data: images=slices, image: 16, epochs: 1, batch: 4, queue: 8}
                transfer: {data: images=nowhere, image: 16, epochs: 1, batch: 4}
                rows:
                  pretrained: {chain: [slices]}
                seeds: 1
                """);
        for (String unusable : new String[] {"nowhere", "slices"}) {
            for (String dry : new String[] {"--dry-run", "--progress=none"}) {
                String said = run(unusable.equals("nowhere") ? 1 : 2, "run", recipe.toString(), "--out",
                        folder.resolve("late").toString(), "--set", "transfer.data=images=" + folder.resolve(unusable), dry,
                        "--backend", "cpu", "--threads", "1");
                assertTrue(said.contains(unusable.equals("nowhere") ? "there is no folder or zip" : "has no labels"), said);
                assertTrue(!said.contains("[1/2]") && !said.contains("Measured"), "nothing was trained or measured: " + said);
            }
        }
    }

    @Test
    void aPretrainingRunIsNoClassifier() throws IOException {
        String run = folder.resolve("pretrained").toString();
        run(0, "pretrain", "--data", "images=" + DarkAndLight.write(folder.resolve("data")), "--image", "16", "--batch", "8",
                "--splits", "2", "--width",
                "2", "--queue", "16", "--dim", "8", "--epochs", "1", "--progress", "none", "--backend", "cpu", "--threads", "1",
                "--out", run);
        String said = run(1, "predict", "--from", run, folder.resolve("data/test/dark/0.png").toString());
        assertTrue(said.contains("is a pretraining run") && said.contains("jmoco finetune --from " + run), said);
    }

    /** A network that was trained without any held-out image classifies as well. */
    @Test
    void aRunWithoutTestImagesIsEnough() throws IOException {
        for (int i = 0; i < 8; i++) {
            image(folder.resolve("plain/dark/" + i + ".png"), 0, i);
            image(folder.resolve("plain/light/" + i + ".png"), 120, i);
        }
        String run = folder.resolve("plainrun").toString();
        run(0, "finetune", "--data", "images=" + folder.resolve("plain"), "--image", "16", "--batch", "8", "--splits", "2",
                "--width", "2", "--epochs", "1",
                "--vote", "1", "--progress", "none", "--backend", "cpu", "--threads", "1", "--out", run);
        String said = run(0, "predict", "--from", run, "--backend", "cpu", "--threads", "1",
                folder.resolve("plain/dark/0.png").toString());
        assertTrue(said.contains("dark 0.") && said.contains("light 0."), said);
        assertFalse(said.contains("warning"), said);
        BufferedImage twelveBits = new BufferedImage(20, 20, BufferedImage.TYPE_USHORT_GRAY);
        twelveBits.getRaster().setSample(5, 5, 0, 4095);
        Path ct = folder.resolve("ct.png");
        ImageIO.write(twelveBits, "png", ct.toFile());
        said = run(0, "predict", "--from", run, "--backend", "cpu", "--threads", "1", ct.toString());
        assertTrue(said.contains("warning: 1 of 1 image has 16 bits a channel but values below 4096 only")
                && said.contains("The first: " + ct) && said.contains("dark 0."), said);
    }

    /** The one transfer of a recipe over {@code data}, finished. @param more another key of its transfer */
    private Path recipeRun(String more) throws IOException {
        Path recipe = Files.writeString(folder.resolve("small.yaml"), """
                name: small
                encoder: {width: 2, splits: 2}
                transfer: {data: images=data, image: 16, epochs: 2, vote: 1, batch: 8, %s}
                rows:
                  random: {chain: []}
                seeds: 1
                """.formatted(more));
        Path out = folder.resolve("small");
        run(0, "run", recipe.toString(), "--out", out.toString(), "--backend", "cpu", "--threads", "1");
        try (var files = Files.walk(out)) {
            return files.filter(p -> p.endsWith("predictions.json")).findFirst().orElseThrow().getParent();
        }
    }

    private static void image(Path file, int level, int seed) throws IOException {
        Files.createDirectories(file.getParent());
        BufferedImage image = new BufferedImage(20, 18, BufferedImage.TYPE_INT_RGB);
        Philox random = new Philox(seed, Philox.Purpose.TEST, 0, level);
        for (int y = 0; y < 18; y++) {
            for (int x = 0; x < 20; x++) {
                int v = level + random.nextInt(100);
                image.setRGB(x, y, v << 16 | v << 8 | v);
            }
        }
        ImageIO.write(image, "png", file.toFile());
    }

    private static String run(int code, String... arguments) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text, true);
        assertEquals(code, Main.run(out, out, arguments), text.toString());
        return text.toString();
    }
}
