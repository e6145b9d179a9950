package org.jmoco.report;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.jmoco.checkpoint.AtomicFile;

/** Curves over epochs as a PNG, one panel below the other: losses first, then whatever lies between 0 and 1. */
public final class CurvesPng {
    private static final int PANEL_WIDTH = 900;
    private static final int PANEL_HEIGHT = 380;

    private CurvesPng() {}

    /** One diagram. */
    record Panel(String yAxis, List<LineChart.Line> lines) {}

    /** As {@link #draw(Path, Path, String, double)}, without a level of guessing. */
    public static Optional<String> draw(Path csv, Path png, String title) {
        return draw(csv, png, title, Double.NaN);
    }

    /**
     * Draws the columns of a {@link CsvLog}: those named after a loss in one panel; those named after an accuracy, an AUC
     * or an F1 in another. Other columns are left out.
     *
     * @param guessing loss of guessing, drawn as a grey line where it is near; NaN for none
     * @return what went wrong, in one line for the user; empty if the picture is there
     */
    public static Optional<String> draw(Path csv, Path png, String title, double guessing) {
        return draw(png, title, panels(csv, guessing));
    }

    /** Losses, and scores; either may be without a line. */
    static List<Panel> panels(Path csv, double guessing) {
        LinkedHashMap<String, double[]> table = CsvLog.read(csv);
        double[] epochs = table.getOrDefault(CsvLog.EPOCH, new double[0]);
        List<LineChart.Line> losses = new ArrayList<>();
        List<LineChart.Line> scores = new ArrayList<>();
        for (Map.Entry<String, double[]> column : table.entrySet()) {
            String name = column.getKey().toLowerCase(Locale.ROOT);
            double[][] points = Charts.finite(epochs, column.getValue());
            LineChart.Line line = LineChart.Line.of(CsvLog.words(column.getKey()), points);
            if (points[0].length == 0) {
                continue;
            }
            if (name.contains("loss")) {
                losses.add(line);
            } else if (name.contains("accuracy") || name.contains("auc") || name.contains("f1")) {
                scores.add(line);
            }
        }
        List<LineChart.Line> withLevel = losses.isEmpty() ? losses
                : LineChart.withLevel(losses, ReportParts.guessing(guessing), guessing);
        return List.of(new Panel("loss", withLevel), new Panel("score", scores));
    }

    /**
     * Draws panels; those without a line are left out.
     *
     * @return what went wrong, in one line for the user; empty if the picture is there
     * @throws org.jmoco.tensor.UserError if the file cannot be written
     */
    private static Optional<String> draw(Path png, String title, List<Panel> panels) {
        byte[] bytes;
        try {
            List<BufferedImage> charts = new ArrayList<>();
            for (Panel panel : panels) {
                if (!panel.lines().isEmpty()) {
                    charts.add(LineChart.overEpochs(charts.isEmpty() ? title : "", PANEL_WIDTH, PANEL_HEIGHT, panel.yAxis(),
                            panel.lines()).image());
                }
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

    private static byte[] encode(List<BufferedImage> charts) {
        BufferedImage sheet = new BufferedImage(PANEL_WIDTH, charts.stream().mapToInt(BufferedImage::getHeight).sum(),
                BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet.createGraphics();
        int y = 0;
        for (BufferedImage chart : charts) {
            g.drawImage(chart, 0, y, null);
            y += chart.getHeight();
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
