package org.jmoco.recipe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.report.Json;
import org.jmoco.report.Progress;
import org.jmoco.tensor.UserError;
import org.jmoco.train.CheckpointPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole recipes on pictures of 16 x 16 with a network of width 2. */
class RecipeRunTest {
    private static final String RECIPE = """
            name: tiny
            encoder: {width: 2, dim: 8, splits: 2}
            seeds: 2
            pretrain:
              one: {data: images=unlabelled, image: 16, epochs: 2, batch: 8, queue: 16}
              two: {data: [luna, images=unlabelled], image: 16, epochs: 1, batch: 8, queue: 16, lr: 0.01}
            transfer: {data: images=labelled, image: 16, epochs: 2, vote: 2, batch: 8, lr: 1e-3, published-positive: dark}
            rows:
              random: {chain: [], published: {AUC: 0.5, F1: 0.4}}
              first: {chain: [one]}
              both: {chain: [one, two]}
            """;

    @TempDir
    Path folder;

    private final StringWriter text = new StringWriter();
    private final String home = System.getProperty("user.home");
    private Path file;

    /** The cache of decoded images lies below the home folder. */
    @BeforeEach
    void pictures() throws IOException {
        System.setProperty("user.home", folder.resolve("home").toString());
        Pictures.unlabelled(folder.resolve("unlabelled"), 20, 16);
        Pictures.labelled(folder.resolve("labelled"), 20, 16);
        file = Files.writeString(folder.resolve("tiny.yaml"), RECIPE);
    }

    @AfterEach
    void homeAsItWas() {
        System.setProperty("user.home", home);
    }

    private Recipes recipes(Path out, List<String> sets, List<String> stages) {
        text.getBuffer().setLength(0);
        return new Recipes(new Recipes.Request(file.toString(), null, sets, 0, List.of(), stages, Map.of(), out,
                folder.resolve("store"), Map.of("--scale", "published")), new PrintWriter(text));
    }

    private static Machine machine() {
        return new Machine(() -> CpuBackend.open(2), 1, "test", List.of("run", "tiny.yaml"), new CheckpointPolicy(1, 1),
                Progress.Mode.NONE, new PrintStream(OutputStream.nullOutputStream()), false);
    }

    private List<String> run(String out, String... sets) {
        recipes(folder.resolve(out), List.of(sets), List.of()).run(machine());
        return text.toString().lines().toList();
    }

    private static long count(List<String> lines, String part) {
        return lines.stream().filter(l -> l.contains(part)).count();
    }

