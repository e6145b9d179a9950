package org.jmoco.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jmoco.report.StoredRun.Predictions;

/**
 * One or several runs as a single HTML file without references to anything outside: figures with intervals, curves, ROC, confusion,
 * wrong images, and on what the runs were made.
 */
public final class RunReport {
    private static final List<String> FIGURES = List.of("AUC", "accuracy", "F1", "precision", "recall");

    private final List<StoredRun> runs;
    private final Pictures pictures;
    private final Html html = new Html();

    private RunReport(List<StoredRun> runs, Pictures pictures) {
        this.runs = runs;
        this.pictures = pictures;
    }

    /** The page's text. @param runs at least one */
    public static String html(List<StoredRun> runs, Pictures pictures) {
        return new RunReport(runs, pictures).build();
    }

    private String build() {
        String title = runs.size() == 1 ? runs.getFirst().name() : runs.size() + " runs";
        html.heading(1, "jmoco: " + title);
        if (runs.stream().anyMatch(r -> Boolean.TRUE.equals(r.result().get("phantom")))) {
            html.paragraph(ReportParts.PHANTOM);
        }
        figures();
        curves("Loss", "loss", name -> name.contains("loss"));
        curves("Accuracy and AUC over the epochs", "score",
                name -> !name.contains("knn") && (name.contains("accuracy") || name.contains("auc") || name.contains("f1")));
        curves("kNN accuracy of the encoder over the epochs", "accuracy", name -> name.contains("knn"));
        curves("Learning rate", "learning rate", "lr"::equals);
        roc();
        runs.forEach(this::confusion);
        runs.forEach(this::wrong);
        ReportParts.exhibits(html, pictures);
        html.heading(2, "How it was made");
        runs.forEach(r -> ReportParts.environment(html, r));
        return html.page("jmoco: " + title);
    }

    private void figures() {
        List<List<String>> rows = new ArrayList<>();
        for (StoredRun r : runs) {
            for (String split : List.of("test", "val")) {
                if (r.result().get(split) instanceof Map<?, ?>) {
                    List<String> row = new ArrayList<>(List.of(r.name(), String.valueOf(r.result().getOrDefault("from", "")), split));
                    FIGURES.forEach(f -> row.add(interval(r, split, f)));
                    rows.add(row);
                }
            }
        }
        if (!rows.isEmpty()) {
            html.heading(2, "Figures of the vote, with 95 % bootstrap intervals over the images");
            List<String> head = new ArrayList<>(List.of("run", "started from", "split"));
            head.addAll(FIGURES);
            html.table(head, rows, 3);
        }
        List<List<String>> plain = new ArrayList<>();
        runs.forEach(r -> r.result().forEach((name, value) -> {
            if (value instanceof Number || value instanceof String) {
                plain.add(List.of(r.name(), name, String.valueOf(value)));
            }
        }));
        if (!plain.isEmpty()) {
            html.heading(2, "Results").table(List.of("run", "what", "value"), plain, 3);
        }
        if (rows.isEmpty() && plain.isEmpty()) {
            html.paragraph("No run has ended yet; the curves show how far they are.");
        }
    }

    private static String interval(StoredRun r, String split, String figure) {
        double value = r.figure(split, "vote", figure, "value");
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.4f [%.4f, %.4f]", value, r.figure(split, "vote", figure, "low"),
                r.figure(split, "vote", figure, "high"));
    }

    /** One chart with the columns of all runs whose name fits. */
    private void curves(String heading, String axis, Predicate<String> fits) {
        Map<String, double[][]> lines = new LinkedHashMap<>();
        for (StoredRun r : runs) {
            double[] epochs = r.curves().getOrDefault(CsvLog.EPOCH, new double[0]);
            r.curves().forEach((name, y) -> {
                double[][] points = Charts.finite(epochs, y);
                if (fits.test(name) && points[0].length > 0) {
                    lines.put((runs.size() > 1 ? r.name() + " " : "") + name.replace('_', ' '), points);
                }
            });
        }
        ReportParts.curves(html, heading, axis, lines);
    }

    private void roc() {
        Map<String, double[][]> lines = new LinkedHashMap<>();
        for (StoredRun r : runs) {
            Predictions p = r.predictions();
            if (p != null && p.positive() >= 0) {
                lines.put(r.name(), StoredRun.roc(p.labels(), p.probability(), p.positive()));
            }
        }
        if (!lines.isEmpty()) {
            ReportParts.chart(html, "Receiver operating characteristic", "Each step of a line is an image of the test set (or a tie).",
                    Charts.roc(lines));
        }
    }

    private void confusion(StoredRun r) {
        Predictions p = r.predictions();
        if (p == null) {
            return;
        }
        int k = p.classes().size();
        int[][] count = new int[k][k];
        for (int i = 0; i < p.labels().length; i++) {
            count[p.labels()[i]][Math.min(p.predicted()[i], k - 1)]++;
        }
        ReportParts.confusion(html, "Confusion, " + r.name() + ", " + p.split(), p.classes(), count);
    }

    private void wrong(StoredRun r) {
        Predictions p = r.predictions();
        if (p == null) {
            return;
        }
        List<Integer> wrong = new ArrayList<>();
        for (int i = 0; i < p.labels().length; i++) {
            if (p.predicted()[i] != p.labels()[i]) {
                wrong.add(i);
            }
        }
        wrong.sort((a, b) -> Double.compare(p.probability()[b][p.predicted()[b]], p.probability()[a][p.predicted()[a]]));
        html.heading(2, "Wrongly classified, " + r.name() + ": " + wrong.size() + " of " + p.labels().length + ", the surest first");
        List<ReportParts.Wrong> shown = wrong.stream().limit(ReportParts.MOST_WRONG).map(i -> {
            String truth = p.classes().get(p.labels()[i]);
            String said = p.classes().get(p.predicted()[i]);
            String sure = String.format(Locale.ROOT, "%.3f", p.probability()[i][p.predicted()[i]]);
            return new ReportParts.Wrong(p.images().get(i), truth + ", said " + said + " " + sure, List.of(truth, said, sure));
        }).toList();
        ReportParts.wrong(html, List.of("image", "true class", "said", "probability"), shown, 3, pictures);
    }
}
