package org.jmoco.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.knowm.xchart.internal.chartpart.Axis;
import org.knowm.xchart.internal.chartpart.AxisPair;
import org.knowm.xchart.internal.chartpart.AxisTickCalculator;
import org.knowm.xchart.internal.chartpart.AxisTickCalculator_;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler;

class LineChartTest {
    private static LineChart.Line line(String name, double... y) {
        return LineChart.Line.of(name, new double[][] {IntStream.rangeClosed(1, y.length).asDoubleStream().toArray(), y});
    }

    /**
     * What XChart decides when it paints: texts at the axis, those outside of it aside. It tells nobody, so that this looks
     * inside.
     */
    private static List<String> marks(LineChart chart, boolean vertical) throws ReflectiveOperationException {
        chart.image();
        Field pair = Chart.class.getDeclaredField("axisPair");
        pair.setAccessible(true);
        Method axis = AxisPair.class.getDeclaredMethod(vertical ? "getYAxis" : "getXAxis");
        axis.setAccessible(true);
        Method labels = AxisTickCalculator.class.getMethod("getTickLabels");
        labels.setAccessible(true);
        Object calculator = ((Axis<?, ?>) axis.invoke(pair.get(chart.chart()))).getAxisTickCalculator();
        List<?> texts = (List<?>) labels.invoke(calculator);
        Method locations = AxisTickCalculator.class.getMethod("getTickLocations");
        locations.setAccessible(true);
        List<?> pixels = (List<?>) locations.invoke(calculator);
        Field space = AxisTickCalculator_.class.getDeclaredField("workingSpace");
        space.setAccessible(true);
        double end = space.getDouble(calculator);
        return IntStream.range(0, texts.size()).filter(i -> (double) pixels.get(i) >= 0 && (double) pixels.get(i) <= end)
                .mapToObj(i -> texts.get(i).toString()).toList();
    }

    /** Two epochs are always equally spaced: XChart's own marks would stand on them, with 16 digits. */
    @Test
    @Timeout(60) // XChart looks for marks of different texts for ever
    void paintedMarksAreTheRoundOnes() throws ReflectiveOperationException {
        LineChart chart = LineChart.overEpochs("", 900, 380, "loss", List.of(line("loss", 5.155107629154959, 5.149865781107256)));
        assertEquals(Ticks.around(5.149865781107256, 5.155107629154959).labels(), marks(chart, true));
        assertEquals(List.of("1", "2"), marks(chart, false));
        for (int epochs : new int[] {1, 3, 5, 8, 9, 12, 20, 33, 140, 200, 500}) {
            double[] y = IntStream.range(0, epochs).mapToDouble(e -> 1 / (1.0 + e)).toArray();
            LineChart long1 = LineChart.overEpochs("title", 900, 420, "loss", List.of(line("loss", y)));
            Ticks x = Ticks.epochs(1, epochs);
            List<String> drawn = x.labels().subList(x.begin() > 0 ? 1 : 0, epochs == 1 ? 2 : x.steps() + 1);
            assertEquals(drawn, marks(long1, false), epochs + " epochs");
            assertEquals(x.begin(), long1.chart().getStyler().getXAxisMin());
            assertEquals(x.end(), long1.chart().getStyler().getXAxisMax());
            assertEquals(Ticks.around(y[epochs - 1], 1).labels(), marks(long1, true), epochs + " epochs");
        }
    }

    /** 49 negatives and 49 positives make equal steps of 1/49. */
    @Test
    void rocHasFifthsWhateverTheNumberOfImages() throws ReflectiveOperationException {
        double[] steps = IntStream.rangeClosed(0, 49).mapToDouble(i -> i / 49.0).toArray();
        LineChart roc = Charts.rocChart(Map.of("run", new double[][] {steps, steps}));
        assertEquals(List.of("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"), marks(roc, true));
        assertEquals(List.of("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"), marks(roc, false));
    }

    @Test
    void coloursAreFarApart() {
        for (int i = 0; i < LineStyles.COLOURS.size(); i++) {
            for (int j = 0; j < i; j++) {
                double d = distance(LineStyles.COLOURS.get(i), LineStyles.COLOURS.get(j));
                assertTrue(d > 30, "colours " + j + " and " + i + " are " + d + " apart in Lab");
            }
            assertTrue(distance(LineStyles.COLOURS.get(i), Color.WHITE) > 40, "colour " + i + " is pale");
        }
    }

    /** CIE 1976; 2.3 is what can just be seen side by side. */
    private static double distance(Color a, Color b) {
        double[] p = lab(a);
        double[] q = lab(b);
        return Math.sqrt(IntStream.range(0, 3).mapToDouble(i -> (p[i] - q[i]) * (p[i] - q[i])).sum());
    }

