package org.jmoco.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.HoldOut;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.UserError;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.LearningRate;
import org.jmoco.train.PretrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files become recipes, and wrong ones errors that say where. */
class RecipeTest {
    private static final Normalisation PLAIN = new Normalisation(new float[3], new float[] {1, 1, 1});
    private static final String SMALLEST = """
            name: mine
            pretrain:
              slices: {data: images=a}
            transfer: {data: images=b}
            """;

    private static Recipe read(String text, String... sets) {
        return Recipe.read(text, "mine.yaml", Path.of("/base"), new Recipe.Wishes(null, List.of(sets), 0, List.of(), List.of()));
    }

    private static String error(String text, String... sets) {
        UserError e = assertThrows(UserError.class, () -> read(text, sets));
        assertEquals(2, e.exitCode(), e.getMessage());
        return e.getMessage();
    }

    private static Recipe shipped(String name, String scale) {
        return Recipe.load(name, new Recipe.Wishes(scale, List.of(), 0, List.of(), List.of()));
    }

    private static PretrainConfig config(PretrainStage s) {
        return s.config(s.data().getFirst(), PLAIN, 1);
    }

    @Test
    void covidIsThePublishedChain() {
        Recipe r = shipped("covid", "published");
        assertEquals(List.of("cifar10", "luna", "covid-ct"), List.copyOf(r.pretrain().keySet()));
        assertEquals(new ResNet18.Config(ResNet18.Stem.CIFAR, 64, 128, 8), r.encoder());
        PretrainConfig c = config(r.pretrain().get("covid-ct"));
        assertEquals(140, c.epochs());
        assertEquals(128, c.moco().batch());
        assertEquals(4096, c.moco().queue());
        assertEquals(0.1, c.moco().temperature());
        assertEquals(0.99, c.moco().m());
        assertEquals(5e-4, c.moco().weightDecay());
        assertEquals(LearningRate.cosine(0.03), c.learningRate());
        assertEquals(ViewRecipe.of("covid-ct"), c.views());
        FinetuneConfig t = r.transfer().config(r.transfer().data().getFirst(), PLAIN, 2, 3);
        assertEquals(100, t.epochs());
        assertEquals(64, t.batch());
        assertEquals(LearningRate.constant(1e-4), t.learningRate());
        assertEquals(10, t.voteEpochs());
        assertEquals(3, t.seed());
        assertEquals(List.of("random", "cifar", "target", "all"), r.rows().stream().map(Row::name).toList());
        assertEquals(List.of("cifar10", "luna", "covid-ct"), r.rows().getLast().chain());
        assertEquals(Map.of("accuracy", 0.783, "F1", 0.796, "AUC", 0.880), r.rows().get(2).published());
        assertEquals("NonCOVID", r.transfer().publishedPositive());
        assertTrue(r.asPublished());
        assertEquals(3, r.seeds());
    }

    @Test
    void idcIsThePublishedChain() {
        Recipe r = shipped("idc", null);
        assertEquals(500, r.pretrain().get("idc").epochs());
        assertEquals(36, config(r.pretrain().get("idc")).views().size());
        assertEquals(Map.of("accuracy", 0.821, "F1", 0.815, "AUC", 0.907), r.rows().getLast().published());
    }

    @Test
    void smallIsTheSameChainOnASmallerScale() {
        for (String name : Recipe.SHIPPED) {
            Recipe r = shipped(name, "small");
            assertEquals(16, r.encoder().width());
            assertFalse(r.asPublished());
            assertEquals(shipped(name, null).rows().size(), r.rows().size());
            r.pretrain().values().forEach(s -> assertEquals(32, config(s).views().size(), s.name()));
            assertFalse(r.tree().containsKey("scales"));
        }
        UserError e = assertThrows(UserError.class, () -> shipped("covid", "tiny"));
        assertTrue(e.getMessage().contains("it has published, small"), e.getMessage());
    }

    /** Both recipes begin alike, so that a store shared by both trains CIFAR-10 once. */
    @Test
    void bothChainsBeginWithTheSameStage() {
        for (String scale : new String[] {"published", "small"}) {
            assertEquals(config(shipped("covid", scale).pretrain().get("cifar10")),
                    config(shipped("idc", scale).pretrain().get("cifar10")));
        }
    }

