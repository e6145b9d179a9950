package org.jmoco.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jmoco.report.StoredRun.Predictions;
import org.jmoco.train.Comparison;

/**
 * Recipes that were run as a single HTML file without references to anything outside: the table of rows beside the published
 * figures, what differs, curves, ROC, confusion, the images that are most often wrong, and on what all was made.
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
                html.heading(2, r.namedTitle());
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
            html.heading(2, "Rows").paragraph(judged(r));
            r.all().path("notes").forEach(note -> html.paragraph(note.asText()));
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

    private static String judged(StoredComparison r) {
        JsonNode test = r.all().path("test");
        int seeds = r.all().path("seeds").asInt();
        int encoders = r.all().path("encoders").asInt();
        String published = !published(r) ? "" : " Published figures are of one run each"
                + (r.all().path("as_published").asBoolean() ? "." : ", of other settings than these: for orientation only.");
        return String.format(Locale.ROOT, "Judged on %d images, the %s split of %s; %d seed%s a row, %d pretraining%s a chain."
                + " Each figure: mean%s, and the 95 %% interval of the mean by a bootstrap over images and seeds.%s",
                test.path("images").size(),
                test.path("split").asText().equals("val") ? "validation" : test.path("split").asText(),
                test.path("source").asText(test.path("data").asText()), seeds, seeds == 1 ? "" : "s", encoders,
                encoders == 1 ? "" : "s", seeds == 1 ? "" : " and deviation over seeds", published);
    }

    private static boolean published(StoredComparison r) {
        return r.rows().stream().anyMatch(row -> !row.json().path("published").isEmpty());
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
        boolean published = published(r);
        List<String> head = new ArrayList<>(List.of("row"));
        column(head, two ? "AUC" : "AUC, mean over classes", published);
        column(head, "accuracy", published);
        column(head, two ? "F1, " + classes.get(r.positive()) + " positive" : "F1, mean over classes", published && sameClass);
        if (!sameClass) {
            column(head, "F1, " + classes.get(r.all().at("/test/published_positive").asInt()) + " positive", published);
        }
        List<List<String>> rows = new ArrayList<>();
        for (StoredComparison.Row row : r.rows()) {
            List<String> cells = new ArrayList<>(List.of(StoredComparison.label(row)));
            for (String metric : List.of("AUC", "accuracy", "F1")) {
                cells.add(figure(row, OURS, metric));
                if (metric.equals("F1") && !sameClass) {
                    cells.add(figure(row, THEIRS, metric));
                }
                if (published) {
                    cells.add(published(row, metric));
                }
            }
            rows.add(cells);
        }
        html.table(head, rows, 1);
    }

    /** A column of figures, and one of those that were published. */
    private static void column(List<String> head, String name, boolean published) {
        head.add(name);
        if (published) {
            head.add("published");
        }
    }

    private static String figure(StoredComparison.Row row, String which, String metric) {
        JsonNode f = row.json().path(which).path(metric);
        String deviation = f.path("by_seed").size() < 2 ? ""
                : String.format(Locale.ROOT, " ± %.3f", f.path("deviation").asDouble());
        return String.format(Locale.ROOT, "%.3f%s\n[%.3f, %.3f]", f.path("mean").asDouble(), deviation,
                f.at("/interval/0").asDouble(), f.at("/interval/1").asDouble());
    }

    private static String published(StoredComparison.Row row, String metric) {
        JsonNode p = row.json().path("published").path(metric);
        return p.isNumber() ? String.format(Locale.ROOT, "%.3f", p.asDouble()) : "";
    }

    private void differences(StoredComparison r) {
        List<List<String>> rows = new ArrayList<>();
        List<String> verdicts = new ArrayList<>();
        Map<String, String> labels = new LinkedHashMap<>();
        r.rows().forEach(row -> labels.put(row.name(), StoredComparison.label(row)));
        for (JsonNode c : r.all().path("comparisons")) {
            String pair = labels.get(c.path("second").asText()) + " against " + labels.get(c.path("first").asText());
            if (c.path("bootstrap").has("AUC")) {
                verdicts.add(pair + ": " + Comparison.verdict(metric -> stored(c, metric)) + ".");
            }
            rows.add(List.of(pair, difference(c, "AUC"), p(c.path("bootstrap").path("AUC")), p(c.path("delong")),
                    difference(c, "accuracy"), p(c.path("bootstrap").path("accuracy")), p(c.path("mcnemar")), difference(c, "F1"),
                    p(c.path("bootstrap").path("F1"))));
        }
        if (!rows.isEmpty()) {
            html.heading(2, "Differences");
            verdicts.forEach(html::paragraph);
            html.paragraph("Row before \"against\" minus row behind it, on the same images, with"
                    + " 95 % intervals and p of a paired bootstrap over images and seeds; DeLong's test of the AUC and McNemar's"
                    + " test of the majority of seeds speak of these trained networks on other images. The p values are of"
                    + " single tests, not corrected for their number.");
            html.table(List.of("rows", "AUC", "p, bootstrap", "p, DeLong", "accuracy", "p, bootstrap", "p, McNemar", "F1",
                    "p, bootstrap"), rows, 1);
        }
    }

    private static Comparison.Difference stored(JsonNode c, String metric) {
        JsonNode d = c.path("bootstrap").path(metric);
        return new Comparison.Difference(metric, d.path("difference").asDouble(), d.at("/interval/0").asDouble(),
                d.at("/interval/1").asDouble(), d.path("p").asDouble());
    }

    private static String difference(JsonNode c, String metric) {
        JsonNode d = c.path("bootstrap").path(metric);
        return d.isMissingNode() ? "" : String.format(Locale.ROOT, "%+.3f\n[%+.3f, %+.3f]", d.path("difference").asDouble(),
                d.at("/interval/0").asDouble(), d.at("/interval/1").asDouble());
    }

    private static String p(JsonNode test) {
        return test.path("p").isNumber() ? String.format(Locale.ROOT, "%.3g", test.path("p").asDouble()) : "";
    }

    private void stages(StoredComparison r) {
        if (r.stages().isEmpty()) {
            return;
        }
        boolean published = r.stages().stream().anyMatch(s -> s.json().path("published_knn").isNumber());
        boolean knn = published || r.stages().stream().anyMatch(s -> s.json().path("knn_accuracy").isNumber());
        List<String> head = new ArrayList<>(List.of("chain", "last stage reads", "seed", "images", "epochs", "loss of guessing"));
        if (knn) {
            column(head, "kNN accuracy", published);
        }
        head.add("seconds");
        List<List<String>> rows = new ArrayList<>();
        for (StoredComparison.Stage s : r.stages()) {
            JsonNode j = s.json();
            List<String> cells = new ArrayList<>(List.of(r.label(s), j.path("data").asText(), number(j, "seed", "%.0f"),
                    number(j, "images", "%.0f"), number(j, "epochs", "%.0f"), number(j, "guessing", "%.3f")));
            if (knn) {
                cells.add(number(j, "knn_accuracy", "%.4f"));
            }
            if (published) {
                cells.add(number(j, "published_knn", "%.3f"));
            }
            cells.add(number(j, "seconds", "%.0f"));
            rows.add(cells);
        }
        html.heading(2, "Pretraining").paragraph("The loss of guessing is ln(M + 1) for a queue of M keys.").table(head, rows, 2);
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
        r.rows().forEach(row -> transfers.put(StoredComparison.label(row), row.seeds()));
        Set<Double> guessing = r.stages().stream().map(s -> s.run().guessing()).filter(Double::isFinite)
                .collect(Collectors.toCollection(LinkedHashSet::new));
        draw("Loss of pretraining", "loss", pretrained, "loss", guessing);
        draw("kNN accuracy during pretraining", "accuracy", pretrained, "knn_accuracy", Set.of());
        rates("Learning rate of pretraining", pretrained);
        draw("Loss of transfer", "loss", transfers, "loss", Set.of());
        draw("AUC on the validation images during transfer", "AUC", transfers, "val_auc", Set.of());
        draw("Accuracy on the validation images during transfer", "accuracy", transfers, "val_accuracy", Set.of());
        rates("Learning rate of transfer", transfers);
    }

    /** A line for each name, the mean over its runs; a name without such values keeps its colour for the other diagrams. */
    private void draw(String heading, String axis, Map<String, List<StoredRun>> runs, String column, Set<Double> guessing) {
        ReportParts.curves(html, heading, axis, overSeeds(runs), means(runs, column), guessing);
    }

    private void rates(String heading, Map<String, List<StoredRun>> runs) {
        ReportParts.rates(html, heading, overSeeds(runs), means(runs, "lr"));
    }

    private static String overSeeds(Map<String, List<StoredRun>> runs) {
        return runs.values().stream().anyMatch(all -> all.size() > 1) ? "Mean over seeds." : "";
    }

    private static Map<String, double[][]> means(Map<String, List<StoredRun>> runs, String column) {
        Map<String, double[][]> lines = new LinkedHashMap<>();
        runs.forEach((label, all) -> {
            double[][] mean = StoredComparison.meanCurve(all, column);
            lines.put(label, mean == null ? new double[2][0] : mean);
        });
        return lines;
    }

    private void roc(StoredComparison r) {
        if (r.positive() < 0) {
            return;
        }
        Map<String, double[][]> lines = new LinkedHashMap<>();
        for (StoredComparison.Row row : r.rows()) {
            lines.put(StoredComparison.label(row),
                    StoredComparison.meanRoc(row.votes().stream()
                            .map(p -> StoredRun.roc(p.labels(), p.probability(), r.positive())).toList()));
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
            String seeds = row.votes().size() == 1 ? "1 seed" : row.votes().size() + " seeds added up";
            ReportParts.confusion(html, "Confusion, " + StoredComparison.label(row) + ", " + seeds, classes, count);
        }
    }

    /** Those that most networks of all rows and seeds are wrong about; among equals, those whose true class is given least. */
    private void wrong(StoredComparison r) {
        List<Predictions> all = r.rows().stream().flatMap(row -> row.votes().stream()).toList();
        int[] labels = all.getFirst().labels();
        Function<List<Predictions>, int[]> count = votes -> IntStream.range(0, labels.length)
                .map(i -> (int) votes.stream().filter(p -> p.predicted()[i] != labels[i]).count()).toArray();
        int[] together = count.apply(all);
        double[] truth = IntStream.range(0, labels.length)
                .mapToDouble(i -> all.stream().mapToDouble(p -> p.probability()[i][labels[i]]).sum()).toArray();
        List<int[]> byRow = r.rows().stream().map(row -> count.apply(row.votes())).toList();
        List<Integer> worst = IntStream.range(0, labels.length).filter(i -> together[i] > 0).boxed()
                .sorted(Comparator.comparingInt((Integer i) -> -together[i]).thenComparingDouble(i -> truth[i])).toList();
        List<String> classes = r.texts("/test/classes");
        List<String> head = new ArrayList<>(List.of("image", "true class"));
        r.rows().forEach(row -> head.add(StoredComparison.label(row)));
        html.heading(2, "Wrongly classified").paragraph(String.format(Locale.ROOT,
                "%d of %d images are wrong by some of the %d networks; below, how many seeds of each row are wrong, the worst"
                + " and surest first.", worst.size(), labels.length, all.size()));
        ReportParts.wrong(html, head, worst.stream().limit(ReportParts.MOST_WRONG).map(i -> {
            List<String> cells = new ArrayList<>(List.of(classes.get(labels[i])));
            byRow.forEach(c -> cells.add(String.valueOf(c[i])));
            return new ReportParts.Wrong(all.getFirst().images().get(i),
                    classes.get(labels[i]) + ", wrong by " + together[i] + " of " + all.size(), cells);
        }).toList(), 2, pictures);
    }
}
