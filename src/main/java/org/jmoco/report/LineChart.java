package org.jmoco.report;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A diagram of lines or points with round marks, lines that can be told apart, and a legend that fits.
 *
 * <p>XChart draws it in units of marks: where it is left to choose, it puts marks on the data if these are equally spaced by
 * chance (any two epochs are), as in 5.149865781107256, and its legend in one row is cut off at the picture's edge.
 */
final class LineChart {
    /** Beyond this many points a marker on each hides the line. */
    private static final int MARKED_POINTS = 30;
    /** Pixels of a character of the legend and of what stands before a name: XChart's 14 points are a little narrower. */
    private static final double CHARACTER = 8.5;
    private static final int ENTRY = 40;
    /** Characters of a name in a legend beside the diagram. */
    private static final int LONGEST_NAME = 30;
    private static final int ROW = 24;
    /**
     * Parts of the picture that the lines' area takes, about, if no legend stands beside it: for the spacing of marks and dashes.
     */
    private static final double INNER_WIDTH = 0.82;
    private static final double INNER_HEIGHT = 0.7;
    /**
     * XChart takes the round step that is nearest to a spacing, from 3/4 to 3/2 of it; a spacing beyond the area leaves no mark.
     */
    private static final double SPACING = 0.85;
    private static final int DOT = 5;
    private static final List<Marker> MARKERS = List.of(SeriesMarkers.CIRCLE, SeriesMarkers.SQUARE, SeriesMarkers.TRIANGLE_UP,
            SeriesMarkers.DIAMOND);
    /** Two points without a picture: with them no data are equally spaced. */
    private static final double[] UNEVEN = {0.1, 0.3719};

    /**
     * A line, or points. One without values is not drawn, but has its colour: so others keep theirs in all diagrams of a page.
     *
     * @param level true for a grey line that is no result, as the level of guessing
     */
    record Line(String name, double[] x, double[] y, boolean level) {
        static Line of(String name, double[][] points) {
            return new Line(name, points[0], points[1], false);
        }

        private boolean drawn() {
            return x.length > 0;
        }
    }

    private final double innerWidth;
    private final double innerHeight;
    private final Ticks x;
    private final Ticks y;
    private final XYChart chart;
    private int drawn;

    /** @param lines at least one, without NaN */
    LineChart(String title, int width, int height, String xAxis, String yAxis, Ticks x, Ticks y, List<Line> lines) {
        this(title, width, height, xAxis, yAxis, x, y, lines, false);
    }

    private LineChart(String title, int width, int height, String xAxis, String yAxis, Ticks x, Ticks y, List<Line> lines,
            boolean points) {
        boolean below = lines.stream().filter(Line::drawn).mapToDouble(l -> ENTRY + CHARACTER * l.name.length()).sum() < width;
        List<String> names = lines.stream().map(l -> below ? l.name : broken(l.name)).toList();
        int rows = names.stream().mapToInt(n -> n.split("\n").length).sum();
        boolean named = lines.size() <= LineStyles.MOST;
        boolean beside = named && !below;
        int high = beside ? Math.max(height, ROW * (rows + 2)) : height;
        innerWidth = INNER_WIDTH * width - (beside ? ENTRY + CHARACTER * longest(names) : 0);
        innerHeight = INNER_HEIGHT * high;
        this.x = x;
        this.y = y;
        chart = new XYChartBuilder().width(width).height(high).title(title).xAxisTitle(xAxis).yAxisTitle(yAxis).build();
        chart.getStyler().setLocale(Locale.ROOT).setPlotBorderVisible(false).setChartTitleVisible(!title.isEmpty())
                .setChartBackgroundColor(Color.WHITE)
                .setLegendPosition(below ? Styler.LegendPosition.OutsideS : Styler.LegendPosition.OutsideE)
                .setLegendLayout(below ? Styler.LegendLayout.Horizontal : Styler.LegendLayout.Vertical)
                .setLegendBorderColor(Color.WHITE)
                .setLegendVisible(named);
        axes();
        for (int i = 0; i < lines.size(); i++) {
            if (points) {
                points(names.get(i), lines.get(i));
            } else {
                line(names.get(i), lines.get(i));
            }
        }
    }

    /** Lines over epochs; the second axis as the lines need it. */
    static LineChart overEpochs(String title, int width, int height, String yAxis, List<Line> lines) {
        double first = lines.stream().flatMapToDouble(l -> Arrays.stream(l.x)).min().orElse(0);
        double last = lines.stream().flatMapToDouble(l -> Arrays.stream(l.x)).max().orElse(1);
        double[] all = lines.stream().flatMapToDouble(l -> Arrays.stream(l.y)).toArray();
        return new LineChart(title, width, height, CsvLog.EPOCH, yAxis, Ticks.epochs(first, last), around(all), lines);
    }

    /** Points without lines. */
    static LineChart scatter(int size, String xAxis, String yAxis, List<Line> points) {
        return new LineChart("", size, size, xAxis, yAxis,
                around(points.stream().flatMapToDouble(l -> Arrays.stream(l.x)).toArray()),
                around(points.stream().flatMapToDouble(l -> Arrays.stream(l.y)).toArray()), points, true);
    }

