package org.jmoco.report;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jmoco.checkpoint.AtomicFile;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;

/** Measured and predicted values over one growing size, both axes logarithmic: equal slopes mean equal laws. */
public final class ScalingPng {
    /** @param y a positive value for each x */
    public record Series(String name, double[] y) {
    }

    private ScalingPng() {
    }

    /**
     * @param x values of the size, positive
     * @param unit of the values, as {@code ms}
     * @return what went wrong, in one line for the user; empty if the picture is there
     * @throws org.jmoco.tensor.UserError if the file cannot be written
     */
    public static Optional<String> draw(Path png, String title, String size, String unit, double[] x, List<Series> series) {
        XYChart chart = new XYChartBuilder().width(800).height(500).title(title).xAxisTitle(size).yAxisTitle(unit).build();
        chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true).setLegendPosition(Styler.LegendPosition.InsideNW)
                .setChartBackgroundColor(Color.WHITE);
        series.forEach(s -> chart.addSeries(s.name(), x, s.y()));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            BitmapEncoder.saveBitmap(chart, bytes, BitmapEncoder.BitmapFormat.PNG);
        } catch (IOException | RuntimeException | LinkageError | InternalError noFonts) {
            return Optional.of(png.getFileName() + " is not drawn: Java cannot draw text here (" + noFonts.getMessage() + "); install fonts");
        }
        AtomicFile.replace(png, bytes.toByteArray());
        return Optional.empty();
    }
}
