package org.jmoco.report;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jmoco.checkpoint.AtomicFile;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;

/** Measured and predicted times over one growing size, both axes logarithmic: equal slopes mean equal laws. */
public final class ScalingPng {
    private ScalingPng() {
    }

    /**
     * @param x values of the size, positive
     * @param measured milliseconds, @param predicted likewise
     * @return what went wrong, in one line for the user; empty if the picture is there
     * @throws org.jmoco.tensor.UserError if the file cannot be written
     */
    public static Optional<String> draw(Path png, String title, String size, double[] x, double[] measured, double[] predicted) {
        XYChart chart = new XYChartBuilder().width(800).height(500).title(title).xAxisTitle(size).yAxisTitle("ms").build();
        chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true).setLegendPosition(Styler.LegendPosition.InsideNW)
                .setChartBackgroundColor(Color.WHITE);
        chart.addSeries("measured", x, measured);
        chart.addSeries("roofline", x, predicted);
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