    @Test
    void defaultsAreThoseOfTheCommands() {
        Recipe r = read(SMALLEST);
        PretrainStage s = r.pretrain().get("slices");
        assertEquals(List.of(new DataSpec("images", Path.of("/base/a"))), s.data());
        PretrainConfig c = config(s);
        assertEquals(200, c.epochs());
        assertEquals(LearningRate.cosine(0.03), c.learningRate());
        assertEquals(64, c.views().size());
        assertEquals(List.of("random", "all"), r.rows().stream().map(Row::name).toList());
        assertEquals(List.of("slices"), r.rows().getLast().chain());
        assertEquals("mine", r.title());
    }

    @Test
    void mocoV2ChangesItsThreeDefaults() {
        Recipe r = read("moco: v2\n" + SMALLEST);
        PretrainConfig c = config(r.pretrain().get("slices"));
        assertTrue(c.moco().encoder().mlp());
        assertEquals(0.2, c.moco().temperature());
        assertEquals(new ViewRecipe.Blur(0.5, 0.1, 2), c.views().blur());
        FinetuneConfig t = r.transfer().config(r.transfer().data().getFirst(), PLAIN, 2, 1);
        assertFalse(t.network().mlp(), "a fresh head is one layer");
        assertEquals(0.07, config(read("moco: v2\n" + SMALLEST, "slices.temperature=0.07").pretrain().get("slices")).moco()
                .temperature());
    }

    @Test
    void aProbeHasItsOwnDefaults() {
        FinetuneConfig t = read(SMALLEST, "transfer.freeze=true").transfer().config(new DataSpec("idc", null), PLAIN, 2, 1);
        assertTrue(t.frozen());
        assertEquals(1, t.voteEpochs());
        assertEquals(LearningRate.of(LearningRate.Shape.STEP, 1e-3, 0, List.of(60, 80), 100), t.learningRate());
    }

    @Test
    void everyValueCanBeSet() {
        Recipe r = read(SMALLEST, "slices.epochs=7", "pretrain.slices.batch=64", "transfer.hold-out=[0.1, 0.2]",
                "encoder.width=8", "seeds=5", "encoders=5", "rows={random: {chain: []}}", "slices.views.scale=[0.5, 1]",
                "slices.views.flip=0", "slices.image=48", "title=other words");
        PretrainConfig c = config(r.pretrain().get("slices"));
        assertEquals(7, c.epochs());
        assertEquals(64, c.moco().batch());
        assertEquals(8, c.moco().encoder().width());
        assertEquals(0.5, c.views().crop().minScale());
        assertEquals(0, c.views().flip());
        assertEquals(48, c.views().size());
        assertEquals(new HoldOut(0.1, 0.2), r.transfer().holdOut());
        assertEquals(5, r.seeds());
        assertEquals(1, r.rows().size());
        assertEquals("other words", r.title());
        assertFalse(r.asPublished());
        assertEquals(List.of("slices"), read(SMALLEST, "rows.both.chain=[slices]").rows().getFirst().chain());
    }

    @Test
    void viewsStartFromThoseOfTheDataSetOrOfAnother() {
        Recipe r = read(SMALLEST, "slices.views={like: covid-ct, evaluation: shorter-side, jitter: 0.3}");
        ViewRecipe v = config(r.pretrain().get("slices")).views();
        assertEquals(0.5, v.crop().minScale());
        assertEquals(0.3, v.jitter().p());
        assertEquals(ViewRecipe.Evaluation.SHORTER_SIDE, v.evaluation());
        assertTrue(error(SMALLEST, "slices.views={like: mnist}").contains("expected one of cifar10"));
        assertTrue(error(SMALLEST, "slices.views.scale=[2, 1]").contains("a range upside down"));
        assertTrue(error(SMALLEST, "slices.views.scael=[0.2, 1]").contains("did you mean scale?"));
    }

