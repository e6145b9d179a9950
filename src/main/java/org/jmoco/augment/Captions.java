package org.jmoco.augment;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/** Small text under pictures, or none at all on a machine without fonts. */
final class Captions {
    private static final int POINTS = 11;

    /** Pixels on the right, so that captions side by side do not read as one. */
    private static final int MARGIN = 4;

    private final Font font; // null: no fonts here
    private final FontMetrics metrics;

    private Captions(Font font, FontMetrics metrics) {
        this.font = font;
        this.metrics = metrics;
    }

    /** Captions that take no room and draw nothing. */
    static Captions none() {
        return new Captions(null, null);
    }

    /** The machine's sans-serif font; {@link #none} if drawing with it fails. */
    static Captions open() {
        Graphics2D g = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB).createGraphics();
        try {
            Font font = new Font(Font.SANS_SERIF, Font.PLAIN, POINTS);
            g.setFont(font);
            g.drawString("x", 0, 8);
            return new Captions(font, g.getFontMetrics());
        } catch (LinkageError | InternalError | RuntimeException e) {
            // A JVM without libfreetype, fontconfig or any font file fails here, and in no one way: UnsatisfiedLinkError,
            // then NoClassDefFoundError, InternalError or NullPointerException. Pictures are worth having without words.
            return none();
        } finally {
            g.dispose();
        }
    }

    boolean drawn() {
        return font != null;
    }

    /** The text in lines that leave {@link #MARGIN} of {@code width} pixels, broken at blanks, and within a longer word. */
    List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        if (font == null) {
            return lines;
        }
        String line = "";
        for (String word : text.split(" ")) {
            String longer = line.isEmpty() ? word : line + " " + word;
            if (!line.isEmpty() && !fits(longer, width)) {
                lines.add(line);
                longer = word;
            }
            while (longer.length() > 1 && !fits(longer, width)) {
                int n = longer.length() - 1;
                while (n > 1 && !fits(longer.substring(0, n), width)) {
                    n--;
                }
                lines.add(longer.substring(0, n));
                longer = longer.substring(n);
            }
            line = longer;
        }
        lines.add(line);
        return lines;
    }

    private boolean fits(String line, int width) {
        return metrics.stringWidth(line) <= width - MARGIN;
    }

    /** Pixels that {@code lines} lines take. */
    int height(int lines) {
        return font == null ? 0 : lines * metrics.getHeight();
    }

    /** Draws lines downwards from y, cut off at {@code width}. */
    void draw(Graphics2D g, List<String> lines, int x, int y, int width) {
        if (font == null) {
            return;
        }
        Graphics2D clipped = (Graphics2D) g.create(x, y, width, height(lines.size()));
        clipped.setFont(font);
        clipped.setColor(Color.BLACK);
        clipped.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        for (int i = 0; i < lines.size(); i++) {
            clipped.drawString(lines.get(i), 0, i * metrics.getHeight() + metrics.getAscent());
        }
        clipped.dispose();
    }
}
