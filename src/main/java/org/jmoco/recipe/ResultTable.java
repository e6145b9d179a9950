package org.jmoco.recipe;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jmoco.data.ImageSet;
import org.jmoco.train.Comparison;
import org.jmoco.train.KnnMonitor;
import org.jmoco.train.SeedMetrics;

/** The outcome of a recipe as text: what was pretrained, each figure of each row beside the published one, and what differs. */
final class ResultTable {
    private static final int LONGEST_LABEL = 60;

    private final Results results;
    private final List<String> lines = new ArrayList<>();
    private final int width;

    private ResultTable(Results results) {
        this.results = results;
        this.width = Math.min(LONGEST_LABEL, results.rows().stream().mapToInt(r -> r.label().length()).max().orElse(0));
    }

    static List<String> of(Results results) {
        ResultTable t = new ResultTable(results);
        t.stages();
        if (!results.rows().isEmpty()) {
            t.heading();
            t.figures();
            t.comparisons();
            t.notes();
        }
        return t.lines;
    }

    private void add(String format, Object... values) {
        lines.add(String.format(Locale.ROOT, format, values).stripTrailing());
    }

    private void stages() {
        for (Results.Stage s : results.stages()) {
            var r = s.finished().result();
            PretrainStage stage = results.recipe().pretrain().get(s.encoder().stage());
            String knn = r.has(KnnMonitor.ACCURACY) ? String.format(Locale.ROOT, ", kNN accuracy %.4f",
                    r.path(KnnMonitor.ACCURACY).asDouble()) : "";
            String published = Double.isNaN(stage.publishedKnn()) || knn.isEmpty() ? ""
                    : String.format(Locale.ROOT, " (published %.3f: %s)", stage.publishedKnn(), stage.publishedOf());
            add("pretrained %s, seed %d: %s over %d images%s%s", s.label(), s.encoder().seed(),
                    RecipeRun.epochs(r.path("epochs").asInt()), r.path("images").asInt(), knn, published);
        }
    }

    private void heading() {
        ImageSet images = results.judged();
        StringBuilder counts = new StringBuilder();
        for (int c = 0; c < images.classNames().size(); c++) {
            counts.append(c == 0 ? "" : ", ").append(images.classCounts()[c]).append(' ').append(images.classNames().get(c));
        }
        add("");
        add("%s, %s%s: judged on %d images, the %s split of %s (%s), %d seed%s a row, %d pretraining%s a chain",
                results.recipe().name(), results.recipe().settings(),
                results.phantom() ? ", PHANTOM images (made by the program, not patients)" : "", images.size(),
                RowResult.judged(results.set()), results.source(), counts, results.recipe().seeds(),
                results.recipe().seeds() == 1 ? "" : "s", results.recipe().encoders(),
                results.recipe().encoders() == 1 ? "" : "s");
        add("each figure: mean +- deviation over seeds, and the 95 %% interval of the mean by a bootstrap over images and seeds");
        if (results.rows().stream().anyMatch(r -> !r.row().published().isEmpty())) {
            add("published: one run each, without interval%s",
                    results.recipe().asPublished() ? "" : "; of other settings than these, so for orientation only");
        }
    }

    private void figures() {
        boolean two = results.set().positive() >= 0;
        String positive = two ? results.set().classNames().get(results.set().positive()) : null;
        boolean sameClass = results.rows().getFirst().published() == null;
        block("AUC" + (two ? "" : ", mean over classes"), "AUC", RowResult::ours, true);
        block("accuracy", "accuracy", RowResult::ours, true);
        block("F1, " + (two ? positive + " positive" : "mean over classes"), "F1", RowResult::ours, sameClass);
        if (!sameClass) {
            String theirs = results.set().classNames().get(results.recipe().transfer().publishedLabel(results.set()));
            block("F1, " + theirs + " positive, as published", "F1", RowResult::published, true);
        }
    }

    private void block(String title, String metric, Function<RowResult, SeedMetrics> which, boolean published) {
        add("");
        add("%s", title);
        for (RowResult row : results.rows()) {
            SeedMetrics.Value v = which.apply(row).get(metric);
            Double p = published ? row.row().published().get(metric) : null;
            String deviation = v.seeds().n() < 2 ? "" : String.format(Locale.ROOT, " +- %.4f", v.seeds().deviation());
            add("  %-" + Math.max(1, width) + "s  %.4f%-10s  [%.4f, %.4f]%s", row.label(), v.seeds().mean(), deviation, v.low(),
                    v.high(), p == null ? "" : String.format(Locale.ROOT, "  published %.3f", p));
        }
    }

    /** Each row against the first, and against the one before it. */
    private void comparisons() {
        for (int j = 1; j < results.rows().size(); j++) {
            compare(results.rows().get(0), results.rows().get(j));
            if (j > 1) {
                compare(results.rows().get(j - 1), results.rows().get(j));
            }
        }
        if (results.rows().size() > 1) {
            add("");
            add("differences: bootstrap over images and seeds; DeLong and McNemar: these networks on other images. p of single"
                    + " tests, uncorrected");
        }
    }

    private void notes() {
        if (!results.notes().isEmpty()) {
            lines.add("");
            lines.addAll(results.notes());
        }
    }

    private void compare(RowResult first, RowResult second) {
        Comparison c = results.pair(first, second).comparison();
        add("");
        add("%s against %s", second.label(), first.label());
        add("  AUC       %s%s", difference(c.get("AUC")),
                c.auc() == null ? "" : String.format(Locale.ROOT, ", DeLong p %.3g", c.auc().p()));
        add("  accuracy  %s, McNemar p %.3g (%s)", difference(c.get("accuracy")), c.accuracy().p(),
                majority(second.label(), c.accuracy().onlySecond(), first.label(), c.accuracy().onlyFirst()));
        add("  F1        %s", difference(c.get("F1")));
        add("  %s", c.verdict());
    }

    private static String difference(Comparison.Difference d) {
        return String.format(Locale.ROOT, "%+.4f [%+.4f, %+.4f], p %.3g", d.value(), d.low(), d.high(), d.p());
    }

    /** What McNemar's test counts: images that the majority of one row's seeds has right and that of the other has wrong. */
    static String majority(String second, int onlySecond, String first, int onlyFirst) {
        return String.format(Locale.ROOT, "majority of seeds: %s right by %s alone, %d by %s alone",
                onlySecond == 1 ? "1 image" : onlySecond + " images", second, onlyFirst, first);
    }
}
