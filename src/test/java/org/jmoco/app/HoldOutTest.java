package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jmoco.checkpoint.CheckpointStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Images without splits of their own: {@code --hold-out} holds out what a recipe does, and whatever reads the run knows it. */
@ExtendWith(HomeOfItsOwn.class)
class HoldOutTest {
    @TempDir
    Path folder;

    private Path scans;
    private String data;

    /** Eight dark images and eight light ones. */
    @BeforeEach
    void images() throws IOException {
        DarkAndLight.write(folder.resolve("made"));
        scans = Files.move(folder.resolve("made/train"), folder.resolve("scans"));
        data = "images=" + scans;
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(file.toFile());
    }

    @Test
    void theRunIsJudgedOnItsPartsAndSoIsWhateverReadsIt() throws IOException {
        Path run = folder.resolve("run");
        String said = CommandRuns.train(0, "finetune", run, "--data", data, "--hold-out", "--vote", "1");
        assertTrue(said.contains("scans has no splits of its own: 15 % of each class are held out for validation and 25 % for"
                + " the test, drawn at random (images of one patient may be on both sides"), said);
        assertTrue(said.contains("data scans, 10 images to train on") && !said.contains("nothing will be measured"), said);
        assertEquals("0.15,0.25", json(run.resolve("options.json")).path("--hold-out").asText());
        assertEquals(2, json(run.resolve("predictions.json")).at("/val/images").size());
        assertEquals(4, json(run.resolve("predictions.json")).at("/test/images").size());
        String auc = String.format(Locale.ROOT, "AUC %.4f",
                json(run.resolve("result.json")).at("/test/last/AUC/value").asDouble());
        assertTrue(CommandRuns.run(0, "evaluate", "--from", run.toString(), "--backend", "cpu").contains(auc));
        assertTrue(CommandRuns.run(0, "evaluate", "--from", run.toString(), "--data", data, "--backend", "cpu").contains(auc));
        for (List<String> more : List.of(List.<String>of(), List.of("--data", data))) {
            List<String> line = new java.util.ArrayList<>(List.of("knn", "--from", run.toString(), "--backend", "cpu"));
            line.addAll(more);
            assertTrue(CommandRuns.run(0, line).contains(": 4 images of scans test by 10 of scans train"));
        }
        CommandRuns.run(0, "report", run.toString(), "--data", data, "--backend", "cpu");
        String page = Files.readString(run.resolve("report.html"));
        assertTrue(page.contains("Outputs of the average pool for 4 test images in the plane"), "maps of what was held out");
    }

    @Test
    void aRecipeHoldsOutTheSameImages() throws IOException {
        Path run = folder.resolve("run");
        CommandRuns.train(0, "probe", run, "--data", data, "--hold-out", "0.2,0.3");
        Path recipe = Files.writeString(folder.resolve("r.yaml"), """
                name: r
                encoder: {width: 2, splits: 2}
                transfer: {data: images=scans, hold-out: [0.2, 0.3], image: 16, epochs: 1, batch: 8, vote: 1}
                rows: {random: {chain: []}}
                seeds: 1
                """);
        Path out = folder.resolve("recipe");
        CommandRuns.run(0, "run", recipe.toString(), "--out", out.toString(), "--progress", "none", "--backend", "cpu");
        JsonNode theirs = json(out.resolve("results.json")).at("/test/images");
        assertTrue(theirs.size() > 0, "the recipe's test images");
        assertEquals(theirs, json(run.resolve("predictions.json")).at("/test/images"));
    }

    @Test
    void anInterruptedRunGoesOnWithTheSameParts() throws IOException {
        Path run = folder.resolve("run");
        CommandRuns.train(0, "finetune", run, "--data", data, "--hold-out", "0.15,0.25", "--epochs", "2", "--vote", "1");
        Path last = CheckpointStore.forReading(run).files().getLast();
        byte[] bytes = Files.readAllBytes(last);
        String predictions = Files.readString(run.resolve("predictions.json"));
        Files.delete(last);
        Files.delete(run.resolve("result.json"));
        CommandRuns.run(0, "finetune", "--resume", "--out", run.toString(), "--progress", "none");
        assertArrayEquals(bytes, Files.readAllBytes(last));
        assertEquals(predictions, Files.readString(run.resolve("predictions.json")));
        String other = CommandRuns.run(2, "finetune", "--resume", "--out", run.toString(), "--hold-out", "0.1,0.4",
                "--progress", "none");
        assertTrue(other.contains("--hold-out was 0.15,0.25, now 0.1,0.4"), other);
    }

