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

    /** Of pictures that are all the same a network says the same. */
    @Test
    void oneClassForEveryImageAndAllEpochsVotingAreSaid() throws IOException {
        Path same = DarkAndLight.write(folder.resolve("same"));
        try (java.util.stream.Stream<Path> files = Files.walk(same)) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                Files.copy(folder.resolve("data/test/dark/0.png"), f, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Path idle = folder.resolve("idle");
        String said = CommandRuns.train(0, "finetune", idle, "--data", "images=" + same, "--epochs", "2");
        assertTrue(said.contains("warning: all 2 epochs vote (--vote 10"), said);
        assertTrue(said.matches("(?s).*note: \"(dark|light)\" is said of every image.*"), said);
        assertTrue(evaluate(0, idle).contains("is said of every image"));
        String fewer = CommandRuns.train(0, "finetune", folder.resolve("fewer"), "--data", data, "--epochs", "2", "--vote", "1");
        assertFalse(fewer.contains("epochs vote ("), fewer);
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

    private static java.util.List<String> figures(String said) {
        return said.lines().filter(l -> l.matches("(accuracy|AUC|F1|confusion) .*")).toList();
    }

    /** Folders of other names, which sort the other way round. */
    private Path renamed(String dark, String light) throws IOException {
        Path other = DarkAndLight.write(folder.resolve(dark + " and " + light));
        for (String split : new String[] {"train", "val", "test"}) {
            Files.move(other.resolve(split).resolve("dark"), other.resolve(split).resolve("x"));
            Files.move(other.resolve(split).resolve("light"), other.resolve(split).resolve(light));
            Files.move(other.resolve(split).resolve("x"), other.resolve(split).resolve(dark));
        }
        return other;
    }

    @Test
    void classesOfOtherNamesAreMappedByTheUserOrNotAtAll() throws IOException {
        String bare = evaluate(2, run, "--data", "phantom");
        assertTrue(bare.contains("\"dark\", \"light\"") && bare.contains("\"no lesion\", \"lesion\"")
                && bare.contains("--classes dark=\"no lesion\",light=lesion"), bare);
        String typed = evaluate(0, run, "--data", "phantom", "--classes", "light=no lesion,dark=lesion");
        assertTrue(typed.contains("classes of the network = of the images: light = no lesion, dark = lesion")
                && typed.contains("trained on " + data + ", judged on phantom"), typed);
        java.util.List<String> own = figures(evaluate(0, run));
        assertTrue(own.size() >= 4, own.toString());
        String swapped = "images=" + renamed("night", "day");
        assertEquals(own, figures(evaluate(0, run, "--data", swapped, "--classes", "dark=night,light=day")));
        assertTrue(evaluate(2, run, "--data", swapped).contains("\"day\", \"night\""));
        // One name is enough where the other is the same.
        assertEquals(own, figures(evaluate(0, run, "--data", "images=" + renamed("Dark", "day"), "--classes", "light=day")));
        assertFalse(own.equals(figures(evaluate(0, run, "--data", swapped, "--classes", "dark=day,light=night"))));
    }

    @Test
    void wrongMappingsAreRefused() {
        for (String wrong : new String[] {"dark", "dark=nothing", "nothing=lesion", "dark=lesion,light=lesion", "dark=lesion"}) {
            String said = evaluate(2, run, "--data", "phantom", "--classes", wrong);
            assertTrue(said.contains("dark") && said.contains("no lesion") && said.contains("--classes"), said);
        }
    }

    /** A set may number its classes in another order: the phantoms have "no lesion" first, folders of these names second. */
    @Test
    void equalNamesAreMappedByName() throws IOException {
        Path other = renamed("no lesion", "Lesion");
        Path lesions = folder.resolve("lesions");
        CommandRuns.train(0, "finetune", lesions, "--data", "images=" + other, "--epochs", "3", "--vote", "2");
        String said = evaluate(0, lesions, "--data", "phantom");
        assertTrue(said.contains("Lesion = lesion") && said.contains("no lesion = no lesion"), said);
        String right = evaluate(0, lesions, "--data", "phantom", "--classes", "Lesion=lesion,no lesion=no lesion");
        assertEquals(figures(right), figures(said));
        // What the run measured of its own images holds when another set has them under the other numbering.
        Path predictions = run.resolve("predictions.json");
        java.util.List<String> before = figures(evaluate(0, run, "--data", data));
        String text = Files.readString(predictions);
        String swapped = text.replaceFirst("\"dark\",(\\s*)\"light\"", "\"light\",$1\"dark\"");
        assertFalse(text.equals(swapped), "the classes were not found in " + text.substring(0, 200));
        Files.writeString(predictions, swapped);
        assertFalse(before.equals(figures(evaluate(0, run, "--data", data))), "the outputs have changed their names");
    }

    /** F1 of one class is not that of the other, and the AUC is the same seen from either side. */
    @Test
    void thePositiveClassIsChosenOrSaidToBeTheSecondByName() throws IOException {
        String bare = evaluate(0, run);
        assertTrue(bare.contains("note: positive class \"light\", since its name sorts second; --positive CLASS"), bare);
        assertFalse(evaluate(0, run, "--data", "phantom", "--classes", "dark=no lesion,light=lesion").contains("sorts second"));
        Path dark = folder.resolve("darkPositive");
        String said = CommandRuns.train(0, "finetune", dark, "--data", data, "--epochs", "3", "--vote", "2", "--positive",
                "Dark");
        assertTrue(said.contains("last epoch, positive class \"dark\"") && !said.contains("sorts second"), said);
        assertTrue(CommandRuns.train(0, "probe", folder.resolve("probe"), "--data", data).contains("\"light\", since its name"));
        String own = evaluate(0, dark);
        assertTrue(own.contains("positive class \"dark\"") && !own.contains("sorts second"), own);
        assertEquals(figures(own), figures(evaluate(0, run, "--positive", "dark")));
        assertEquals(figures(bare), figures(evaluate(0, dark, "--positive", "light")));
        assertTrue(evaluate(2, run, "--positive", "odd").contains("it has dark, light"));
        assertTrue(CommandRuns.train(2, "finetune", folder.resolve("odd"), "--data", data, "--positive", "odd")
                .contains("it has dark, light"));
        assertFalse(Files.exists(folder.resolve("odd")));
    }

    @Test
    void aFileWithoutNamesSaysWhatItsOutputsAreTakenFor() {
        Path file = folder.resolve("bare.safetensors");
        CommandRuns.run(0, "export", "--from", run.toString(), "--format", "torchvision", file.toString());
        assertTrue(evaluate(0, file, "--data", "phantom").contains("they are taken for no lesion, lesion, in this order"));
        assertTrue(evaluate(2, file, "--data", "phantom", "--classes", "dark=lesion").contains("does not tell the names"));
    }

    @Test
    void wrongUsageHasCode2() {
        assertTrue(evaluate(2, run, "--split", "bogus").contains("train, val, test"));
        assertTrue(CommandRuns.run(2, "knn", "--from", run.toString(), "--data", data, "--width", "16").contains("--width 16"));
    }
}