    private static Ticks around(double[] values) {
        return Ticks.around(DoubleStream.of(values).min().orElse(0), DoubleStream.of(values).max().orElse(1));
    }

    /**
     * A level as a line from the first epoch to the last, if it is worth the room: it lies among the values, or about as far from
     * them as they from each other, or within a tenth of them.
     *
     * @return the lines and the level, or the lines alone
     */
    static List<Line> withLevel(List<Line> lines, String name, double level) {
        double low = lines.stream().flatMapToDouble(l -> Arrays.stream(l.y)).min().orElse(Double.NaN);
        double high = lines.stream().flatMapToDouble(l -> Arrays.stream(l.y)).max().orElse(Double.NaN);
        double room = Math.max(high - low, 0.1 * Math.abs(level));
        if (!(level > low - room && level < high + room)) {
            return lines;
        }
        double first = lines.stream().flatMapToDouble(l -> Arrays.stream(l.x)).min().orElse(0);
        double last = lines.stream().flatMapToDouble(l -> Arrays.stream(l.x)).max().orElse(1);
        List<Line> all = new ArrayList<>(lines);
        double beyond = first < last ? 0 : 0.5; // a single epoch has half of one on each side
        all.add(new Line(name, new double[] {first - beyond, last + beyond}, new double[] {level, level}, true));
        return all;
    }

    BufferedImage image() {
        return BitmapEncoder.getBufferedImage(chart);
    }

    XYChart chart() {
        return chart;
    }

    private void axes() {
        chart.getStyler().setXAxisMin(x.begin()).setXAxisMax(x.end()).setYAxisMin(y.begin())
                .setYAxisMax(y.end())
                .setXAxisTickMarkSpacingHint((int) (SPACING * innerWidth / x.length()))
                .setYAxisTickMarkSpacingHint((int) (SPACING * innerHeight / y.length()))
                .setxAxisTickLabelsFormattingFunction(v -> x.label((int) Math.round(v)))
                .setyAxisTickLabelsFormattingFunction(v -> y.label((int) Math.round(v)));
        XYSeries none = chart.addSeries(" ", UNEVEN, UNEVEN);
        none.setMarker(SeriesMarkers.NONE);
        none.setLineStyle(SeriesLines.NONE);
        none.setShowInLegend(false);
    }

    private static int longest(List<String> names) {
        return names.stream().flatMap(String::lines).mapToInt(String::length).max().orElse(0);
    }

    private void line(String name, Line line) {
        if (!line.drawn()) {
            drawn++;
            return;
        }
        double[][] at = places(line);
        if (line.level) {
            XYSeries s = chart.addSeries(free(name), at[0], at[1]);
            s.setMarker(SeriesMarkers.NONE);
            s.setLineColor(Color.GRAY).setLineStyle(LineStyles.level());
            return;
        }
        float[] dashes = LineStyles.dashes(drawn);
        boolean marked = line.x.length <= MARKED_POINTS;
        double[][] shown = dashes.length == 0 || line.x.length < 2 ? at : dashed(at, dashes);
        XYSeries s = chart.addSeries(free(name), shown[0], shown[1]);
        s.setLineColor(LineStyles.colour(drawn)).setLineStyle(LineStyles.stroke(drawn));
        s.setMarkerColor(LineStyles.colour(drawn)).setMarker(shown == at && marked ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        drawn++;
    }

    private void points(String name, Line line) {
        double[][] at = places(line);
        XYSeries s = chart.addSeries(free(name), at[0], at[1]);
        s.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
        s.setMarkerColor(LineStyles.colour(drawn)).setMarker(MARKERS.get(drawn / LineStyles.COLOURS.size() % MARKERS.size()));
        chart.getStyler().setMarkerSize(DOT);
        drawn++;
    }

    /** XChart refuses a name that it has. */
    private String free(String name) {
        return chart.getSeriesMap().containsKey(name) ? free(name + " ") : name;
    }

    private double[][] places(Line line) {
        return new double[][] {Arrays.stream(line.x).map(x::place).toArray(), Arrays.stream(line.y).map(y::place).toArray()};
    }

    private double[][] dashed(double[][] places, float[] dashes) {
        double right = innerWidth / x.length();
        double up = innerHeight / y.length();
        double[][] pixels = {Arrays.stream(places[0]).map(v -> v * right).toArray(),
                Arrays.stream(places[1]).map(v -> v * up).toArray()};
        double[][] cut = LineStyles.cut(pixels, dashes);
        return new double[][] {Arrays.stream(cut[0]).map(v -> v / right).toArray(),
                Arrays.stream(cut[1]).map(v -> v / up).toArray()};
    }

    /** In rows that stand beside the diagram, broken behind a space or a sign that opens nothing. */
    static String broken(String name) {
        if (name.length() <= LONGEST_NAME) {
            return name;
        }
        int at = LONGEST_NAME;
        while (at > LONGEST_NAME / 2 && (Character.isLetterOrDigit(name.charAt(at - 1)) || name.charAt(at - 1) == '(')) {
            at--;
        }
        at = at > LONGEST_NAME / 2 ? at : LONGEST_NAME;
        return name.substring(0, at).stripTrailing() + "\n" + broken(name.substring(at).strip());
    }
}
