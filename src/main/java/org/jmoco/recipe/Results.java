package org.jmoco.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.report.StoredComparison;
import org.jmoco.train.Comparison;
import org.jmoco.train.DeLong;
import org.jmoco.train.KnnMonitor;
import org.jmoco.train.Metrics;
import org.jmoco.train.Outcome;
import org.jmoco.train.SeedMetrics;

/**
 * The outcome of a recipe: everything that a table or a report needs, gathered from the folders of its stages.
 *
 * @param stages the pretrainings in order
 * @param set    of the transfer; null if the recipe was run without
 * @param source where the set was read, as a recipe names it; null with it
 * @param rows   empty without transfer
 * @param pairs  every row against every later one
 * @param notes  what is to be known before the figures are believed, one line each
 */
record Results(Recipe recipe, List<Stage> stages, DataSet set, String source, List<RowResult> rows, List<Pair> pairs,
        List<String> notes) {
    /** Of the bootstrap: one for all, so that rows are resampled alike. */
    private static final Metrics.Bootstrap BOOTSTRAP = Metrics.Bootstrap.ofSeed(1);

    /** @param label {@code CIFAR-10 + LUNA} */
    record Stage(Plan.Encoder encoder, String label, String data, StageFolder.Finished finished) {}

    /** @param comparison second minus first */
    record Pair(RowResult first, RowResult second, Comparison comparison) {}

    static Results of(Recipe recipe, RecipeRun run, RecipeRun.Trained trained) {
        List<Stage> stages = new ArrayList<>();
        trained.encoders().forEach((e, f) -> stages.add(new Stage(e, run.label(new Row("", null, e.chain(), Map.of())),
                run.used(recipe.pretrain().get(e.stage()).data()).toString(), f)));
        if (recipe.transfer() == null) {
            return new Results(recipe, stages, null, null, List.of(), List.of(), List.of());
        }
        DataSet set = run.transferSet();
        List<RowResult> rows = new ArrayList<>();
        for (Row row : recipe.rows()) {
            List<Plan.Transfer> own = trained.transfers().keySet().stream().filter(t -> t.row() == row).toList();
            rows.add(RowResult.of(row, run.label(row), own, own.stream().map(trained.transfers()::get).toList(),
                    RowResult.judged(set), set.positive(), recipe.transfer().publishedLabel(set), BOOTSTRAP));
        }
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            for (int j = i + 1; j < rows.size(); j++) {
                pairs.add(new Pair(rows.get(i), rows.get(j),
                        Comparison.of(set.positive(), rows.get(i).votes(), rows.get(j).votes(), BOOTSTRAP)));
            }
        }
        List<String> notes = new ArrayList<>(run.notes());
        rows.forEach(row -> row.oneClass().ifPresent(notes::add));
        return new Results(recipe, stages, set, run.used(recipe.transfer().data()).toString(), List.copyOf(rows),
                List.copyOf(pairs), List.copyOf(notes));
    }

    Pair pair(RowResult first, RowResult second) {
        return pairs.stream().filter(p -> p.first == first && p.second == second).findFirst().orElseThrow();
    }

    /** The images that the rows were judged on. */
    ImageSet judged() {
        return set.split(RowResult.judged(set));
    }

    boolean phantom() {
        return set != null && set.phantom();
    }

    /**
     * {@code results.json}.
     *
     * @param backend in words
     * @param out     folder of the run; folders inside are named relative to it
     */
    Map<String, Object> json(String backend, Path out) {
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("recipe", recipe.name());
        r.put("title", recipe.title());
        r.put("settings", recipe.settings());
        r.put("as_published", recipe.asPublished());
        r.put("phantom", phantom());
        r.put("backend", backend);
        r.put("seeds", recipe.seeds());
        r.put("encoders", recipe.encoders());
        r.put("stages", stages.stream().map(s -> json(s, recipe.pretrain().get(s.encoder.stage()), out)).toList());
        if (set != null) {
            Map<String, Object> test = new LinkedHashMap<>();
            ImageSet images = judged();
            test.put("data", set.name());
            test.put("source", source);
            test.put("split", RowResult.judged(set));
            test.put("classes", set.classNames());
            test.put("positive", set.positive());
            test.put("published_positive", recipe.transfer().publishedLabel(set));
            List<String> names = new ArrayList<>();
            for (int i = 0; i < images.size(); i++) {
                names.add(images.imageName(i));
            }
            test.put("images", names);
            test.put("labels", images.labels());
            r.put("test", test);
            r.put("rows", rows.stream().map(row -> json(row, out)).toList());
            r.put("notes", notes);
            r.put("comparisons", pairs.stream().map(Results::json).toList());
        }
        return r;
    }

    /** What an earlier {@code results.json} has that a run of this recipe does not bring: rows, seeds, pretrainings. */
    static List<String> missing(JsonNode earlier, Recipe recipe) {
        List<String> missing = new ArrayList<>();
        for (JsonNode row : earlier.path("rows")) {
            List<String> chain = texts(row.path("chain"));
            if (recipe.transfer() == null || recipe.rows().stream()
                    .noneMatch(r -> r.name().equals(row.path("name").asText()) && r.chain().equals(chain))) {
                missing.add("row " + StoredComparison.label(row.path("name").asText(), row.path("label").asText()));
            }
        }
        if (earlier.path("rows").size() > missing.size() && earlier.path("seeds").asInt() > recipe.seeds()) {
            missing.add(earlier.path("seeds").asInt() + " seeds (--seeds)");
        }
        Set<Plan.Encoder> encoders = Set.copyOf(Plan.of(recipe).encoders());
        for (JsonNode stage : earlier.path("stages")) {
            Plan.Encoder encoder = new Plan.Encoder(texts(stage.path("chain")), stage.path("seed").asInt());
            if (missing.isEmpty() && !encoders.contains(encoder)) {
                missing.add("the pretraining " + stage.path("label").asText() + ", seed " + encoder.seed());
            }
        }
        return missing;
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(n -> texts.add(n.asText()));
        return texts;
    }

    private static String relative(Path folder, Path out) {
        Path base = out.toAbsolutePath().normalize();
        Path f = folder.toAbsolutePath().normalize();
        return (f.startsWith(base) ? base.relativize(f) : f).toString();
    }

    private static Map<String, Object> json(Stage s, PretrainStage stage, Path out) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("chain", s.encoder.chain());
        m.put("label", s.label);
        m.put("data", s.data);
        m.put("seed", s.encoder.seed());
        m.put("folder", relative(s.finished.folder(), out));
        m.put("seconds", s.finished.seconds());
        for (String key : List.of("images", "epochs", "guessing", KnnMonitor.ACCURACY)) {
            if (s.finished.result().has(key)) {
                m.put(key, s.finished.result().path(key).numberValue());
            }
        }
        if (!Double.isNaN(stage.publishedKnn())) {
            m.put("published_knn", stage.publishedKnn());
            m.put("published_of", stage.publishedOf());
        }
        return m;
    }

    private static Map<String, Object> json(RowResult row, Path out) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("name", row.row().name());
        m.put("label", row.chain());
        m.put("chain", row.row().chain());
        m.put("published", row.row().published());
        m.put("figures", json(row.ours()));
        if (row.published() != null) {
            m.put("figures_published_positive", json(row.published()));
        }
        List<Object> seeds = new ArrayList<>();
        for (RowResult.Seed s : row.seeds()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("seed", s.seed());
            one.put("folder", relative(s.folder(), out));
            one.put("from", s.from());
            one.put("seconds", s.seconds());
            one.put("vote", json(s.vote()));
            one.put("last", json(s.last()));
            seeds.add(one);
        }
        m.put("seeds", seeds);
        return m;
    }

    private static Map<String, Object> json(Outcome o) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("predicted", o.predicted());
        m.put("probability", o.probability());
        return m;
    }

    private static Map<String, Object> json(SeedMetrics metrics) {
        Map<String, Object> all = new LinkedHashMap<>();
        for (SeedMetrics.Value v : metrics.values()) {
            Map<String, Object> m = new LinkedHashMap<>();
            m.put("by_seed", Arrays.stream(v.bySeed()).boxed().toList());
            m.put("mean", v.seeds().mean());
            m.put("deviation", v.seeds().deviation());
            m.put("interval_of_seeds", List.of(v.seeds().low(), v.seeds().high()));
            m.put("interval", List.of(v.low(), v.high()));
            all.put(v.name(), m);
        }
        return all;
    }

    private static Map<String, Object> json(Pair p) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("first", p.first.row().name());
        m.put("second", p.second.row().name());
        Map<String, Object> differences = new LinkedHashMap<>();
        for (Comparison.Difference d : p.comparison.differences()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("difference", d.value());
            one.put("interval", List.of(d.low(), d.high()));
            one.put("p", d.p());
            differences.put(d.name(), one);
        }
        m.put("bootstrap", differences);
        DeLong d = p.comparison.auc();
        if (d != null) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("difference", d.difference());
            one.put("error", d.error());
            one.put("z", d.z());
            one.put("p", d.p());
            one.put("interval", List.of(d.low(), d.high()));
            m.put("delong", one);
        }
        Map<String, Object> n = new LinkedHashMap<>();
        n.put("only_first_right", p.comparison.accuracy().onlyFirst());
        n.put("only_second_right", p.comparison.accuracy().onlySecond());
        n.put("p", p.comparison.accuracy().p());
        m.put("mcnemar", n);
        return m;
    }
}
