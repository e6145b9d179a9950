package org.jmoco.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jmoco.tensor.UserError;
import org.jmoco.train.SeedSummary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunReportTest {
    @TempDir
    Path folder;

    private Path run(String name, String from) throws IOException {
        Path run = Files.createDirectory(folder.resolve(name));
        Files.writeString(run.resolve("options.json"), "{\"--lr\":\"0.1\"}");
        Files.writeString(run.resolve("environment.json"),
                "[{\"cpu\":\"of an earlier start\"},{\"command\":[\"jmoco\",\"finetune\"],\"cpu\":\"<fast> & small\"}]");
        Files.writeString(run.resolve("metrics.csv"), "epoch,lr,loss,val_auc\n1,0.1,0.9,0.5\n2,0.05,0.7,\n");
        Files.writeString(run.resolve("result.json"), "{\"data\":\"phantom\",\"phantom\":true,\"from\":\"" + from
                + "\",\"test\":{\"vote\":{\"AUC\":{\"value\":0.75,\"low\":0.5,\"high\":1.0}}}}");
        Files.writeString(run.resolve("predictions.json"), """
                {"classes":["no","yes"],"positive":1,"test":{"images":["a","b","c","d"],"labels":[0,1,0,1],
                 "vote":{"predicted":[0,1,1,0],"probability":[[0.9,0.1],[0.2,0.8],[0.3,0.7],[0.6,0.4]]}}}""");
        return run;
    }

    @Test
    void onePageHoldsEverythingAndPointsNowhere() throws IOException {
        String html = RunReport.html(List.of(StoredRun.read(run("moco", "runs/x")), StoredRun.read(run("random", "random"))),
                new Pictures() {
            @Override
            public Optional<byte[]> image(String name) {
                return name.equals("c") ? Optional.of(new byte[] {1, 2, 3}) : Optional.empty();
            }

            @Override
            public List<Exhibit> exhibits() {
                return List.of(new Exhibit("Views", "", List.of(new Shown("views", new byte[] {4}))));
            }
        });
        assertTrue(html.contains("0.7500<br>[0.5000, 1.0000]"), "figures");
        assertTrue(html.contains("Phantom images"), "phantoms are named");
        assertTrue(html.contains("&lt;fast&gt; &amp; small") && !html.contains("<fast>"), "text is escaped");
        assertTrue(html.contains(".grid img{width:112px;height:112px;object-fit:contain;"), "a high image is as small as others");
        assertTrue(html.contains("2 of 4"), "wrong images are counted");
        assertTrue(html.indexOf(">c<") < html.indexOf(">d<"), "the surest mistake is first");
        assertTrue(html.contains("data:image/png;base64,AQID") && html.contains("base64,BA=="), "pictures are part of the page");
        assertFalse(html.matches("(?s).*(src|href)=\"?(?!data:)[a-z/.].*"), "nothing outside is referred to");
    }

    @Test
    void aFolderWithoutRunIsNamedWithWhatItLacks() throws IOException {
        Path none = folder.resolve("none");
        assertTrue(refused(none).contains("no such folder"), "a missing path");
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertTrue(refused(file).contains("is a file"), "a file");
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertTrue(refused(empty).contains("holds no options.json"), "an empty folder");
        for (String options : List.of("{}", "[]", "null", "7")) {
            Files.writeString(empty.resolve("options.json"), options);
            assertTrue(refused(empty).contains("options.json"), options);
        }
        Files.writeString(empty.resolve("options.json"), "{}");
        assertTrue(refused(empty).contains("names no options"), "no options");
    }

    private static String refused(Path folder) {
        return assertThrows(UserError.class, () -> StoredRun.read(folder), folder::toString).getMessage();
    }

    /**
     * Seven columns of intervals stand beside the path that a run started from, and the names of images are as long as one likes.
     */
    @Test
    void longPathsAndNamesOfFilesFitTheWidthOfThePage() throws IOException, InterruptedException {
        Optional<Chromium> found = Chromium.find(Files.createDirectory(folder.resolve("browser")));
        assumeTrue(found.isPresent(), "skipped: no chromium on the path (apt install chromium)");
        String path = "/data/" + "comparison_of_pretrained_encoders_on_slices_of_the_chest_in_2020/".repeat(3)
                + "checkpoint-00001400.safetensors";
        Path run = run("a-run-whose-folder-has-a-rather-long-name-of-its-own", path);
        String interval = "{\"value\":0.75,\"low\":0.5,\"high\":1.0}";
        Files.writeString(run.resolve("result.json"), "{\"from\":\"" + path + "\",\"test\":{\"vote\":{"
                + String.join(",", Stream.of("accuracy", "AUC", "F1", "precision", "recall").map(f -> "\"" + f + "\":" + interval)
                        .toList()) + "}}}");
        Path predictions = run.resolve("predictions.json");
        Files.writeString(predictions, Files.readString(predictions)
                .replace("\"c\"", "\"" + "CT_COVID_2020.02.24.20027052_p8_73_".repeat(5) + ".png\""));
        Path page = Files.writeString(folder.resolve("long.html"), RunReport.html(List.of(StoredRun.read(run)), Pictures.NONE)
                // what would scroll sticks out of the page instead
                .replace(".scroll{overflow-x:auto", ".scroll{overflow-x:visible"));
        assertEquals(0, found.get().measure(page, 1100).over(), "pixels beyond the page");
    }

    @Test
    void confusionCountsTrueByPredicted() throws IOException {
        String html = RunReport.html(List.of(StoredRun.read(run("moco", "x"))), Pictures.NONE);
        assertTrue(html.contains("<tr><td class=w>no</td><td class=n>1</td><td class=n>1</td></tr>"), html);
        assertTrue(html.contains("<tr><td class=w>yes</td><td class=n>1</td><td class=n>1</td></tr>"), html);
    }

    /** A pretraining's loss is about ln(M + 1), a classification's below 1: on one axis both would be flat. */
    @Test
    void pretrainingsHaveChartsOfTheirOwn() throws IOException {
        Path pretrain = Files.createDirectory(folder.resolve("pretrain"));
        Files.writeString(pretrain.resolve("options.json"), "{\"--queue\":\"256\"}");
        Files.writeString(pretrain.resolve("metrics.csv"), "epoch,lr,loss,accuracy\n1,0.1,5.5,0.01\n2,0.05,5.1,0.05\n");
        StoredRun open = StoredRun.read(pretrain);
        assertEquals(Math.log(257), open.guessing(), "of a run that has not ended");
        Files.writeString(pretrain.resolve("result.json"), "{\"guessing\":5.54907608489522,\"knn_accuracy\":0.565}");
        String html = RunReport.html(List.of(StoredRun.read(pretrain), StoredRun.read(run("moco-start-1", "x")),
                StoredRun.read(run("b", "y"))),
                Pictures.NONE);
        for (String heading : List.of("Loss of pretraining", "Accuracy of pretraining", "Loss", "AUC on the validation images")) {
            assertEquals(1, html.split("<h2>" + heading + "</h2>", -1).length - 1, heading);
        }
        assertFalse(html.contains("<figcaption>Loss"), "no caption repeats its heading");
        assertTrue(html.contains("<td>loss of guessing, ln(M + 1) for a queue of M keys</td><td>5.5491</td>"),
                "explained, in a few digits");
        assertTrue(html.contains("<td class=w>moco-start-1</td>"), "a name is not broken at its signs");
    }

    /** On an axis around one value nothing can be read. */
    @Test
    void aRateThatDoesNotChangeIsASentence() throws IOException {
        StoredRun falling = StoredRun.read(run("falling", "x"));
        Path constant = run("constant", "x");
        Files.writeString(constant.resolve("metrics.csv"), "epoch,lr,loss\n1,0.001,0.9\n2,0.001,0.7\n");
        Path other = run("other", "x");
        Files.writeString(other.resolve("metrics.csv"), "epoch,lr,loss\n1,0.00005,0.9\n2,0.00005,0.7\n");
        String alone = RunReport.html(List.of(StoredRun.read(constant)), Pictures.NONE);
        assertTrue(alone.contains("<h2>Learning rate</h2>\n<p>Constant: 0.001.</p>"), alone);
        String both = RunReport.html(List.of(StoredRun.read(constant), StoredRun.read(other)), Pictures.NONE);
        assertTrue(both.contains("<p>Constant: 0.001 of constant; 0.00005 of other.</p>"), both);
        String mixed = RunReport.html(List.of(StoredRun.read(constant), falling), Pictures.NONE);
        assertTrue(mixed.contains("<img alt=\"Learning rate\"") && !mixed.contains("Constant:"), mixed);
        String same = RunReport.html(List.of(falling, StoredRun.read(run("too", "x"))), Pictures.NONE);
        assertTrue(rates(same).contains("<img alt=\"Learning rate\"") && rates(same).contains("All lines are the same."), same);
        assertFalse(rates(mixed).contains("All lines are the same."), mixed);
    }

    private static String rates(String html) {
        return html.split("<h2>Learning rate</h2>")[1].split("<h2>")[0];
    }

    @Test
    void runsThatDifferInTheSeedAloneHaveAMean() throws IOException {
        List<StoredRun> runs = new ArrayList<>();
        for (String options : List.of("0.1,1", "0.1,2", "0.2,3")) {
            String[] o = options.split(",");
            Path run = run("run-" + o[1], "random");
            Files.writeString(run.resolve("options.json"), "{\"--lr\":\"" + o[0] + "\",\"--seed\":\"" + o[1] + "\"}");
            runs.add(StoredRun.read(run));
        }
        Path second = folder.resolve("run-2/result.json");
        Files.writeString(second, Files.readString(second).replace("0.75", "0.65"));
        runs.set(1, StoredRun.read(folder.resolve("run-2")));
        String html = RunReport.html(runs, Pictures.NONE);
        SeedSummary s = SeedSummary.of(0.75, 0.65);
        assertTrue(html.contains("<td class=w>run-1<br>run-2</td><td>random start</td><td>test</td><td class=n>"
                + "0.7000 ± 0.0707<br>[" + String.format(Locale.ROOT, "%.4f, %.4f]", s.low(), s.high())), html);
        assertFalse(html.contains("<br>run-3"), "another rate");
        for (List<StoredRun> others : List.of(List.of(runs.get(0), runs.get(2)), List.of(runs.get(0), runs.get(0)))) {
            assertFalse(RunReport.html(others, Pictures.NONE).contains("Means over seeds"), "another rate, or the same seed");
        }
    }

    @Test
    void legendsAndStartsAreWords() throws IOException {
        StoredRun one = StoredRun.read(run("one", "random"));
        assertEquals(Set.of("AUC, validation images"), RunReport.lines(List.of(one), List.of(one), "val_auc"::equals).keySet());
        StoredRun two = StoredRun.read(run("two", "random"));
        assertEquals(Set.of("one, loss", "one, AUC, validation images", "two, loss", "two, AUC, validation images"),
                RunReport.lines(List.of(one, two), List.of(one, two), c -> !c.equals("lr") && !c.equals("epoch")).keySet());
        String html = RunReport.html(List.of(one), Pictures.NONE);
        assertTrue(html.contains("random start") && !html.contains(">random<"), html);
    }

    @Test
    void runsOfOneNameAreToldApart() throws IOException {
        folder = Files.createDirectory(folder.resolve("first"));
        StoredRun one = StoredRun.read(run("moco", "x"));
        folder = Files.createDirectory(folder.resolveSibling("second"));
        String html = RunReport.html(List.of(one, StoredRun.read(run("moco", "x"))), Pictures.NONE);
        assertTrue(html.contains("<td class=w>first/moco</td>") && html.contains("<td class=w>second/moco</td>"), html);
    }

    @Test
    void meansOverClassesAreSaidToBe() throws IOException {
        String two = RunReport.html(List.of(StoredRun.read(run("two", "x"))), Pictures.NONE);
        assertTrue(two.contains("those of the positive class: yes.") && !two.contains("means over the classes"), two);
        Path run = run("three", "x");
        Files.writeString(run.resolve("predictions.json"), """
                {"classes":["a","b","c"],"positive":-1,\
                "test":{"images":["x"],"labels":[0],"vote":{"predicted":[0],"probability":[[0.9,0.1,0]]}}}""");
        String three = RunReport.html(List.of(StoredRun.read(run)), Pictures.NONE);
        assertTrue(three.contains("means over the classes") && !three.contains("positive class"), three);
    }

    /** One positive above, one below both negatives... with a tie: the tie is one slanted step. */
    @Test
    void rocGoesFromTheSurestToTheLast() {
        double[][] roc = StoredRun.roc(new int[] {1, 0, 1, 0}, new double[][] {{0.1, 0.9}, {0.5, 0.5}, {0.5, 0.5}, {0.8, 0.2}},
                1);
        assertArrayEquals(new double[] {0, 0, 0.5, 1}, roc[0]);
        assertArrayEquals(new double[] {0, 0.5, 1, 1}, roc[1]);
    }

    @Test
    void aRunThatHasNotEndedIsShownAsFarAsItIs() throws IOException {
        Path run = run("open", "x");
        Files.delete(run.resolve("result.json"));
        Files.delete(run.resolve("predictions.json"));
        StoredRun r = StoredRun.read(run);
        assertTrue(Double.isNaN(r.figure("test", "vote", "AUC", "value")));
        assertTrue(RunReport.html(List.of(r), Pictures.NONE).contains("No run has ended yet"));
    }

    @Test
    void aFolderWithoutARunIsAnError() throws IOException {
        assertTrue(assertThrows(UserError.class, () -> StoredRun.read(folder)).getMessage().contains("no folder of a run"));
        Path run = run("broken", "x");
        Files.writeString(run.resolve("predictions.json"), "{\"test\":{}}");
        assertTrue(assertThrows(UserError.class, () -> StoredRun.read(run)).getMessage().contains("predictions.json"));
        Files.writeString(run.resolve("result.json"), "{");
        assertEquals(1, assertThrows(UserError.class, () -> StoredRun.read(run)).exitCode());
    }
}
