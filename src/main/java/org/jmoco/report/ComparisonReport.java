package org.jmoco.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jmoco.report.StoredRun.Predictions;

/**
 * Recipes that were run as a single HTML file without references to anything outside: the table of rows beside the published figures, what
 * differs, curves, ROC, confusion, the images that are most often wrong, and on what all was made.
 */
public final class ComparisonReport {
    private static final String OURS = "figures";
    private static final String THEIRS = "figures_published_positive";

    private final Pictures pictures;
    private final Html html = new Html();

    private ComparisonReport(Pictures pictures) {
        this.pictures = pictures;
    }

    /** The page's text. @param pictures of the first of the recipes' data */
    public static String html(List<StoredComparison> recipes, Pictures pictures) {
        return new ComparisonReport(pictures).build(recipes);
    }

    private String build(List<StoredComparison> recipes) {
        String title = "jmoco: " + (recipes.size() == 1 ? recipes.getFirst().title() : recipes.size() + " recipes");
        html.heading(1, title);
        if (recipes.size() > 1) {
            recipes.forEach(r -> {
                html.heading(2, r.run().name() + ": " + r.title());
                table(r);
            });
        }
        for (StoredComparison r : recipes) {
            if (recipes.size() > 1) {
                html.heading(1, r.run().name());
            }
            one(r);
        }
        ReportParts.exhibits(html, pictures);
        html.heading(2, "How it was made");
        for (StoredComparison r : recipes) {
            ReportParts.environment(html, r.run());
            html.preformatted("recipe.yaml\n\n" + r.recipe());
        }
        return html.page(title);
    }

    private void one(StoredComparison r) {
        if (r.all().path("phantom").asBoolean()) {
            html.paragraph(ReportParts.PHANTOM);
        }
        if (!r.rows().isEmpty()) {
            html.heading(2, "Rows").paragraph(String.format(Locale.ROOT, "%d %s images of %s; %s; %d pretraining%s a chain. Each figure: mean and deviation"
                    + " over seeds, and the 95 %% interval of the mean by a bootstrap over images and seeds. Published figures are of one run each%s.",
                    r.all().at("/test/images").size(), r.all().at("/test/split").asText(), r.all().at("/test/data").asText(),
                    r.all().path("seeds").asInt() == 1 ? "1 seed a row" : r.all().path("seeds").asInt() + " seeds a row", r.all().path("encoders").asInt(),
                    r.all().path("encoders").asInt() == 1 ? "" : "s",
                    r.all().path("as_published").asBoolean() ? "" : ", of other settings than these: for orientation only"));
            table(r);
            differences(r);
        }
        stages(r);
        curves(r);
        if (!r.rows().isEmpty()) {
            roc(r);
            confusion(r);
            wrong(r);
        }
    }

    // --- the table ---

    private void table(StoredComparison r) {
        if (r.rows().isEmpty()) {
            html.paragraph("Run without transfer: there are no rows.");
            return;
        }
        boolean two = r.positive() >= 0;
        List<String> classes = r.texts("/test/classes");
        boolean sameClass = !r.rows().getFirst().json().has(THEIRS);
        List<String> head = new ArrayList<>(List.of("start", "AUC", "published", "accuracy", "published",
                two ? "F1, " + classes.get(r.positive()) + " positive" : "F1, mean over classes"));
        if (!sameClass) {
            head.add("F1, " + classes.get(r.all().at("/test/published_positive").asInt()) + " positive");
        }
        head.add("published");
        List<List<String>> rows = new ArrayList<>();
        for (StoredComparison.Row row : r.rows()) {
            List<String> cells = new ArrayList<>(List.of(r.label(row), figure(row, OURS, "AUC"), published(row, "AUC"), figure(row, OURS, "accuracy"),
                    published(row, "accuracy"), figure(row, OURS, "F1")));
            if (!sameClass) {
                cells.add(figure(row, THEIRS, "F1"));
            }
            cells.add(published(row, "F1"));
            rows.add(cells);
        }
        html.table(head, rows, 1);
    }