    @Test
    void errorsSayLineAndColumn() {
        assertEquals("mine.yaml:3:28: unknown key \"pretrain.slices.epoch\"; did you mean epochs? Known here: data, epochs,"
                + " batch, schedule, lr, warmup, milestones, splits, published, weight-decay, sgd-momentum, queue, momentum,"
                + " temperature, symmetric, blur, views, image, knn-every",
                error(SMALLEST.replace("images=a}", "images=a, epoch: 3}")));
        assertEquals("mine.yaml:3:36: pretrain.slices.epochs: expected a whole number, found \"many\"",
                error(SMALLEST.replace("images=a}", "images=a, epochs: many}")));
        assertTrue(error(SMALLEST.replace("images=a}", "images=a, epochs: 0}"))
                .contains("mine.yaml:3:36: pretrain.slices.epochs: 0 is too small"));
        assertTrue(error(SMALLEST.replace("images=a}", "images=a, batch: 9}")).matches(
                "mine.yaml:3:11: pretrain.slices: --batch 9 is not divisible by --splits 8.*Choose a multiple."));
        assertTrue(error(SMALLEST.replace("images=a}", "images=a, schedule: linear}"))
                .contains("expected one of cosine, constant, step, found \"linear\""));
        assertTrue(error(SMALLEST + "seeds: [3]\n").startsWith("mine.yaml:5:8: seeds: expected a whole number, found a list"));
        assertTrue(error(SMALLEST + "seeds:\n").startsWith("mine.yaml:5:7: seeds: expected a whole number, found nothing"));
        assertTrue(error(SMALLEST + "name: twice\n").startsWith(
                "mine.yaml:5:1: \"name\" is given twice, first at mine.yaml:1:1"));
        assertTrue(error(SMALLEST + "encoders: 4\n").startsWith("mine.yaml:5:11: encoders: 4 pretrainings for 3 seeds"));
        assertTrue(error(SMALLEST + "rows: {x: {chain: [nope]}}\n")
                .startsWith("mine.yaml:5:11: rows.x.chain: there is no stage \"nope\"; there are slices"));
        assertTrue(error(SMALLEST + "rows: {x: {published: {AUC: 82}}}\n")
                .contains("82.0 does not lie in 0 .. 1; write shares, not percent"));
        assertTrue(error(SMALLEST + "rows: {\"a b\": {}}\n").contains("is no name"));
        assertTrue(error(SMALLEST.replace("images=b", "imges=b"))
                .startsWith("mine.yaml:4:18: transfer.data: unknown data set \"imges\""));
        assertTrue(error(SMALLEST.replace("images=b", "images=")).contains("a folder must follow"));
        assertTrue(error(SMALLEST.replace("transfer", "transfr")).contains("unknown key \"transfr\"; did you mean transfer?"));
        assertTrue(error("name: x\n").contains("transfer is missing; write for example transfer:"));
        assertTrue(error("name: a: b\n").matches("mine.yaml:1:\\d+: this is no YAML: .*"), error("name: a: b\n"));
        String indented = error("name: x\ntransfer:\n  data: phantom\n epochs: 2\n");
        assertTrue(indented.matches("mine.yaml:4:2: this is no YAML: .*expected <block end>, but found .*indentation.*"),
                indented);
        String known = error(SMALLEST, "foo=1");
        assertTrue(known.contains("unknown key \"foo\". Known here: name"), "no guess that shares one letter: " + known);
        assertTrue(error("").contains("is empty"));
        assertTrue(error("- a\n").startsWith("mine.yaml:1:1: a recipe is a group of keys"));
        assertTrue(error(SMALLEST + "---\nname: b\n").contains("a second document"));
        assertTrue(error("name: &n mine\ntitle: *n\n").startsWith("mine.yaml:2:8: aliases"));
        assertTrue(error(SMALLEST.replace("slices:", "transfer:")).contains("choose another one"));
    }

    /** The keys tell a stage from a row of the same name; where they do not, the user must. */
    @Test
    void aStageAndARowMayShareAName() {
        String both = SMALLEST + "rows:\n  random: {chain: []}\n  slices: {chain: [slices]}\n";
        assertEquals(7, read(both, "slices.epochs=7").pretrain().get("slices").epochs());
        assertEquals(List.of(), read(both, "slices.chain=[]").rows().get(1).chain());
        assertTrue(error(both, "slices.published={AUC: 0.5}")
                .contains("is a stage and a row; write pretrain.slices.published or rows.slices.published"));
        assertEquals(0.5, read(both, "rows.slices.published={AUC: 0.5}").rows().get(1).published().get("AUC"));
    }

