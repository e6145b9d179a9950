package org.jmoco.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.jmoco.checkpoint.AtomicFile;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Curves over epochs as a PNG, one panel below the other: losses first, then whatever lies between 0 and 1. */
public final class CurvesPng {
    private static final int PANEL_WIDTH = 900;
    private static final int PANEL_HEIGHT = 380;

    /** Beyond this many points a marker on each hides the line. */
    private static final int MARKED_POINTS = 30;

    /** Pixels between two marks of the axis at least: room for a number of five digits. */
    private static final int MARK_SPACING = 50;

    private CurvesPng() {}

    /** One line of a panel; points whose y is not finite are left out. */
    public record Curve(String name, double[] x, double[] y) {}

    /** One diagram. */
    public record Panel(String yAxis, List<Curve> curves) {}

    /**
     * Draws the columns of a {@link CsvLog}: those named after a loss in one panel; those named after an accuracy, an AUC
     * or an F1 in another. Other columns are left out.
     *
     * @return what went wrong, in one line for the user; empty if the picture is there
     */
    public static Optional<String> draw(Path csv, Path png, String title) {
        LinkedHashMap<String, double[]> table = CsvLog.read(csv);
        double[] epochs = table.getOrDefault(CsvLog.EPOCH, new double[0]);
        List<Curve> losses = new ArrayList<>();
        List<Curve> scores = new ArrayList<>();
        for (Map.Entry<String, double[]> column : table.entrySet()) {
            String name = column.getKey().toLowerCase(Locale.ROOT);
            Curve curve = new Curve(column.getKey().replace('_', ' '), epochs, column.getValue());
            if (name.contains("loss")) {
                losses.add(curve);
            } else if (name.contains("accuracy") || name.contains("auc") || name.contains("f1")) {
                scores.add(curve);
            }
        }
        return draw(png, title, List.of(new Panel("loss", losses), new Panel("score", scores)));
    }

    /**
     * Draws panels; those without a finite point are left out.
     *
     * @return what went wrong, in one line for the user; empty if the picture is there
     * @throws org.jmoco.tensor.UserError if the file cannot be written
     */
    public static Optional<String> draw(Path png, String title, List<Panel> panels) {
        byte[] bytes;
        try {
            List<XYChart> charts = new ArrayList<>();
            for (Panel panel : panels) {
                chart(charts.isEmpty() ? title : "", panel).ifPresent(charts::add);
            }
            if (charts.isEmpty()) {
                return Optional.of(png.getFileName() + " is not drawn: there are no figures yet.");
            }
            bytes = encode(charts);
        } catch (RuntimeException | LinkageError | InternalError e) {
            // Java's text drawing needs native libraries and at least one font, and says so by any of these. A run of
            // hours must not end for a picture, and its figures are in the CSV file.
            return Optional.of(png.getFileName() + " is not drawn: Java cannot draw text here (" + firstLine(e)
                    + "). Install fonts, as in: apt install fontconfig libfreetype6 fonts-dejavu-core");
        }
        AtomicFile.replace(png, bytes);
        return Optional.empty();
    }

    private static Optional<XYChart> chart(String title, Panel panel) {
        XYChart chart = new XYChartBuilder()
                .width(PANEL_WIDTH)
                .height(PANEL_HEIGHT)
                .title(title)
                .xAxisTitle(CsvLog.EPOCH)
                .yAxisTitle(panel.yAxis())
                .build();
        chart.getStyler().setLocale(Locale.ROOT).setPlotBorderVisible(false);
        chart.getStyler()
                .setChartTitleVisible(!title.isEmpty())
                .setChartBackgroundColor(Color.WHITE)
                .setLegendPosition(Styler.LegendPosition.OutsideS)
                .setLegendLayout(Styler.LegendLayout.Horizontal)
                .setLegendBorderColor(Color.WHITE);
        for (Curve curve : panel.curves()) {
            double[][] points = finite(curve);
            if (points[0].length > 0) {
                chart.addSeries(curve.name(), points[0], points[1])
                        .setMarker(points[0].length <= MARKED_POINTS ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
            }
        }
        // All panels begin at 0 and end with the last epoch, and no mark stands between two epochs.
        double last = panel.curves().stream().flatMapToDouble(c -> Arrays.stream(c.x())).max().orElse(1);
        chart.getStyler()
                .setXAxisMin(0.0)
                .setXAxisMax(last)
                .setXAxisTickMarkSpacingHint((int) Math.max(MARK_SPACING, PANEL_WIDTH / (last + 1)));
        return chart.getSeriesMap().isEmpty() ? Optional.empty() : Optional.of(chart);
    }

    private static double[][] finite(Curve curve) {
        int n = 0;
        double[] x = new double[curve.y().length];
        double[] y = new double[curve.y().length];
        for (int i = 0; i < y.length; i++) {
            if (Double.isFinite(curve.x()[i]) && Double.isFinite(curve.y()[i])) {
                x[n] = curve.x()[i];
                y[n++] = curve.y()[i];
            }
        }
        return new double[][] {Arrays.copyOf(x, n), Arrays.copyOf(y, n)};
    }

    private static byte[] encode(List<XYChart> charts) {
        BufferedImage sheet =
                new BufferedImage(PANEL_WIDTH, PANEL_HEIGHT * charts.size(), BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet.createGraphics();
        for (int i = 0; i < charts.size(); i++) {
            g.drawImage(BitmapEncoder.getBufferedImage(charts.get(i)), 0, i * PANEL_HEIGHT, null);
        }
        g.dispose();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(sheet, "png", out)) {
                throw new IllegalStateException("this Java has no PNG writer");
            }
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
        return out.toByteArray();
    }

    private static String firstLine(Throwable e) {
        return (e.getClass().getSimpleName() + ": " + e.getMessage()).lines().findFirst().orElse("");
    }
}