    private static String figure(StoredComparison.Row row, String which, String metric) {
        JsonNode f = row.json().path(which).path(metric);
        String deviation = f.path("by_seed").size() < 2 ? "" : String.format(Locale.ROOT, " ± %.3f", f.path("deviation").asDouble());
        return String.format(Locale.ROOT, "%.3f%s\n[%.3f, %.3f]", f.path("mean").asDouble(), deviation, f.at("/interval/0").asDouble(),
                f.at("/interval/1").asDouble());
    }

    private static String published(StoredComparison.Row row, String metric) {
        JsonNode p = row.json().path("published").path(metric);
        return p.isNumber() ? String.format(Locale.ROOT, "%.3f", p.asDouble()) : "";
    }

    private void differences(StoredComparison r) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, String> labels = new LinkedHashMap<>();
        r.rows().forEach(row -> labels.put(row.name(), r.label(row)));
        for (JsonNode c : r.all().path("comparisons")) {
            rows.add(List.of(labels.get(c.path("second").asText()) + " against " + labels.get(c.path("first").asText()),
                    difference(c, "AUC"), p(c.path("bootstrap").path("AUC")), p(c.path("delong")), difference(c, "accuracy"), p(c.path("mcnemar")),
                    difference(c, "F1"), p(c.path("bootstrap").path("F1"))));
        }
        if (!rows.isEmpty()) {
            html.heading(2, "Differences").paragraph("Second minus first on the same images, with 95 % intervals and p of a paired bootstrap over images and"
                    + " seeds; DeLong's test of the AUC and McNemar's test of the majority of seeds speak of these trained networks on other images. The p"
                    + " values are of single tests, not corrected for their number.");
            html.table(List.of("rows", "AUC", "p, bootstrap", "p, DeLong", "accuracy", "p, McNemar", "F1", "p, bootstrap"), rows, 1);
        }
    }

    private static String difference(JsonNode c, String metric) {
        JsonNode d = c.path("bootstrap").path(metric);
        return d.isMissingNode() ? "" : String.format(Locale.ROOT, "%+.3f\n[%+.3f, %+.3f]", d.path("difference").asDouble(), d.at("/interval/0").asDouble(),
                d.at("/interval/1").asDouble());
    }

    private static String p(JsonNode test) {
        return test.path("p").isNumber() ? String.format(Locale.ROOT, "%.3g", test.path("p").asDouble()) : "";
    }

    private void stages(StoredComparison r) {
        if (r.stages().isEmpty()) {
            return;
        }
        List<List<String>> rows = new ArrayList<>();
        for (StoredComparison.Stage s : r.stages()) {
            JsonNode j = s.json();
            JsonNode published = j.path("published_knn");
            rows.add(List.of(r.label(s), j.path("data").asText(), number(j, "seed", "%.0f"), number(j, "images", "%.0f"), number(j, "epochs", "%.0f"),
                    number(j, "guessing", "%.3f"), number(j, "knn_accuracy", "%.4f"),
                    published.isNumber() ? String.format(Locale.ROOT, "%.3f", published.asDouble()) : "", number(j, "seconds", "%.0f")));
        }
        html.heading(2, "Pretraining").table(List.of("chain", "last stage reads", "seed", "images", "epochs", "loss of guessing, ln(K + 1)", "kNN accuracy",
                "published", "seconds"), rows, 2);
        r.stages().stream().map(s -> s.json().path("published_of").asText("")).filter(t -> !t.isEmpty()).distinct()
                .forEach(t -> html.paragraph("Published kNN accuracy: " + t + "."));
    }

    private static String number(JsonNode j, String key, String format) {
        return j.path(key).isNumber() ? String.format(Locale.ROOT, format, j.path(key).asDouble()) : "";
    }

    // --- diagrams ---

    private void curves(StoredComparison r) {
        Map<String, List<StoredRun>> pretrained = new LinkedHashMap<>();
        r.stages().forEach(s -> pretrained.computeIfAbsent(r.label(s), l -> new ArrayList<>()).add(s.run()));
        Map<String, List<StoredRun>> transfers = new LinkedHashMap<>();
        r.rows().forEach(row -> transfers.put(r.label(row), row.seeds()));
        draw("Loss of pretraining", "loss", pretrained, "loss");
        draw("kNN accuracy during pretraining", "accuracy", pretrained, "knn_accuracy");
        draw("Learning rate of pretraining", "learning rate", pretrained, "lr");
        draw("Loss of transfer", "loss", transfers, "loss");
        draw("AUC on the validation images during transfer", "AUC", transfers, "val_auc");
        draw("Accuracy on the validation images during transfer", "accuracy", transfers, "val_accuracy");
        draw("Learning rate of transfer", "learning rate", transfers, "lr");
    }

    /** A line for each name, the mean over its runs. */
    private void draw(String heading, String axis, Map<String, List<StoredRun>> runs, String column) {
        Map<String, double[][]> lines = new LinkedHashMap<>();
        runs.forEach((label, all) -> {
            double[][] mean = StoredComparison.meanCurve(all, column);
            if (mean != null) {
                lines.put(label, mean);
            }
        });
        ReportParts.curves(html, heading, axis, lines);
    }

    private void roc(StoredComparison r) {
        if (r.positive() < 0) {
            return;
        }
        Map<String, double[][]> lines = new LinkedHashMap<>();
        for (StoredComparison.Row row : r.rows()) {
            lines.put(r.label(row), StoredComparison.meanRoc(row.votes().stream().map(p -> StoredRun.roc(p.labels(), p.probability(), r.positive())).toList()));
        }
        ReportParts.chart(html, "Receiver operating characteristic, " + r.texts("/test/classes").get(r.positive()) + " positive",
                "Mean over seeds at equal false positive rates.", Charts.roc(lines));
    }

    private void confusion(StoredComparison r) {
        List<String> classes = r.texts("/test/classes");
        for (StoredComparison.Row row : r.rows()) {
            int[][] count = new int[classes.size()][classes.size()];
            for (Predictions p : row.votes()) {
                IntStream.range(0, p.labels().length).forEach(i -> count[p.labels()[i]][p.predicted()[i]]++);
            }
            ReportParts.confusion(html, "Confusion, " + r.label(row) + ", " + row.votes().size() + " seeds added up", classes, count);
        }
    }

    /** Those that most networks of all rows and seeds are wrong about. */
    private void wrong(StoredComparison r) {
        List<Predictions> all = r.rows().stream().flatMap(row -> row.votes().stream()).toList();
        int[] labels = all.getFirst().labels();
        Function<List<Predictions>, int[]> count = votes -> IntStream.range(0, labels.length)
                .map(i -> (int) votes.stream().filter(p -> p.predicted()[i] != labels[i]).count()).toArray();
        int[] together = count.apply(all);
        List<int[]> byRow = r.rows().stream().map(row -> count.apply(row.votes())).toList();
        List<Integer> worst = IntStream.range(0, labels.length).filter(i -> together[i] > 0).boxed()
                .sorted(Comparator.comparingInt((Integer i) -> -together[i])).toList();
        List<String> classes = r.texts("/test/classes");
        List<String> head = new ArrayList<>(List.of("image", "true class"));
        r.rows().forEach(row -> head.add(r.label(row)));
        html.heading(2, "Wrongly classified").paragraph(String.format(Locale.ROOT, "%d of %d images are wrong by some of the %d networks; below, how many"
                + " seeds of each row are wrong, the worst images first.", worst.size(), labels.length, all.size()));
        ReportParts.wrong(html, head, worst.stream().limit(ReportParts.MOST_WRONG).map(i -> {
            List<String> cells = new ArrayList<>(List.of(classes.get(labels[i])));
            byRow.forEach(c -> cells.add(String.valueOf(c[i])));
            return new ReportParts.Wrong(all.getFirst().images().get(i),
                    classes.get(labels[i]) + ", wrong by " + together[i] + " of " + all.size(), cells);
        }).toList(), 2, pictures);
    }
}