    /** Pretraining leaves them out as well, and has something to measure on. */
    @Test
    void anEncoderIsPretrainedWithoutThem() throws IOException {
        Path run = folder.resolve("encoder");
        String said = CommandRuns.train(0, "pretrain", run, "--data", data, "--hold-out", "--queue", "16");
        assertTrue(said.contains("data scans, 10 images to train on"), said);
        assertTrue(json(run.resolve("result.json")).has("knn_accuracy"), "measured on the validation images");
        List<String> knn = List.of("knn", "--from", run.toString(), "--backend", "cpu");
        assertTrue(CommandRuns.run(0, knn).contains(": 4 images of scans test by 10 of scans train"));
        Path diagnosis = folder.resolve("diagnosis");
        String trained = CommandRuns.train(0, "finetune", diagnosis, "no--width", "--from", run.toString(), "--data", data,
                "--hold-out");
        assertFalse(trained.contains("may have seen"), trained);
        // With one image more the rule draws others, some of which the encoder was trained with.
        Files.copy(folder.resolve("made/test/dark/0.png"), scans.resolve("dark/new.png"));
        String changed = CommandRuns.run(1, knn);
        assertTrue(changed.contains("the images of scans are not those that " + run + " was trained with"), changed);
        assertTrue(changed.contains("scans has no split \"test\", and which of its images " + run + " has not seen cannot be told"),
                changed);
        // A classifier has written down by name which ones it has not seen.
        assertTrue(CommandRuns.run(0, "evaluate", "--from", diagnosis.toString(), "--backend", "cpu")
                .contains("test: the 4 images that the run held out"));
    }

    /** What an encoder has seen is not held out any more: it is said where the same folder is judged on. */
    @Test
    void anEncoderThatHasSeenThemIsWarnedOf() throws IOException {
        Path all = folder.resolve("all");
        CommandRuns.train(0, "pretrain", all, "--data", data, "--queue", "16");
        Path run = folder.resolve("run");
        String said = CommandRuns.train(0, "finetune", run, "no--width", "--from", all.toString(), "--data", data, "--hold-out");
        assertTrue(said.contains("note: " + all + " was trained on other images of scans than those that are left to train on"
                + " here") && said.contains("it may have seen some that are held out now"), said);
        Path elsewhere = DarkAndLight.write(folder.resolve("elsewhere")).resolve("train");
        Path other = folder.resolve("other");
        String unrelated = CommandRuns.train(0, "finetune", other, "no--width", "--from", all.toString(), "--data",
                "images=" + elsewhere, "--hold-out");
        assertFalse(unrelated.contains("may have seen"), unrelated);
    }

    @Test
    void aTestImageThatIsGoneIsNamed() throws IOException {
        Path run = folder.resolve("run");
        CommandRuns.train(0, "finetune", run, "--data", data, "--hold-out", "--vote", "1");
        String name = json(run.resolve("predictions.json")).at("/test/images/0").asText();
        Files.delete(scans.resolve(name));
        String said = CommandRuns.run(1, "evaluate", "--from", run.toString(), "--backend", "cpu");
        assertTrue(said.contains("scans: 1 of the 4 images that " + run + " held out as test is no longer there, " + name), said);
        assertFalse(said.contains("Take --split train"), said);
    }

    @Test
    void whatCannotBeHeldOutIsRefusedAndNothingMade() throws IOException {
        Path out = folder.resolve("out");
        for (String shares : List.of("0.5,0.5", "0.2", "x", "0.1,0", "-0.1,0.2", "0.1,0.2,0.3", "15,25", "0.1, 0.2")) {
            String said = CommandRuns.train(2, "finetune", out, "--data", data, "--hold-out=" + shares);
            assertTrue(said.contains("--hold-out") && said.contains("as in 0.15,0.25"), said);
        }
        Path whole = DarkAndLight.write(folder.resolve("whole"));
        for (String command : List.of("finetune", "pretrain", "probe")) {
            assertTrue(CommandRuns.train(2, command, out, "--data", "images=" + whole, "--hold-out")
                    .contains("whole has its own splits (train, val, test), so nothing is held out of it; leave out --hold-out"));
            assertTrue(CommandRuns.train(1, command, out, "--data", "images=" + scans.resolve("dark"), "--hold-out")
                    .contains("scans/dark has no labels".substring(6)));
        }
        assertFalse(Files.exists(out));
        assertTrue(CommandRuns.train(0, "finetune", out, "--data", data).contains("or train with --hold-out or by a recipe"));
    }
}
