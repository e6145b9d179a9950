package org.jmoco.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import javax.imageio.ImageIO;

/** Diagrams of a report as PNG bytes; empty where Java cannot draw text (no fonts): a missing picture is no reason to fail. */
public final class Charts {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 420;
    private static final int MAP = 440;

    private Charts() {
    }

    /** Lines over epochs. */
    static Optional<byte[]> overEpochs(String y, List<LineChart.Line> lines) {
        return png(() -> LineChart.overEpochs("", WIDTH, HEIGHT, y, lines));
    }

    /** ROC curves {false positive rates, true positive rates} by name, with the diagonal. */
    static Optional<byte[]> roc(Map<String, double[][]> curves) {
        return png(() -> rocChart(curves));
    }

    static LineChart rocChart(Map<String, double[][]> curves) {
        List<LineChart.Line> lines = new ArrayList<>();
        curves.forEach((name, points) -> lines.add(LineChart.Line.of(name, points)));
        lines.add(new LineChart.Line("guessing", new double[] {0, 1}, new double[] {0, 1}, true));
        return new LineChart("", WIDTH, HEIGHT, "false positive rate", "true positive rate", Ticks.SHARES, Ticks.SHARES, lines);
    }

    /**
     * Points in a plane, square.
     *
     * @param points by the name of their class: N x 2
     * @param shares of the two axes in the variance, 0 .. 1
     */
    public static Optional<byte[]> map(Map<String, List<double[]>> points, double[] shares) {
        List<LineChart.Line> classes = new ArrayList<>();
        points.forEach((name, p) -> classes.add(new LineChart.Line(name, p.stream().mapToDouble(v -> v[0]).toArray(),
                p.stream().mapToDouble(v -> v[1]).toArray(), false)));
        return png(() -> LineChart.scatter(MAP, component(1, shares[0]), component(2, shares[1]), classes));
    }

    private static String component(int n, double share) {
        return String.format(Locale.ROOT, "component %d (%.0f %% of the variance)", n, 100 * share);
    }

    /** Points whose y is finite: {x, y}. */
    static double[][] finite(double[] x, double[] y) {
        List<double[]> points = new ArrayList<>();
        for (int i = 0; i < Math.min(x.length, y.length); i++) {
            if (Double.isFinite(x[i]) && Double.isFinite(y[i])) {
                points.add(new double[] {x[i], y[i]});
            }
        }
        return new double[][] {points.stream().mapToDouble(p -> p[0]).toArray(),
                points.stream().mapToDouble(p -> p[1]).toArray()};
    }

    private static Optional<byte[]> png(Supplier<LineChart> chart) {
        try {
            ByteArrayOutputStream png = new ByteArrayOutputStream();
            ImageIO.write(chart.get().image(), "png", png);
            return Optional.of(png.toByteArray());
        } catch (IOException | RuntimeException | LinkageError | InternalError noFonts) { // as in CurvesPng
            return Optional.empty();
        }
    }
}