    @Test
    void errorsInOptionsNameTheOption() {
        assertTrue(error(SMALLEST, "transfer.epochs=many")
                .startsWith("--set transfer.epochs=many: transfer.epochs: expected a whole number"));
        assertTrue(error(SMALLEST, "transfer.epoch=3").startsWith(
                "--set transfer.epoch=3: unknown key \"transfer.epoch\"; did you mean epochs?"));
        assertTrue(error(SMALLEST, "epochs").contains("expected KEY=VALUE"));
        assertTrue(error(SMALLEST, "seeds.many=3").contains("seeds: expected a whole number, found a group of keys"));
        assertTrue(error(SMALLEST, "name.first=x").contains("name is \"mine\", not a group"));
        assertTrue(error(SMALLEST, "transfer.hold-out=[0.5, 0.6]").contains("both together below 1"));
        assertTrue(error(SMALLEST, "transfer.hold-out=[0.5, 0.1, 0.1]").contains("expected a list of 2 numbers, found 3 items"));
    }

    @Test
    void rowsAndStagesAreChosen() {
        Recipe two = Recipe.load("covid", new Recipe.Wishes(null, List.of(), 0, List.of("all", "random"), List.of()));
        assertEquals(List.of("random", "all"), two.rows().stream().map(Row::name).toList());
        Recipe noCifar = Recipe.load("covid", new Recipe.Wishes(null, List.of(), 2, List.of(),
                List.of("luna", "covid-ct", "transfer")));
        // cifar10 alone becomes random, which is there already.
        assertEquals(List.of(List.of(), List.of("covid-ct"), List.of("luna", "covid-ct")),
                noCifar.rows().stream().map(Row::chain).toList());
        assertEquals(Map.of(), noCifar.rows().getLast().published());
        assertFalse(noCifar.rows().getFirst().published().isEmpty());
        assertEquals(2, noCifar.seeds());
        assertNull(Recipe.load("covid", new Recipe.Wishes(null, List.of(), 0, List.of(), List.of("cifar10"))).transfer());
        assertThrows(UserError.class, () -> Recipe.load("covid",
                new Recipe.Wishes(null, List.of(), 0, List.of("nope"), List.of())));
        assertThrows(UserError.class, () -> Recipe.load("covid",
                new Recipe.Wishes(null, List.of(), 0, List.of(), List.of("nope"))));
    }

    @Test
    void theResolvedTreeReadsAsTheSameRecipe() {
        Recipe r = shipped("covid", "small");
        Recipe again = read(YamlTree.write(r.tree()));
        assertEquals(r.rows().stream().map(Row::chain).toList(), again.rows().stream().map(Row::chain).toList());
        r.pretrain().forEach((name, s) -> assertEquals(config(s), config(again.pretrain().get(name))));
    }

    @Test
    void aPlanTrainsEachThingOnceAndInOrder() {
        Plan plan = Plan.of(shipped("covid", null));
        assertEquals(List.of("cifar10-seed1", "cifar10+covid-ct-seed1", "cifar10+luna-seed1", "cifar10+luna+covid-ct-seed1"),
                plan.encoders().stream().map(Plan.Encoder::label).toList());
        assertEquals(12, plan.transfers().size());
        Plan two = Plan.of(read(SMALLEST, "seeds=3", "encoders=2"));
        assertEquals(List.of("slices-seed1", "slices-seed2"), two.encoders().stream().map(Plan.Encoder::label).toList());
        assertEquals(List.of(1, 2, 1), two.transfers().stream().filter(t -> t.encoder().isPresent())
                .map(t -> t.encoder().get().seed()).toList());
    }

    @Test
    void filesAreFoundOrSaidToBeMissing(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("own.yaml"), SMALLEST);
        assertEquals(folder.resolve("a").toAbsolutePath().normalize(),
                Recipe.load(file.toString(), Recipe.Wishes.NONE).pretrain().get("slices").data().getFirst().path());
        UserError e = assertThrows(UserError.class, () -> Recipe.load("nope.yaml", Recipe.Wishes.NONE));
        assertTrue(e.getMessage().contains("take covid or idc"), e.getMessage());
    }

    @Test
    void truthValuesAreWrittenAsSuch() {
        String text = "a: true\nb:\n  c: false\n  d: 5e-4\n";
        assertEquals(text, YamlTree.write(YamlTree.read(text, "x", null).plain()));
    }
}
