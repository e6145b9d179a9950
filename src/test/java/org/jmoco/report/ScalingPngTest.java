package org.jmoco.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.knowm.xchart.XYChart;

class ScalingPngTest {
    private static final double[] SIZES = {16, 64};
    private static final List<ScalingPng.Series> TIMES = List.of(new ScalingPng.Series("measured", new double[] {4, 32}));

    @TempDir
    Path folder;

    @Test
    void axesAreLogarithmicAndNameValues() {
        XYChart chart = ScalingPng.chart("", "batch", "ms", SIZES, TIMES);
        assertArrayEquals(new double[] {4, 6}, chart.getSeriesMap().get("measured").getXData(), 1e-12);
        assertArrayEquals(new double[] {2, 5}, chart.getSeriesMap().get("measured").getYData(), 1e-12);
        assertEquals("64", chart.getStyler().getxAxisTickLabelsFormattingFunction().apply(6.0));
        assertEquals("5.66", chart.getStyler().getyAxisTickLabelsFormattingFunction().apply(2.5));
        assertEquals("4096", ScalingPng.label(12));
        assertEquals("0.000977", ScalingPng.label(-10));
    }

    @Test
    void drawsAPicture() throws Exception {
        Path png = folder.resolve("scaling.png");
        Optional<String> problem = ScalingPng.draw(png, "step", "batch", "ms", SIZES, TIMES);
        Assumptions.assumeTrue(problem.isEmpty(), "not run: " + problem.orElse(""));
        assertEquals(800, ImageIO.read(png.toFile()).getWidth());
    }
}
