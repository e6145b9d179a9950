package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A classifier is judged on its own images, on others of the same classes, and on nothing that it does not fit. */
class EvaluateCommandTest {
    @TempDir
    Path folder;

    private String data;
    private Path run;

    @BeforeEach
    void aClassifier() throws IOException {
        data = "images=" + DarkAndLight.write(folder.resolve("data"));
        run = folder.resolve("run");
        CommandRuns.train(0, "finetune", run, "--data", data, "--epochs", "3", "--vote", "2");
    }

    private String evaluate(int code, Path from, String... more) {
        java.util.List<String> line = new java.util.ArrayList<>(java.util.List.of("evaluate", "--from", from.toString(),
                "--backend", "cpu", "--threads", "1"));
        line.addAll(java.util.List.of(more));
        return CommandRuns.run(code, line);
    }

    @Test
    void withoutDataItTakesTheRunsOwnImagesAtTheRunsOwnSize() throws IOException {
        String said = evaluate(0, run);
        assertTrue(said.contains("--data " + data) && said.contains("/data test, "), said);
        assertTrue(said.contains("weights of the last epoch") && said.contains("vote of 2 epochs"), said);
        double last = new ObjectMapper().readTree(run.resolve("result.json").toFile()).at("/test/last/AUC/value").asDouble();
        assertTrue(said.contains(String.format(Locale.ROOT, "AUC %.4f", last)), said + " but the run measured " + last);
        assertEquals(said.lines().filter(l -> l.startsWith("AUC")).toList(),
                evaluate(0, run, "--data", data).lines().filter(l -> l.startsWith("AUC")).toList());
    }

    @Test
    void aCheckpointFileOfTheRunKnowsAsMuch() {
        assertTrue(evaluate(0, run.resolve("checkpoint-00000006.safetensors")).contains("--data " + data));
    }

    /** An exported network is judged at the size that it was trained at, wherever the file lies. */
    @Test
    void anExportedFileKnowsItsSize() {
        Path file = folder.resolve("exported.safetensors");
        CommandRuns.run(0, "export", "--from", run.toString(), "--format", "torchvision", file.toString());
        String ofFile = evaluate(0, file, "--data", data);
        String ofRun = evaluate(0, run, "--data", data);
        assertTrue(ofRun.contains("AUC "), ofRun);
        assertEquals(ofRun.substring(ofRun.indexOf("accuracy ")), ofFile.substring(ofFile.indexOf("accuracy ")));
        assertTrue(evaluate(0, file, "--data", data, "--image", "24").contains("trained on images of 16x16"));
    }

    /** An exported file takes no name that torch.load would be tried on. */
    @Test
    void exportsOfSafetensorsAreNamedSo() {
        String said = CommandRuns.run(2, "export", "--from", run.toString(), "--format", "torchvision",
                folder.resolve("x.pth").toString());
        assertTrue(said.contains("name the file .safetensors"), said);
        assertFalse(Files.exists(folder.resolve("x.pth")));
    }

    @Test
    void anotherSizeIsSaid() {
        assertTrue(evaluate(0, run, "--image", "24").contains("trained on images of 16x16"), "evaluate --image 24");
        assertFalse(evaluate(0, run, "--image", "16").contains("trained on images of"));
        assertTrue(CommandRuns.run(0, "knn", "--from", run.toString(), "--data", data, "--image", "24", "--backend", "cpu")
                .contains("16x16"));
    }

    @Test
    void ownImagesThatAreGoneAreNotReplacedByPhantoms() throws IOException {
        Files.move(folder.resolve("data"), folder.resolve("moved"));
        String said = evaluate(2, run);
        assertTrue(said.contains(data) && said.contains("--data"), said);
        evaluate(0, run, "--data", "images=" + folder.resolve("moved"));
    }

    @Test
    void aWeightFileThatTellsNothingNeedsData() throws IOException {
        Path alone = Files.copy(run.resolve("checkpoint-00000006.safetensors"),
                Files.createDirectories(folder.resolve("alone")).resolve("net.safetensors"));
        assertTrue(evaluate(2, alone).contains("--data is missing"));
        evaluate(0, alone, "--data", data);
    }

    @Test
    void aPretrainingRunIsNoClassifier() {
        Path encoder = folder.resolve("encoder");
        CommandRuns.train(0, "pretrain", encoder, "--data", data);
        String said = evaluate(1, encoder);
        assertTrue(said.contains("is a pretraining run") && said.contains("8 outputs") && said.contains("jmoco finetune"), said);
    }

    @Test
    void anotherNumberOfClassesIsRefused() throws IOException {
        for (String split : new String[] {"train", "val", "test"}) {
            Path third = Files.createDirectories(folder.resolve("data").resolve(split).resolve("odd"));
            for (int i = 0; i < 3; i++) {
                Files.copy(folder.resolve("data").resolve(split).resolve("dark").resolve(i + ".png"), third.resolve(i + ".png"));
            }
        }
        Path three = folder.resolve("three");
        CommandRuns.train(0, "probe", three, "--data", data);
        String said = evaluate(1, three, "--data", "phantom");
        assertTrue(said.contains("3 classes (dark, light, odd)") && said.contains("no lesion, lesion"), said);
        assertTrue(evaluate(1, run).contains("2 classes (dark, light)"), "too few outputs");
    }

    @Test
    void otherNamesAreSaidAndAnotherOrderIsRefused() throws IOException {
        assertTrue(evaluate(0, run, "--data", "phantom")
                .contains("\"dark\" counts as \"no lesion\", \"light\" counts as \"lesion\""));
        assertFalse(evaluate(0, run, "--data", data).contains("counts as"));
        // predictions.json is where the names stand: the other order is that of a data set with a numbering of its own.
        Path predictions = run.resolve("predictions.json");
        String text = Files.readString(predictions);
        String swapped = text.replaceFirst("\"dark\",(\\s*)\"light\"", "\"light\",$1\"dark\"");
        assertFalse(text.equals(swapped), "the classes were not found in " + text.substring(0, 200));
        Files.writeString(predictions, swapped);
        assertTrue(evaluate(1, run, "--data", data).contains("alphabetical order"));
    }

    @Test
    void wrongUsageHasCode2() {
        assertTrue(evaluate(2, run, "--split", "bogus").contains("train, val, test"));
        assertTrue(CommandRuns.run(2, "knn", "--from", run.toString(), "--data", data, "--width", "16").contains("--width 16"));
    }
}