    private static double[] lab(Color c) {
        // white is 0.9642, 1, 0.8249
        float[] xyz = ColorSpace.getInstance(ColorSpace.CS_CIEXYZ).fromRGB(c.getRGBColorComponents(null));
        double[] f = {Math.cbrt(xyz[0] / 0.9642), Math.cbrt(xyz[1]), Math.cbrt(xyz[2] / 0.8249)};
        return new double[] {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
    }

    @Test
    void noTwoLinesLookAlike() {
        List<LineChart.Line> lines = IntStream.range(0, LineStyles.MOST).mapToObj(i -> line("run " + i, i, i + 1, i)).toList();
        Set<String> seen = new HashSet<>();
        LineChart.overEpochs("", 900, 420, "y", lines).chart().getSeriesMap().values().stream().filter(s -> s.isShowInLegend())
                .forEach(s -> seen.add(s.getLineColor() + " " + Arrays.toString(s.getLineStyle().getDashArray())));
        assertEquals(LineStyles.MOST, seen.size());
    }

    @Test
    void dashesGoOnOverManyShortPieces() {
        double[] x = IntStream.rangeClosed(0, 100).asDoubleStream().toArray();
        double[][] cut = LineStyles.cut(new double[][] {x, new double[101]}, new float[] {9, 5});
        double drawn = 0;
        int pieces = 1;
        for (int i = 1; i < cut[0].length; i++) {
            pieces += Double.isNaN(cut[1][i]) ? 1 : 0;
            drawn += Double.isNaN(cut[1][i]) || Double.isNaN(cut[1][i - 1]) ? 0 : cut[0][i] - cut[0][i - 1];
        }
        assertEquals(7 * 9 + 2, drawn, 1e-9, "0..9, 14..23, ... 84..93, 98..100");
        assertEquals(8, pieces);
    }

    @Test
    void longLegendsStandBesideTheLinesAndFit() {
        List<LineChart.Line> few = List.of(line("loss", 1, 2), line("val loss", 2, 1));
        assertEquals(Styler.LegendPosition.OutsideS, LineChart.overEpochs("", 900, 420, "y", few).chart().getStyler()
                .getLegendPosition());
        List<LineChart.Line> many = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            many.add(line("a run with a name of some length, number " + i, i, 2 * i));
        }
        LineChart chart = LineChart.overEpochs("", 900, 420, "y", many);
        assertEquals(Styler.LegendPosition.OutsideE, chart.chart().getStyler().getLegendPosition());
        BufferedImage image = chart.image();
        for (int y = 0; y < image.getHeight(); y++) {
            assertEquals(0xFFFFFF, image.getRGB(image.getWidth() - 1, y) & 0xFFFFFF, "cut off at the right, line " + y);
        }
        for (int x = 0; x < image.getWidth(); x++) {
            assertEquals(0xFFFFFF, image.getRGB(x, 0) & 0xFFFFFF, "cut off above, column " + x);
            assertEquals(0xFFFFFF, image.getRGB(x, image.getHeight() - 1) & 0xFFFFFF, "cut off below, column " + x);
        }
        assertTrue(LineChart.broken("moco-start-".repeat(8)).lines().allMatch(l -> l.length() <= 30));
        assertEquals("all (CIFAR-10 + ct-unlabeled\n(in place of LUNA) + COVID-CT)",
                LineChart.broken("all (CIFAR-10 + ct-unlabeled (in place of LUNA) + COVID-CT)"));
    }

    /** A stage without kNN accuracy has no line in that diagram; the others keep their colours. */
    @Test
    void aNameWithoutValuesKeepsItsColour() {
        LineChart all = LineChart.overEpochs("", 900, 420, "y", List.of(line("a", 1, 2), line("b", 2, 3), line("c", 3, 4)));
        LineChart some = LineChart.overEpochs("", 900, 420, "y", List.of(line("a", 1, 2), line("b"), line("c", 3, 4)));
        assertFalse(some.chart().getSeriesMap().containsKey("b"));
        assertEquals(all.chart().getSeriesMap().get("c").getLineColor(), some.chart().getSeriesMap().get("c").getLineColor());
    }

    @Test
    void guessingIsShownWhereItIsNear() {
        List<LineChart.Line> near = List.of(line("loss", 5.155, 5.150));
        assertEquals(2, LineChart.withLevel(near, "guessing", Math.log(257)).size(), "5.549 is within a tenth");
        assertEquals(2, LineChart.withLevel(List.of(line("loss", 8.4, 6.0)), "guessing", 8.318).size());
        assertEquals(1, LineChart.withLevel(List.of(line("loss", 0.7, 0.6)), "guessing", 5.549).size());
        assertFalse(LineChart.withLevel(near, "guessing", Double.NaN).size() > 1);
    }
}
