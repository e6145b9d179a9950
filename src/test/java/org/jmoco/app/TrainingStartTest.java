package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.report.RunFolder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How trainings begin: what they take over, what they refuse, and what a refused start leaves. */
class TrainingStartTest {
    @TempDir
    Path folder;

    private String data;

    @BeforeEach
    void images() throws IOException {
        data = "images=" + DarkAndLight.write(folder.resolve("data"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"pretrain", "finetune", "probe"})
    void resumeNeedsARunToGoOnWith(String command) {
        Path out = folder.resolve("nothere");
        String said = CommandRuns.run(2, command, "--resume", "--out", out.toString());
        assertTrue(said.contains("--resume: " + out + " holds no run") && said.lines().count() == 1, said);
        assertFalse(Files.exists(out), "a refused resume must not make the folder");
    }

    @Test
    void resumeNeedsARunOfTheSameCommand() {
        Path out = folder.resolve("run");
        CommandRuns.train(0, "pretrain", out, "--data", data);
        for (String command : new String[] {"finetune", "probe"}) {
            String said = CommandRuns.run(2, command, "--resume", "--out", out.toString());
            assertTrue(said.contains("holds a run of jmoco pretrain. Go on with it by that") && said.lines().count() == 1, said);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pretrain", "finetune", "probe"})
    void theCorrectedCommandStartsAfterAFailedOne(String command) {
        Path out = folder.resolve("run");
        assertTrue(CommandRuns.train(2, command, out, "--data", data, "--batch", "4096").contains("--batch"));
        CommandRuns.train(1, command, out, "--data", data, "--from", folder.resolve("no").toString());
        CommandRuns.train(0, command, out, "--data", data);
    }

    /** Whether it is found before the folder is opened, after, or is the folder itself. */
    @ParameterizedTest
    @ValueSource(strings = {"pretrain", "finetune", "probe"})
    void aRefusedStartLeavesWhatWasThere(String command) throws IOException {
        Path out = folder.resolve("deep/run");
        CommandRuns.train(1, command, out, "--data", data, "--from", folder.resolve("no").toString());
        CommandRuns.train(2, command, out, "--data", data, "--batch", "4096");
        CommandRuns.train(0, command, out, "--data", data, "--time-steps", "1");
        assertFalse(Files.exists(folder.resolve("deep")), "made for a run that has not begun");
        Files.createDirectories(out);
        CommandRuns.train(2, command, out, "--data", data, "--batch", "4096");
        assertEquals(List.of(), files(out));
        Files.createFile(out.resolve("run.lock")); // of an earlier version, or of a killed start
        CommandRuns.train(2, command, out, "--data", data, "--batch", "4096");
        assertEquals(List.of("run.lock"), files(out));
        Files.delete(out.resolve("run.lock"));
        Files.createFile(out.resolve("thesis.tex"));
        CommandRuns.train(2, command, out, "--data", data);
        assertEquals(List.of("thesis.tex"), files(out));
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pretrain", "finetune", "probe"})
    void widthAndStemAreThoseOfTheStart(String command) {
        Path encoder = folder.resolve("encoder");
        CommandRuns.train(0, "pretrain", encoder, "--data", data, "--width", "4", "--stem", "imagenet", "--image", "32");
        Path out = folder.resolve("next");
        CommandRuns.train(0, command, out, "--data", data, "--from", encoder.toString(), "no--width", "--image", "32");
        assertEquals("4", RunFolder.storedOptions(out).orElseThrow().get("--width"));
        assertEquals("IMAGENET", RunFolder.storedOptions(out).orElseThrow().get("--stem").toString().toUpperCase());
        assertTrue(CommandRuns.run(0, command, "--resume", "--out", out.toString()).contains("resumed from"),
                "the values hold on resuming");
        String refused = CommandRuns.train(1, command, folder.resolve("other"), "--data", data, "--from", encoder.toString(),
                "--width", "8", "--image", "32");
        assertTrue(refused.contains("--width 4") && refused.contains("--width 8"), refused);
    }

    /** The weights of the start stand in the run's own checkpoint, and so does the form of the network. */
    @ParameterizedTest
    @ValueSource(strings = {"pretrain --knn-every=1", "finetune --head=fresh", "finetune --head=projection",
            "probe --head=fresh"})
    void aRunGoesOnWhenTheRunThatItBeganFromIsGone(String commandAndOption) throws IOException {
        String command = commandAndOption.split(" ")[0];
        Path encoder = folder.resolve("encoder");
        CommandRuns.train(0, "pretrain", encoder, "--data", data);
        Path out = folder.resolve("run");
        CommandRuns.train(0, command, out, "--data", data, "--from", encoder.toString(), "--epochs", "2",
                commandAndOption.split(" ")[1]);
        Path last = CheckpointStore.forReading(out).files().getLast();
        byte[] bytes = Files.readAllBytes(last);
        Files.delete(last);
        Files.move(encoder, folder.resolve("elsewhere"));
        CommandRuns.run(0, command, "--resume", "--out", out.toString(), "--progress", "none");
        assertArrayEquals(bytes, Files.readAllBytes(last));
    }

    /** A run of a GPU goes on on a machine without one: what only the cuda backend knows is left behind. */
    @ParameterizedTest
    @ValueSource(strings = {"pretrain", "finetune", "probe"})
    void aRunThatLeavesTheGpuLeavesItsOptions(String command) throws IOException {
        Path out = folder.resolve("run");
        CommandRuns.train(0, command, out, "--data", data);
        Path options = out.resolve("options.json");
        String text = Files.readString(options).replace("\"--precision\" : \"f32\"", "\"--precision\" : \"bf16\"")
                .replace("\"--branches\" : \"false\"", "\"--branches\" : \"true\"").replace("\"--cudnn-graph\" : \"false\"",
                        "\"--cudnn-graph\" : \"true\"").replace("\"--backend\" : \"cpu\"", "\"--backend\" : \"cuda\"");
        assertTrue(text.contains("bf16") && text.contains("\"--branches\" : \"true\"") && text.contains("\"cuda\""), text);
        Files.writeString(options, text);
        assertTrue(CommandRuns.run(0, command, "--resume", "--out", out.toString(), "--backend", "cpu").contains("resumed from"));
        String typed = CommandRuns.run(2, command, "--resume", "--out", out.toString(), "--backend", "cpu", "--branches");
        assertTrue(typed.contains("--branches is the cuda backend's"), typed);
    }

    @Test
    void aRunWithoutACheckpointNeedsWhatItBeganFrom() throws IOException {
        Path encoder = folder.resolve("encoder");
        CommandRuns.train(0, "pretrain", encoder, "--data", data);
        Path out = folder.resolve("run");
        CommandRuns.train(0, "finetune", out, "--data", data, "--from", encoder.toString());
        for (Path saved : CheckpointStore.forReading(out).files()) {
            Files.delete(saved);
        }
        Files.move(encoder, folder.resolve("elsewhere"));
        String said = CommandRuns.run(1, "finetune", "--resume", "--out", out.toString());
        assertTrue(said.contains("--from " + encoder + ": no such run or file"), said);
    }

    @Test
    void theRecordSaysWhatV2StandsFor() throws IOException {
        Path out = folder.resolve("run");
        CommandRuns.train(0, "pretrain", out, "--data", data, "--v2");
        String options = Files.readString(out.resolve("options.json")).replace(" ", "");
        for (String resolved : List.of("\"--temperature\":\"0.2\"", "\"--mlp\":\"true\"", "\"--blur\":\"true\"",
                "\"--v2\":\"true\"")) {
            assertTrue(options.contains(resolved), options);
        }
        Path last = CheckpointStore.forReading(out).files().getLast();
        byte[] bytes = Files.readAllBytes(last);
        Files.delete(last);
        CommandRuns.run(0, "pretrain", "--resume", "--out", out.toString(), "--progress", "none");
        assertArrayEquals(bytes, Files.readAllBytes(last));
    }

    /** A diagnosis has one network, and no query encoder beside a key encoder. */
    @Test
    void theMemoryTableSpeaksOfTheTrainingThatRuns() {
        String said = CommandRuns.train(0, "finetune", folder.resolve("run"), "--data", data);
        assertTrue(said.contains(System.lineSeparator() + "memory" + System.lineSeparator()), said);
        assertTrue(said.contains("MB  gradients of the weights that are trained"), said);
        assertFalse(said.contains("query"), said);
    }

    @Test
    void aClassifierThatNothingJudgesSaysSo() throws IOException {
        Path plain = folder.resolve("plain");
        Files.createDirectories(plain);
        Files.move(folder.resolve("data/train/dark"), plain.resolve("dark"));
        Files.move(folder.resolve("data/train/light"), plain.resolve("light"));
        Path out = folder.resolve("run");
        String said = CommandRuns.train(0, "finetune", out, "--data", "images=" + plain);
        assertTrue(said.contains("no validation or test images") && said.contains("nothing was measured"), said);
        assertTrue(said.contains("train/CLASS, val/CLASS and test/CLASS") && said.contains("./jmoco run FILE.yaml"), said);
        assertTrue(said.indexOf("nothing will be measured") < said.indexOf("options --data"), "before all else: " + said);
        String refused = CommandRuns.run(1, "evaluate", "--from", out.toString());
        assertTrue(refused.contains("--split train") && refused.contains("recipe")
                && refused.contains("train/CLASS, val/CLASS and test/CLASS") && refused.contains("./jmoco run FILE.yaml"),
                refused);
        assertTrue(CommandRuns.run(0, "evaluate", "--from", out.toString(), "--split", "train").contains("accuracy"));
    }

    /** A finished run cannot go on; another one can start from it, as the refusal says. */
    @ParameterizedTest
    @ValueSource(strings = {"pretrain", "finetune", "probe"})
    void aFinishedRunIsStartedFromAndNotGoneOnWith(String command) {
        Path out = folder.resolve("run");
        CommandRuns.train(0, command, out, "--data", data);
        String said = CommandRuns.train(2, command, out, "--data", data);
        assertTrue(said.contains("holds a finished run already. Take another --out; with --from " + out)
                && !said.contains("--resume"), said);
        assertTrue(CommandRuns.run(0, command, "--resume", "--out", out.toString(), "--progress", "none")
                .contains("is finished: --resume has nothing left to train"));
        assertFalse(CommandRuns.train(0, command, folder.resolve("next"), "--data", data, "--from", out.toString())
                .contains("is finished"));
    }

    @Test
    void anotherSizeOfImagesThanThatOfTheStartIsSaid() {
        Path from = folder.resolve("from");
        CommandRuns.train(0, "pretrain", from, "--data", data);
        String note = "note: " + from + " was trained with --image 16, this run has --image 64, the default";
        String said = CommandRuns.train(0, "finetune", folder.resolve("default"), "--data", data, "--from", from.toString(),
                "no--image");
        assertTrue(said.contains(note), said);
        assertFalse(CommandRuns.train(0, "finetune", folder.resolve("typed"), "--data", data, "--from", from.toString(), "--image",
                "20").contains("was trained with --image"));
        assertFalse(CommandRuns.train(0, "finetune", folder.resolve("same"), "--data", data, "--from", from.toString())
                .contains("was trained with --image"));
    }

    @Test
    void otherSplitsThanThoseOfTheStartAreSaid() {
        Path from = folder.resolve("from");
        CommandRuns.train(0, "pretrain", from, "--data", data, "--splits", "4");
        String note = "note: " + from + " was trained with --splits 4, this run has --splits 8";
        for (String command : new String[] {"finetune", "pretrain"}) {
            String said = CommandRuns.train(0, command, folder.resolve(command), "--data", data, "--from", from.toString(),
                    "no--splits");
            assertTrue(said.contains(note), said);
            assertFalse(CommandRuns.run(0, command, "--resume", "--out", folder.resolve(command).toString(), "--progress", "none")
                    .contains("was trained with --splits"));
            assertFalse(CommandRuns.train(0, command, folder.resolve(command + " typed"), "--data", data, "--from",
                    from.toString(), "--splits", "8").contains("was trained with --splits"));
        }
        // Frozen features are normalised by stored statistics, whatever the number of groups.
        assertFalse(CommandRuns.train(0, "probe", folder.resolve("probe"), "--data", data, "--from", from.toString(),
                "no--splits").contains("was trained with --splits"));
    }

    @Test
    void randomWeightsThatNobodyAskedForAreSaid() {
        String note = "note: no --from";
        assertTrue(CommandRuns.train(0, "probe", folder.resolve("probe"), "--data", data).contains(note));
        assertFalse(CommandRuns.train(0, "probe", folder.resolve("asked"), "--data", data, "--from", "random").contains(note));
        assertFalse(CommandRuns.train(0, "finetune", folder.resolve("whole"), "--data", data).contains(note));
        String[] knn = {"knn", "--data", data, "--width", "2", "--image", "16", "--backend", "cpu"};
        assertTrue(CommandRuns.run(0, knn).contains(note));
        List<String> asked = new java.util.ArrayList<>(List.of(knn));
        asked.addAll(List.of("--from", "random"));
        assertFalse(CommandRuns.run(0, asked).contains(note));
        assertFalse(CommandRuns.run(0, "knn", "--from", folder.resolve("probe").toString(), "--backend", "cpu").contains(note));
    }

    /** Where the first losses stand to the level of guessing is said above them. */
    @Test
    void theFirstLossesAreExplained() {
        String said = CommandRuns.train(0, "pretrain", folder.resolve("run"), "--data", data);
        assertTrue(said.contains("ln(queue + 1) = 2.8332 is the level of guessing; the first losses may lie far below"), said);
    }

    @Test
    void labelsAreAskedForInWords() {
        String unlabelled = "images=" + folder.resolve("data/train/dark");
        assertTrue(CommandRuns.train(1, "finetune", folder.resolve("run"), "--data", unlabelled).contains("one for each class"));
        assertTrue(CommandRuns.run(1, "knn", "--data", unlabelled, "--width", "2", "--image", "16")
                .contains("one for each class"));
    }
}
