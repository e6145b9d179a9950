package org.jmoco.report;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jmoco.report.StoredRun.Predictions;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * One or several runs as a single HTML file without references to anything outside: figures with intervals, curves, ROC, confusion,
 * wrong images, and on what the runs were made.
 */
public final class RunReport {
    private static final List<String> FIGURES = List.of("AUC", "accuracy", "F1", "precision", "recall");
    private static final int MOST_WRONG = 24;
    /** Between two marks of an axis: room for a number. */
    private static final int TICK_PIXELS = 45;

    /** Pictures that need more than the run's folder: of a data set or of a network. */
    public interface Pictures {
        /** A test image by its name. */
        Optional<byte[]> image(String name);

        /** Further sections: caption to picture, as examples of views or maps of features. */
        Map<String, byte[]> more();

        /** For a report from folders alone. */
        Pictures NONE = new Pictures() {
            @Override
            public Optional<byte[]> image(String name) {
                return Optional.empty();
            }

            @Override
            public Map<String, byte[]> more() {
                return Map.of();
            }
        };
    }

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
            html.paragraph("Phantom images, made by the program; nothing here is about patients.");
        }
        figures();
        curves("Loss", "loss", name -> name.contains("loss"));
        curves("Accuracy and AUC over the epochs", "score",
                name -> name.contains("accuracy") || name.contains("auc") || name.contains("f1"));
        curves("Learning rate", "learning rate", "lr"::equals);
        roc();
        runs.forEach(this::confusion);
        runs.forEach(this::wrong);
        pictures.more().forEach((caption, png) -> html.picture(png, caption));
        environment();
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
                double[][] points = finite(epochs, y);
                if (fits.test(name) && points[0].length > 0) {
                    lines.put((runs.size() > 1 ? r.name() + " " : "") + name.replace('_', ' '), points);
                }
            });
        }
        if (!lines.isEmpty()) {
            html.heading(2, heading);
            draw(chart("epoch", axis, lines), heading);
        }
    }

    private static double[][] finite(double[] x, double[] y) {
        List<double[]> points = new ArrayList<>();
        for (int i = 0; i < Math.min(x.length, y.length); i++) {
            if (Double.isFinite(y[i])) {
                points.add(new double[] {x[i], y[i]});
            }
        }
        return new double[][] {points.stream().mapToDouble(p -> p[0]).toArray(), points.stream().mapToDouble(p -> p[1]).toArray()};
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
            html.heading(2, "Receiver operating characteristic");
            XYChart chart = chart("false positive rate", "true positive rate", lines);
            chart.addSeries("guessing", new double[] {0, 1}, new double[] {0, 1}).setMarker(SeriesMarkers.NONE).setLineColor(Color.LIGHT_GRAY);
            draw(chart, "Each step of a line is an image of the test set (or a tie).");
        }
    }

    private static XYChart chart(String x, String y, Map<String, double[][]> lines) {
        XYChart chart = new XYChartBuilder().width(900).height(420).xAxisTitle(x).yAxisTitle(y).build();
        chart.getStyler().setLocale(Locale.ROOT).setChartBackgroundColor(Color.WHITE).setPlotBorderVisible(false)
                .setLegendPosition(Styler.LegendPosition.OutsideS).setLegendLayout(Styler.LegendLayout.Horizontal).setLegendBorderColor(Color.WHITE);
        chart.getStyler().setYAxisTickMarkSpacingHint(TICK_PIXELS).setXAxisTickMarkSpacingHint(2 * TICK_PIXELS);
        lines.forEach((name, points) -> {
            XYSeries s = chart.addSeries(name, points[0], points[1]);
            s.setMarker(points[0].length == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        });
        return chart;
    }

    private void draw(XYChart chart, String caption) {
        try {
            ByteArrayOutputStream png = new ByteArrayOutputStream();
            BitmapEncoder.saveBitmap(chart, png, BitmapEncoder.BitmapFormat.PNG);
            html.picture(png.toByteArray(), caption);
        } catch (IOException | RuntimeException | LinkageError | InternalError noFonts) { // as in CurvesPng: a missing picture is no reason to fail
            html.paragraph("(no picture: Java cannot draw text here; install fonts)");
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
        List<String> head = new ArrayList<>(List.of("true class"));
        p.classes().forEach(c -> head.add("said " + c));
        List<List<String>> rows = new ArrayList<>();
        for (int c = 0; c < k; c++) {
            List<String> row = new ArrayList<>(List.of(p.classes().get(c)));
            for (int n : count[c]) {
                row.add(String.valueOf(n));
            }
            rows.add(row);
        }
        html.heading(2, "Confusion, " + r.name() + ", " + p.split()).table(head, rows, 1);
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
        List<byte[]> pngs = new ArrayList<>();
        List<String> captions = new ArrayList<>();
        List<List<String>> rows = new ArrayList<>();
        for (int i : wrong.subList(0, Math.min(MOST_WRONG, wrong.size()))) {
            String said = p.classes().get(p.predicted()[i]);
            String sure = String.format(Locale.ROOT, "%.3f", p.probability()[i][p.predicted()[i]]);
            Optional<byte[]> image = pictures.image(p.images().get(i));
            if (image.isPresent()) {
                pngs.add(image.get());
                captions.add(p.classes().get(p.labels()[i]) + ", said " + said + " " + sure);
            }
            rows.add(List.of(p.images().get(i), p.classes().get(p.labels()[i]), said, sure));
        }
        if (!pngs.isEmpty()) {
            html.gallery(pngs, captions);
        }
        if (!rows.isEmpty()) {
            html.table(List.of("image", "true class", "said", "probability"), rows, 3);
        }
    }

    private void environment() {
        html.heading(2, "How it was made");
        for (StoredRun r : runs) {
            StringBuilder s = new StringBuilder();
            if (r.environment().get("command") instanceof List<?> command) {
                s.append("$ ").append(String.join(" ", command.stream().map(String::valueOf).toList())).append("\n\n");
            }
            r.environment().forEach((k, v) -> {
                if (!k.equals("command") && !k.equals("java_command")) {
                    s.append(k).append(": ").append(v).append('\n');
                }
            });
            s.append("\noptions: ").append(r.options());
            html.heading(3, r.name()).preformatted(s.toString());
        }
    }
}
