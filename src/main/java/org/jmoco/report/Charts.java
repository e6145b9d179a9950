package org.jmoco.report;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Diagrams of a report as PNG bytes; empty where Java cannot draw text (no fonts): a missing picture is no reason to fail. */
public final class Charts {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 420;
    private static final int MAP = 440;
    private static final int DOT = 5;
    /** Between two marks of an axis: room for a number. */
    private static final int TICK_PIXELS = 45;
    /** More lines than this are drawn without a legend, which would be higher than the diagram. */
    private static final int MOST_NAMED = 24;

    private Charts() {
    }

    /** Lines by name: {x, y}. */
    static Optional<byte[]> lines(String x, String y, Map<String, double[][]> lines) {
        return png(chart(x, y, lines));
    }

    /** As {@link #lines}, with the diagonal. */
    static Optional<byte[]> roc(Map<String, double[][]> lines) {
        XYChart chart = chart("false positive rate", "true positive rate", lines);
        chart.addSeries("guessing", new double[] {0, 1}, new double[] {0, 1}).setMarker(SeriesMarkers.NONE).setLineColor(Color.LIGHT_GRAY);
        return png(chart);
    }

    /**
     * Points in a plane, square.
     *
     * @param points by the name of their class: N x 2
     * @param shares of the two axes in the variance, 0 .. 1
     */
    public static Optional<byte[]> map(Map<String, List<double[]>> points, double[] shares) {
        XYChart chart = new XYChartBuilder().width(MAP).height(MAP).xAxisTitle(component(1, shares[0])).yAxisTitle(component(2, shares[1]))
                .build();
        style(chart, points.size());
        chart.getStyler().setDefaultSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter).setMarkerSize(DOT);
        points.forEach((name, p) -> chart.addSeries(name, p.stream().mapToDouble(v -> v[0]).toArray(), p.stream().mapToDouble(v -> v[1]).toArray())
                .setMarker(SeriesMarkers.CIRCLE));
        return png(chart);
    }

    private static String component(int n, double share) {
        return String.format(Locale.ROOT, "component %d (%.0f %% of the variance)", n, 100 * share);
    }

    /** Points whose y is finite: {x, y}. */
    static double[][] finite(double[] x, double[] y) {
        List<double[]> points = new ArrayList<>();
        for (int i = 0; i < Math.min(x.length, y.length); i++) {
            if (Double.isFinite(y[i])) {
                points.add(new double[] {x[i], y[i]});
            }
        }
        return new double[][] {points.stream().mapToDouble(p -> p[0]).toArray(), points.stream().mapToDouble(p -> p[1]).toArray()};
    }

    private static XYChart chart(String x, String y, Map<String, double[][]> lines) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).xAxisTitle(x).yAxisTitle(y).build();
        style(chart, lines.size());
        chart.getStyler().setYAxisTickMarkSpacingHint(TICK_PIXELS).setXAxisTickMarkSpacingHint(2 * TICK_PIXELS);
        lines.forEach((name, points) -> {
            XYSeries s = chart.addSeries(name, points[0], points[1]);
            s.setMarker(points[0].length == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        });
        return chart;
    }

    private static void style(XYChart chart, int names) {
        chart.getStyler().setLocale(Locale.ROOT).setChartBackgroundColor(Color.WHITE).setPlotBorderVisible(false)
                .setLegendPosition(Styler.LegendPosition.OutsideS).setLegendLayout(Styler.LegendLayout.Horizontal).setLegendBorderColor(Color.WHITE)
                .setLegendVisible(names <= MOST_NAMED);
    }

    private static Optional<byte[]> png(XYChart chart) {
        try {
            ByteArrayOutputStream png = new ByteArrayOutputStream();
            BitmapEncoder.saveBitmap(chart, png, BitmapEncoder.BitmapFormat.PNG);
            return Optional.of(png.toByteArray());
        } catch (IOException | RuntimeException | LinkageError | InternalError noFonts) { // as in CurvesPng
            return Optional.empty();
        }
    }
}
