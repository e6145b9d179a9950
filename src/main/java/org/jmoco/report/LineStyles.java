package org.jmoco.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.util.ArrayList;
import java.util.List;

/**
 * Colours and dashes by which the lines of a diagram are told apart: all colours whole first, then all in each kind of dashes.
 */
final class LineStyles {
    /** Far from each other for most eyes and on white; three of them are of Okabe and Ito, "Color Universal Design", 2008. */
    static final List<Color> COLOURS = List.of(new Color(0x005AB5), new Color(0xD55E00), new Color(0x009E73), new Color(0x7B3294),
            new Color(0x56B4E9), new Color(0x111111), new Color(0xE7298A), new Color(0x8A6D1B));

    /** Pixels drawn and left out; the first is a whole line. */
    static final List<float[]> DASHES = List.of(new float[0], new float[] {9, 5}, new float[] {2, 4}, new float[] {18, 7});

    /** More lines than this cannot be told apart. */
    static final int MOST = COLOURS.size() * DASHES.size();

    private static final float WIDTH = 2;
    private static final float WIDTH_OF_LEVEL = 1.5f;
    private static final float[] DASHES_OF_LEVEL = {6, 6};

    private LineStyles() {
    }

    static Color colour(int line) {
        return COLOURS.get(line % COLOURS.size());
    }

    static float[] dashes(int line) {
        return DASHES.get(line / COLOURS.size() % DASHES.size());
    }

    static BasicStroke stroke(int line) {
        return stroke(WIDTH, dashes(line));
    }

    /** Of a line that is no result: guessing. */
    static BasicStroke level() {
        return stroke(WIDTH_OF_LEVEL, DASHES_OF_LEVEL);
    }

    private static BasicStroke stroke(float width, float[] dashes) {
        return dashes.length == 0 ? new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND)
                : new BasicStroke(width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, dashes, 0);
    }

    /**
     * A line in pieces, as dashes show it. XChart begins the dashes anew at each point, so that a line of many points looks
     * whole.
     *
     * @param points {x, y}, in pixels
     * @return {x, y} with NaN between pieces; each piece is no longer than a dash
     */
    static double[][] cut(double[][] points, float[] dashes) {
        List<double[]> out = new ArrayList<>();
        double left = dashes[0];
        boolean drawn = true;
        for (int i = 0; i < points[0].length; i++) {
            if (i > 0) {
                double x = points[0][i - 1];
                double y = points[1][i - 1];
                double rest = Math.hypot(points[0][i] - x, points[1][i] - y);
                while (rest > left) {
                    x += (points[0][i] - x) * left / rest;
                    y += (points[1][i] - y) * left / rest;
                    rest -= left;
                    out.add(new double[] {x, y});
                    if (drawn) {
                        out.add(new double[] {x, Double.NaN});
                    }
                    drawn = !drawn;
                    left = dashes[drawn ? 0 : 1];
                }
                left -= rest;
            }
            if (drawn) {
                out.add(new double[] {points[0][i], points[1][i]});
            }
        }
        return new double[][] {out.stream().mapToDouble(p -> p[0]).toArray(), out.stream().mapToDouble(p -> p[1]).toArray()};
    }
}
