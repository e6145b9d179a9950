package org.jmoco.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What the page of single runs and the page of a comparison have in common. */
final class ReportParts {
    static final String PHANTOM = "Phantom images, made by the program; nothing here is about patients.";

    /** Relative difference of two rates that are the same: those of several runs are averaged in f64. */
    private static final double SAME_RATE = 1e-9;

    /** Wrong images shown at most. */
    static final int MOST_WRONG = 24;

    private ReportParts() {
    }

    /** A wrong image. @param cells of its line in the table, behind its name */
    record Wrong(String image, String caption, List<String> cells) {}

    /** How the line of {@code ln(M + 1)} is named. */
    static String guessing(double loss) {
        return String.format(Locale.ROOT, "guessing, ln(M + 1) = %.3f", loss);
    }

    /** @param caption what the heading does not say, empty for none */
    static void chart(Html html, String heading, String caption, Optional<byte[]> png) {
        html.heading(2, heading);
        if (png.isPresent()) {
            html.picture(png.get(), heading, caption);
        } else {
            html.paragraph("(no picture: Java cannot draw text here; install fonts)");
        }
    }

    /** A chart of lines over epochs; nothing where there are none. @param guessing levels to show where they are near */
    static void curves(Html html, String heading, String axis, String caption, Map<String, double[][]> points,
            Set<Double> guessing) {
        if (points.values().stream().allMatch(p -> p[0].length == 0)) {
            return;
        }
        List<LineChart.Line> lines = new ArrayList<>();
        points.forEach((name, p) -> lines.add(LineChart.Line.of(name, p)));
        List<LineChart.Line> all = lines;
        for (double g : guessing) {
            all = LineChart.withLevel(all, guessing(g), g);
        }
        String many = lines.size() > LineStyles.MOST ? " More lines than can be told apart, so they are not named." : "";
        String same = lines.size() > 1 && points.values().stream().map(Arrays::deepToString).distinct().count() == 1
                ? " All lines are the same." : "";
        chart(html, heading, (caption + many + same).strip(), Charts.overEpochs(axis, all));
    }

    /** The chart of learning rates; where none changes, they are said in a sentence. */
    static void rates(Html html, String heading, String caption, Map<String, double[][]> points) {
        Map<String, List<String>> names = new LinkedHashMap<>(); // by the rate
        boolean constant = true;
        for (Map.Entry<String, double[][]> line : points.entrySet()) {
            double[] rate = line.getValue()[1];
            if (rate.length > 0) {
                constant &= Arrays.stream(rate).allMatch(r -> Math.abs(r - rate[0]) <= SAME_RATE * Math.abs(rate[0]));
                names.computeIfAbsent(number(rate[0]), r -> new ArrayList<>()).add(line.getKey());
            }
        }
        if (!constant || names.isEmpty()) {
            curves(html, heading, "learning rate", caption, points, Set.of());
            return;
        }
        html.heading(2, heading).paragraph(names.size() == 1 ? "Constant: " + names.keySet().iterator().next() + "."
                : "Constant: " + String.join("; ", names.entrySet().stream()
                        .map(e -> e.getKey() + " of " + String.join(", ", e.getValue())).toList()) + ".");
    }

    /** In four significant digits, without those that are 0. */
    private static String number(double value) {
        return new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros().toPlainString();
    }

    static void confusion(Html html, String heading, List<String> classes, int[][] count) {
        List<String> head = new ArrayList<>(List.of("true class"));
        classes.forEach(c -> head.add("said " + c));
        List<List<String>> rows = new ArrayList<>();
        for (int c = 0; c < classes.size(); c++) {
            List<String> row = new ArrayList<>(List.of(classes.get(c)));
            for (int n : count[c]) {
                row.add(String.valueOf(n));
            }
            rows.add(row);
        }
        html.heading(2, heading).table(head, rows, 1);
    }

    /** Thumbnails of those whose pixels are at hand, and a table of all. */
    static void wrong(Html html, List<String> head, List<Wrong> images, int numbers, Pictures pictures) {
        List<Pictures.Shown> shown = new ArrayList<>();
        images.forEach(w -> pictures.image(w.image).ifPresent(png -> shown.add(new Pictures.Shown(w.caption, png))));
        if (!shown.isEmpty()) {
            html.gallery(shown);
        }
        if (!images.isEmpty()) {
            html.table(head, images.stream().map(w -> {
                List<String> row = new ArrayList<>(List.of(w.image));
                row.addAll(w.cells);
                return row;
            }).toList(), numbers);
        }
    }

    static void exhibits(Html html, Pictures pictures) {
        for (Pictures.Exhibit e : pictures.exhibits()) {
            html.heading(2, e.heading());
            if (!e.text().isEmpty()) {
                html.paragraph(e.text());
            }
            html.row(e.pictures());
        }
    }

    /** As a shell takes it for one word. */
    static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./=,:+@%-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    /** Command, machine and options of a run. */
    static void environment(Html html, StoredRun r) {
        StringBuilder s = new StringBuilder();
        if (r.environment().get("command") instanceof List<?> command) {
            s.append("$ ").append(String.join(" ", command.stream().map(c -> quoted(String.valueOf(c))).toList())).append("\n\n");
        }
        r.environment().forEach((k, v) -> {
            if (!k.equals("command") && !k.equals("java_command")) {
                s.append(k).append(": ").append(v).append('\n');
            }
        });
        s.append("\noptions\n");
        r.options().forEach((k, v) -> s.append("  ").append(k).append(' ').append(v).append('\n'));
        html.heading(3, r.name()).preformatted(s.toString());
    }
}
