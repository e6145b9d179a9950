package org.jmoco.report;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.Arrays;
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
        XYChart chart = chart(title, size, unit, x, series);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            BitmapEncoder.saveBitmap(chart, bytes, BitmapEncoder.BitmapFormat.PNG);
        } catch (IOException | RuntimeException | LinkageError | InternalError noFonts) {
            return Optional.of(png.getFileName() + " is not drawn: Java cannot draw text here (" + noFonts.getMessage()
                    + "); install fonts");
        }
        AtomicFile.replace(png, bytes.toByteArray());
        return Optional.empty();
    }

    /** XChart's own logarithmic axes name decades alone: a sweep from 16 to 64 would stand on an axis without a number. */
    static XYChart chart(String title, String size, String unit, double[] x, List<Series> series) {
        XYChart chart = new XYChartBuilder().width(800).height(500).title(title).xAxisTitle(size).yAxisTitle(unit).build();
        chart.getStyler().setxAxisTickLabelsFormattingFunction(ScalingPng::label)
                .setyAxisTickLabelsFormattingFunction(ScalingPng::label)
                .setLegendPosition(Styler.LegendPosition.OutsideE).setChartBackgroundColor(Color.WHITE);
        series.forEach(s -> chart.addSeries(s.name(), exponents(x), exponents(s.y())));
        return chart;
    }

    private static double[] exponents(double[] values) {
        return Arrays.stream(values).map(v -> Math.log(v) / Math.log(2)).toArray();
    }

    /** The value at {@code exponent} of two, in three significant digits, or all before the point. */
    static String label(double exponent) {
        double value = Math.pow(2, exponent);
        int digits = value < 1000 ? 3 : (int) Math.log10(value) + 1;
        return new BigDecimal(value).round(new MathContext(digits)).stripTrailingZeros().toPlainString();
    }
}
