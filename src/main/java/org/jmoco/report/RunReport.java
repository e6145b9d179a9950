package org.jmoco.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jmoco.report.StoredRun.Predictions;
import org.jmoco.train.SeedSummary;

/**
 * One or several runs as a single HTML file without references to anything outside: figures with intervals, curves, ROC,
 * confusion, wrong images, and on what the runs were made.
 */
public final class RunReport {
    private static final String SEED = "--seed";
    private static final List<String> FIGURES = List.of("AUC", "accuracy", "F1", "precision", "recall");

    /** What the names in result.json and metrics.csv mean. */
    private static final Map<String, String> WORDS = Map.of("guessing", "loss of guessing, ln(M + 1) for a queue of M keys",
            "knn_accuracy", "kNN accuracy of the encoder", "from", "started from",
            "val_accuracy", "Accuracy on the validation images", "val_auc", "AUC on the validation images",
            "frozen", "frozen weights");

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
        pretrainings();
        classifiers();
        curves("kNN accuracy of the encoder over the epochs", "accuracy", "", runs, "knn_accuracy"::equals);
        ReportParts.rates(html, "Learning rate", "", lines(runs, runs, "lr"::equals));
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
                    List<String> row = new ArrayList<>(List.of(name(r), start(r.result().getOrDefault("from", "")), split));
                    FIGURES.forEach(f -> row.add(interval(r, split, f)));
                    rows.add(row);
                }
            }
        }
        if (!rows.isEmpty()) {
            html.heading(2, "Figures of the vote, with 95 % bootstrap intervals over the images");
            averages();
            List<String> head = new ArrayList<>(List.of("run", "started from", "split"));
            head.addAll(FIGURES);
            html.table(head, rows, 3);
            seeds();
        }
        boolean ended = results() || !rows.isEmpty();
        if (!ended) {
            html.paragraph("No run has ended yet; the curves show how far they are.");
        }
    }

    /** A line for runs that differ in the seed alone. */
    private void seeds() {
        Map<Map<String, Object>, List<StoredRun>> groups = new LinkedHashMap<>(); // by all options but the seed
        for (StoredRun r : runs) {
            Map<String, Object> others = new LinkedHashMap<>(r.options());
            others.remove(SEED);
            groups.computeIfAbsent(others, same -> new ArrayList<>()).add(r);
        }
        List<List<String>> rows = new ArrayList<>();
        for (List<StoredRun> all : groups.values()) {
            for (String split : List.of("test", "val")) {
                List<StoredRun> group = all.stream().filter(r -> r.result().get(split) instanceof Map<?, ?>).toList();
                if (group.size() > 1 && group.stream().map(r -> r.options().get(SEED)).distinct().count() == group.size()) {
                    List<String> row = new ArrayList<>(List.of(String.join("\n", group.stream().map(this::name).toList()),
                            start(group.getFirst().result().getOrDefault("from", "")), split));
                    FIGURES.forEach(f -> row.add(mean(group, split, f)));
                    rows.add(row);
                }
            }
        }
        if (!rows.isEmpty()) {
            html.heading(2, "Means over seeds").paragraph("Runs that differ in the seed alone: mean ± deviation over seeds, and"
                    + " the 95 % interval of the mean. It speaks of the chance of training, not of other images.");
            List<String> head = new ArrayList<>(List.of("runs", "started from", "split"));
            head.addAll(FIGURES);
            html.table(head, rows, 3);
        }
    }

    private static String mean(List<StoredRun> group, String split, String figure) {
        double[] values = group.stream().mapToDouble(r -> r.figure(split, "vote", figure, "value")).toArray();
        if (Arrays.stream(values).anyMatch(Double::isNaN)) {
            return "";
        }
        SeedSummary s = SeedSummary.of(values);
        return String.format(Locale.ROOT, "%.4f ± %.4f\n[%.4f, %.4f]", s.mean(), s.deviation(), s.low(), s.high());
    }

    /** What precision, recall, F1 and AUC speak of. */
    private void averages() {
        List<Predictions> all = runs.stream().map(StoredRun::predictions).filter(Objects::nonNull).toList();
        List<String> positive = all.stream().filter(p -> p.positive() >= 0 && p.classes().size() == 2)
                .map(p -> p.classes().get(p.positive())).distinct()
                .toList();
        if (!positive.isEmpty()) {
            html.paragraph("AUC, F1, precision and recall are those of the positive class: " + String.join(", ", positive) + ".");
        }
        if (all.stream().anyMatch(p -> p.positive() < 0 || p.classes().size() > 2)) {
            html.paragraph((positive.isEmpty() ? "" : "Of runs without a positive class: ")
                    + "AUC, F1, precision and recall are means over the classes, each against the rest.");
        }
    }

    /** Single values of the results, a line each. @return false if there are none */
    private boolean results() {
        List<List<String>> lines = new ArrayList<>();
        for (StoredRun r : runs) {
            r.result().forEach((key, value) -> {
                if (value instanceof Number || value instanceof String) {
                    lines.add(List.of(name(r), WORDS.getOrDefault(key, key.replace('_', ' ')),
                            key.equals("from") ? start(value) : written(value)));
                }
            });
        }
        if (!lines.isEmpty()) {
            html.heading(2, "Results").table(List.of("run", "what", "value"), lines, 3);
        }
        return !lines.isEmpty();
    }

    /** The checkpoint that a run began with. */
    private static String start(Object from) {
        return from.equals("random") ? "random start" : String.valueOf(from);
    }

    private static String written(Object value) {
        return value instanceof Double d ? String.format(Locale.ROOT, "%.4f", d) : String.valueOf(value);
    }

    /** The folder's name; with the folder that it lies in where another run has the same. */
    private String name(StoredRun r) {
        return name(runs, r);
    }

    private static String name(List<StoredRun> runs, StoredRun r) {
        if (runs.stream().filter(o -> o.name().equals(r.name())).count() < 2) {
            return r.name();
        }
        Path parent = r.folder().toAbsolutePath().normalize().getParent();
        return (parent == null || parent.getFileName() == null ? "" : parent.getFileName() + "/") + r.name();
    }

    private static String interval(StoredRun r, String split, String figure) {
        double value = r.figure(split, "vote", figure, "value");
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.4f\n[%.4f, %.4f]", value,
                r.figure(split, "vote", figure, "low"), r.figure(split, "vote", figure, "high"));
    }

    /** Their losses are several times those of a classification, and their accuracy is of another task. */
    private void pretrainings() {
        List<StoredRun> pretrained = runs.stream().filter(StoredRun::pretraining).toList();
        curves("Loss of pretraining", "loss", "", pretrained, name -> name.contains("loss"));
        curves("Accuracy of pretraining", "accuracy", "Part of the views that are more like another view of their image than"
                + " like any key of the queue.", pretrained, "accuracy"::equals);
    }

    private void classifiers() {
        List<StoredRun> trained = runs.stream().filter(r -> !r.pretraining()).toList();
        curves("Loss", "loss", "", trained, name -> name.contains("loss"));
        Predicate<String> scores = name -> !name.contains("knn")
                && (name.contains("accuracy") || name.contains("auc") || name.contains("f1"));
        if (trained.size() == 1) {
            curves("Accuracy and AUC over the epochs", "score", "", trained, scores);
            return;
        }
        trained.stream().flatMap(r -> r.curves().keySet().stream()).filter(scores).distinct()
                .forEach(column -> curves(column.equals("accuracy") ? "Accuracy on the training images"
                        : WORDS.getOrDefault(column, column.replace('_', ' ')), "score", "", trained, column::equals));
    }

    /** One chart with the columns of these runs whose name fits. */
    private void curves(String heading, String axis, String caption, List<StoredRun> of, Predicate<String> fits) {
        Set<Double> guessing = of.stream().filter(r -> r.curves().keySet().stream()
                .anyMatch(c -> c.equals("loss") && fits.test(c)))
                .map(StoredRun::guessing).filter(Double::isFinite).collect(Collectors.toCollection(LinkedHashSet::new));
        ReportParts.curves(html, heading, axis, caption, lines(runs, of, fits), guessing);
    }

    /** The columns of some of the runs by the names that tell them apart. */
    static Map<String, double[][]> lines(List<StoredRun> runs, List<StoredRun> of, Predicate<String> fits) {
        Map<String, double[][]> lines = new LinkedHashMap<>();
        long columns = of.stream().flatMap(r -> r.curves().keySet().stream()).filter(fits).distinct().count();
        for (StoredRun r : of) {
            double[] epochs = r.curves().getOrDefault(CsvLog.EPOCH, new double[0]);
            r.curves().forEach((column, y) -> {
                double[][] points = Charts.finite(epochs, y);
                if (fits.test(column) && points[0].length > 0) {
                    String what = CsvLog.words(column);
                    lines.put(runs.size() == 1 ? what : columns == 1 ? name(runs, r) : name(runs, r) + ", " + what, points);
                }
            });
        }
        return lines;
    }

    private void roc() {
        Map<String, double[][]> lines = new LinkedHashMap<>();
        for (StoredRun r : runs) {
            Predictions p = r.predictions();
            if (p != null && p.positive() >= 0) {
                lines.put(name(r), StoredRun.roc(p.labels(), p.probability(), p.positive()));
            }
        }
        if (!lines.isEmpty()) {
            ReportParts.chart(html, "Receiver operating characteristic",
                    "Each step of a line is an image of the test set (or a tie).", Charts.roc(lines));
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
        ReportParts.confusion(html, "Confusion, " + name(r) + ", " + p.split(), p.classes(), count);
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
        html.heading(2, "Wrongly classified, " + name(r) + ": " + wrong.size() + " of " + p.labels().length
                + ", the surest first");
        List<ReportParts.Wrong> shown = wrong.stream().limit(ReportParts.MOST_WRONG).map(i -> {
            String truth = p.classes().get(p.labels()[i]);
            String said = p.classes().get(p.predicted()[i]);
            String sure = String.format(Locale.ROOT, "%.3f", p.probability()[i][p.predicted()[i]]);
            return new ReportParts.Wrong(p.images().get(i), truth + ", said " + said + " " + sure, List.of(truth, said, sure));
        }).toList();
        ReportParts.wrong(html, List.of("image", "true class", "said", "probability"), shown, 3, pictures);
    }
}