    private List<Path> stageFolders(String inside) throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve(inside))) {
            return all.sorted().toList();
        }
    }

    /** Of 2 epochs 2 vote, and where all pictures are the same, a network says the same of each. */
    @Test
    void whatMakesFiguresWorthLessIsNoted() throws IOException {
        for (int i = 0; i < 20; i++) {
            for (String label : List.of("dark", "light")) {
                Files.createDirectories(folder.resolve("same").resolve(label));
                Files.copy(folder.resolve("labelled/dark/0.png"), folder.resolve("same").resolve(label + "/" + i + ".png"));
            }
        }
        List<String> lines = run("out", "transfer.data=images=" + folder.resolve("same"));
        String warning = "warning: all 2 epochs vote (--vote 2, in a recipe vote: 2)";
        assertEquals(2, count(lines, warning), "before the first training and below the table: " + String.join("\n", lines));
        assertTrue(lines.indexOf(lines.stream().filter(l -> l.startsWith(warning)).findFirst().orElseThrow())
                < lines.indexOf(lines.stream().filter(l -> l.startsWith("[1/")).findFirst().orElseThrow()));
        assertEquals(1, count(lines, "note: random start: 2 of 2 seeds say one class of every test image"),
                String.join("\n", lines));
        List<String> kept = Files.readAllLines(folder.resolve("out/results.txt"));
        assertEquals(1, count(kept, warning));
        assertEquals(1, count(kept, "note: random start: 2 of 2 seeds say one class"));
        JsonNode notes = Json.read(folder.resolve("out/results.json")).path("notes");
        assertTrue(notes.size() >= 2 && notes.get(0).asText().startsWith(warning), notes.toString());
        String page = Files.readString(folder.resolve("out/report.html"));
        assertTrue(page.contains("<p>" + warning) && page.contains("<p>note: random start: 2 of 2 seeds say one class"), page);

        List<String> fewer = run("fewer", "transfer.vote=1", "rows.first.chain=[]", "rows.both.chain=[]");
        assertEquals(0, count(fewer, "warning: all"), String.join("\n", fewer));
        JsonNode seeds = Json.read(folder.resolve("fewer/results.json")).at("/rows/0/seeds");
        assertTrue(seeds.at("/0/vote/predicted").toString().matches(".*0.*1.*|.*1.*0.*")
                && seeds.at("/1/vote/predicted").toString().matches(".*0.*1.*|.*1.*0.*"), "both classes are said: " + seeds);
        assertEquals(0, count(fewer, "one class"), String.join("\n", fewer));
    }

    @Test
    void trainsComparesAndLeavesAllThatAReportNeeds() throws IOException {
        List<String> lines = run("out");
        assertEquals(0, count(lines, "reused"));
        assertEquals(1, count(lines, "stage two reads images=" + folder.resolve("unlabelled") + ": it stands in for luna"));
        assertEquals(1, count(lines, "15 % of each class are held out for validation and 25 %"));
        assertEquals(2, stageFolders("store").size());
        assertEquals(6, stageFolders("out/transfers").size());
        assertTrue(count(lines, "random start") >= 4 && count(lines, "one + images (in place of LUNA)") >= 4,
                String.join("\n", lines));
        assertEquals(1, count(lines, "F1, light positive"));
        assertEquals(2, count(lines, "note: positive class \"light\", since its name sorts second; positive: CLASS in transfer"));
        assertEquals(1, count(lines, "F1, dark positive, as published"));
        assertEquals(3, count(lines, " against "));

        String in = folder.getFileName().toString();
        assertEquals(List.of(in + "/unlabelled, stages one, two", in + "/labelled, stage transfer"),
                Files.readString(folder.resolve("out/report.html")).lines().filter(l -> l.startsWith("<h2>Random views of "))
                        .map(l -> l.replaceAll("<h2>Random views of |</h2>.*", "")).toList(), "each heading is of its own");
        JsonNode r = Json.read(folder.resolve("out/results.json"));
        assertEquals(List.of("random", "first", "both"), r.path("rows").findValuesAsText("name"));
        assertEquals(10, r.at("/test/images").size(), "a quarter of 40");
        JsonNode seed = r.at("/rows/2/seeds/1");
        assertEquals(10, seed.at("/vote/predicted").size());
        assertEquals(2, seed.at("/vote/probability/0").size());
        assertTrue(Files.isDirectory(folder.resolve("out").resolve(seed.path("folder").asText())), seed.path("folder").asText());
        assertEquals(3, r.path("comparisons").size());
        double low = r.at("/rows/1/figures/F1/interval/0").asDouble();
        double high = r.at("/rows/1/figures/F1/interval/1").asDouble();
        assertTrue(0 <= low && low <= high && high <= 1);
        // F1 of the other class, by hand from the predictions of the first seed.
        JsonNode predicted = r.at("/rows/0/seeds/0/vote/predicted");
        int tp = 0;
        int wrong = 0;
        for (int i = 0; i < predicted.size(); i++) {
            int label = r.at("/test/labels").get(i).asInt();
            tp += label == 0 && predicted.get(i).asInt() == 0 ? 1 : 0;
            wrong += label != predicted.get(i).asInt() ? 1 : 0;
        }
        assertEquals(2.0 * tp / (2 * tp + wrong), r.at("/rows/0/figures_published_positive/F1/by_seed/0").asDouble());
        for (String f : List.of("results.txt", "recipe.yaml", "options.json", "environment.json")) {
            assertTrue(Files.size(folder.resolve("out").resolve(f)) > 0, f);
        }
        for (Path stage : stageFolders("out/transfers")) {
            for (String f : List.of("result.json", "predictions.json", "stage.json", "log.txt", "metrics.csv",
                    "environment.json")) {
                assertTrue(Files.size(stage.resolve(f)) > 0, stage + " " + f);
            }
        }
        recipeOfTheFolderRunsByItselfAndReusesEverything(lines);
    }

    private void recipeOfTheFolderRunsByItselfAndReusesEverything(List<String> before) throws IOException {
        String table = Files.readString(folder.resolve("out/results.txt"));
        file = folder.resolve("out/recipe.yaml");
        List<String> again = run("out");
        assertEquals(8, count(again, "reused from"));
        assertEquals(table, Files.readString(folder.resolve("out/results.txt")));
        assertEquals(0, count(before, "goes on"));
    }

    @Test
    void changedOptionsTrainTheirStageAndWhatFollowsOnly() throws IOException {
        recipes(folder.resolve("out"), List.of("seeds=1"), List.of()).run(machine());
        List<String> lines = run("out", "seeds=1", "two.lr=0.02");
        // Reused: one; transfer of random and first. Anew: two and the transfer of both.
        assertEquals(3, count(lines, "reused from"));
        lines = run("elsewhere", "seeds=1", "transfer.epochs=1", "transfer.vote=1");
        assertEquals(2, count(lines, "reused from"), "both encoders, from the store that is shared");
        Pictures.unlabelled(folder.resolve("unlabelled"), 21, 16);
        lines = run("out", "seeds=1");
        assertEquals(1, count(lines, "reused from"), "other images: all but the random start is trained anew");
    }

    @Test
    void anInterruptedRunGoesOnAndEndsWithTheSameBytes() throws IOException {
        run("whole", "seeds=1");
        Path encoder = stageFolders("store").stream().filter(p -> p.getFileName().toString().startsWith("one-")).findFirst()
                .orElseThrow();
        byte[] last = Files.readAllBytes(CheckpointStore.forReading(encoder).files().getLast());
        // As a kill in the midst of the last epoch leaves the folder.
        Files.delete(CheckpointStore.forReading(encoder).files().getLast());
        Files.delete(encoder.resolve("stage.json"));
        Files.delete(encoder.resolve("result.json"));
        List<String> lines = run("whole", "seeds=1");
        assertEquals(1, count(lines, "goes on in " + encoder));
        assertEquals(4, count(lines, "reused from"), "the encoder ended as before, so what followed it still holds");
        assertArrayEquals(last, Files.readAllBytes(CheckpointStore.forReading(encoder).files().getLast()));
    }

    @Test
    void onlyPretrainingThenTheRest() {
        recipes(folder.resolve("out"), List.of("seeds=1"), List.of("one")).run(machine());
        assertFalse(Files.exists(folder.resolve("out/transfers")));
        assertTrue(Json.read(folder.resolve("out/results.json")).path("rows").isMissingNode());
        assertEquals(1, count(run("out", "seeds=1"), "reused from"));
    }

    /** Results of more rows, seeds or pretrainings are not overwritten by those of fewer; more of them may take their place. */
    @Test
    void aSmallerRunDoesNotReplaceTheResultsOfALargerOne() throws IOException {
        run("out", "seeds=2", "rows={random: {chain: []}, first: {chain: [one]}}");
        byte[] results = Files.readAllBytes(folder.resolve("out/results.json"));
        String[][] smaller = {{"row first (one), which", "seeds=2", "rows={random: {chain: []}}"},
            {"row first (one), which", "seeds=2", "rows={random: {chain: []}, first: {chain: [two]}}"},
            {"2 seeds (--seeds), which", "seeds=1", "rows={random: {chain: []}, first: {chain: [one]}}"}};
        for (String[] sets : smaller) {
            List<String> changes = List.of(sets).subList(1, sets.length);
            UserError e = assertThrows(UserError.class, () -> recipes(folder.resolve("out"), changes, List.of()).run(machine()));
            assertTrue(e.getMessage().contains("results.json there has " + sets[0]), e.getMessage());
            assertEquals(2, e.exitCode());
            assertThrows(UserError.class, () -> recipes(folder.resolve("out"), changes, List.of()).dryRun(machine()));
        }
        UserError stages = assertThrows(UserError.class,
                () -> recipes(folder.resolve("out"), List.of(), List.of("one")).run(machine()));
        assertTrue(stages.getMessage().contains("has row random start, row first (one), which"), stages.getMessage());
        assertArrayEquals(results, Files.readAllBytes(folder.resolve("out/results.json")));
        assertEquals(5, count(run("out", "seeds=2"), "reused from"), "with one row more");
        recipes(folder.resolve("encoders"), List.of(), List.of("one", "two")).run(machine());
        UserError encoder = assertThrows(UserError.class,
                () -> recipes(folder.resolve("encoders"), List.of(), List.of("one")).run(machine()));
        assertTrue(encoder.getMessage().contains("has the pretraining one + images (in place of LUNA), seed 1, which"),
                encoder.getMessage());
    }

    /** Neither the run's folder nor those of its stages stay where the first of them cannot begin. */
    @Test
    void aRefusedRunLeavesNothing() throws IOException {
        for (String[] wrong : new String[][] {{"one.batch=32", "one.queue=64"}, {"transfer.positive=grey"}}) {
            UserError e = assertThrows(UserError.class, () -> run("deep/out", wrong));
            assertEquals(wrong.length == 2, e.getMessage().startsWith("stage one, in "), e.getMessage());
            assertFalse(Files.exists(folder.resolve("deep")) || Files.exists(folder.resolve("store")), e.getMessage());
        }
        assertThrows(UserError.class, () -> run("deep/out", "transfer.batch=64"));
        assertEquals(2, stageFolders("store").size(), "trained before the transfer was refused");
        assertFalse(Files.exists(folder.resolve("deep/out/transfers")));
        assertEquals(2, count(run("deep/out", "seeds=1"), "reused from"));
    }

    @Test
    void aTamperedCheckpointIsNotUsed() throws IOException {
        run("out", "seeds=1", "rows={first: {chain: [one]}}");
        Path checkpoint = CheckpointStore.forReading(stageFolders("store").getFirst()).files().getLast();
        byte[] bytes = Files.readAllBytes(checkpoint);
        bytes[bytes.length - 1] ^= 1;
        Files.write(checkpoint, bytes);
        UserError e = assertThrows(UserError.class, () -> run("out", "seeds=1", "rows={first: {chain: [one]}}"));
        assertTrue(e.getMessage().contains("is not the one that this stage ended with"), e.getMessage());
    }

    @Test
    void divergenceStopsWithOneMessageAndKeepsTheLastGoodCheckpoint() {
        UserError e = assertThrows(UserError.class, () -> run("out", "one.lr=1e30", "one.epochs=40"));
        assertTrue(e.getMessage().startsWith("stage one, in ") && e.getMessage().contains("training has diverged")
                && e.getMessage().contains("--set one.KEY=VALUE"), e.getMessage());
        assertEquals(1, e.exitCode());
    }

    @Test
    void severalPretrainingsHaveSeedsOfTheirOwn() throws IOException {
        run("out", "encoders=2", "rows={first: {chain: [one]}}");
        List<byte[]> ends = new ArrayList<>();
        for (Path p : stageFolders("store")) {
            ends.add(Files.readAllBytes(CheckpointStore.forReading(p).files().getLast()));
        }
        assertEquals(2, ends.size());
        assertFalse(java.util.Arrays.equals(ends.get(0), ends.get(1)));
        JsonNode r = Json.read(folder.resolve("out/results.json"));
        assertNotEquals(r.at("/rows/0/seeds/0/from").asText(), r.at("/rows/0/seeds/1/from").asText());
    }

    @Test
    void aDryRunTellsTimeAndMemoryAndWritesNothing() {
        recipes(folder.resolve("out"), List.of("one.batch=4"), List.of()).dryRun(machine());
        List<String> lines = text.toString().lines().toList();
        assertTrue(lines.stream().anyMatch(l -> l.matches("pretrain one +20 +2 +10 +\\d+ ms +\\d+ s +\\d+ MB +to do")),
                String.join("\n", lines));
        assertTrue(lines.stream().anyMatch(l -> l.matches("transfer, row both, 2 seeds +24 +2 +12 .*to do")),
                String.join("\n", lines));
        assertTrue(lines.stream().anyMatch(l -> l.startsWith("transfer, random start, 2 seeds ")), String.join("\n", lines));
        assertEquals(1, count(lines, "to go; at most"));
        assertFalse(Files.exists(folder.resolve("out")) || Files.exists(folder.resolve("store")));
    }

    @Test
    void aDryRunOfShippedRecipesNeedsNoData() {
        text.getBuffer().setLength(0);
        new Recipes(new Recipes.Request("idc", "small", List.of("encoder.width=2"), 1, List.of("cifar"), List.of(), Map.of(),
                folder.resolve("o"), null, Map.of()), new PrintWriter(text)).dryRun(machine());
        assertTrue(text.toString().contains("50,000") && text.toString().contains("cifar10 not at hand"), text.toString());
    }

    @Test
    void missingAndIdleDataSetsAreNamed() {
        Recipes.Request covid = new Recipes.Request("covid", "small", List.of(), 0, List.of(), List.of(),
                Map.of("cifar10", folder), folder.resolve("o"), null, Map.of());
        String missing = assertThrows(UserError.class, () -> new Recipes(covid, new PrintWriter(text)).run(machine()))
                .getMessage();
        assertTrue(missing.contains("stage luna needs luna (or in its place ct-unlabeled)")
                && missing.contains("stage transfer needs covid-ct"), missing);
        Recipes.Request idle = new Recipes.Request(file.toString(), null, List.of(), 0, List.of(), List.of(),
                Map.of("idc", folder), folder.resolve("o"), null, Map.of());
        assertTrue(assertThrows(UserError.class, () -> new Recipes(idle, new PrintWriter(text)).run(machine())).getMessage()
                .contains("--data idc: no stage of these rows reads it"));
        assertTrue(assertThrows(UserError.class, () -> new Recipes(idle, new PrintWriter(text)).dryRun(machine())).getMessage()
                .contains("--data idc: no stage of these rows reads it"), "an estimate refuses what the run refuses");
    }

    @Test
    void aPositiveClassThatIsNoneIsRefused() {
        UserError e = assertThrows(UserError.class, () -> run("out", "transfer.positive=grey"));
        assertTrue(e.getMessage().contains("has no class \"grey\"; it has dark, light"), e.getMessage());
    }

    @Test
    void theWrittenRecipeHasTheStagesThatWereAskedFor() throws IOException {
        recipes(folder.resolve("out"), List.of(), List.of("one", "two")).run(machine());
        file = folder.resolve("out/recipe.yaml");
        assertFalse(Files.readString(file).contains("transfer"), Files.readString(file));
        List<String> again = run("out");
        assertEquals(2, count(again, "reused from"), String.join("\n", again));
        assertFalse(Files.exists(folder.resolve("out/transfers")));
    }

    /** Without transfer encoders are trained and nothing is judged; the page and the written recipe are whole nevertheless. */
    @Test
    void aRecipeWithoutTransferPretrains() throws IOException {
        Files.writeString(file, RECIPE.lines().filter(l -> !l.startsWith("transfer:")).collect(Collectors.joining("\n")));
        List<String> lines = run("out");
        assertEquals(2, count(lines, "pretrained "));
        assertEquals(1, count(lines, "each encoder lies in a folder below " + folder.resolve("store")));
        assertFalse(Files.exists(folder.resolve("out/transfers")));
        assertTrue(Files.readString(folder.resolve("out/report.html")).contains("loss"));
        text.getBuffer().setLength(0);
        recipes(folder.resolve("out"), List.of(), List.of()).dryRun(machine());
        assertEquals(2, text.toString().lines().filter(l -> l.endsWith("  done")).count(), text.toString());
        Recipes.report(List.of(folder.resolve("out")), Map.of(), folder.resolve("again.html"), machine(), new PrintWriter(text));
        assertTrue(Files.exists(folder.resolve("again.html")));
        UserError e = assertThrows(UserError.class, () -> recipes(folder.resolve("out"), List.of(), List.of("one", "transfer")));
        assertTrue(e.getMessage().contains("--stages transfer: there is no such stage; there are one, two (the recipe has no"
                + " transfer)"), e.getMessage());
        UserError nothing = assertThrows(UserError.class, () -> recipes(folder.resolve("out"),
                List.of("rows={random: {chain: []}}"), List.of()));
        assertTrue(nothing.getMessage().contains("there is nothing to train"), nothing.getMessage());
        assertEquals(2, nothing.exitCode());
    }
}
