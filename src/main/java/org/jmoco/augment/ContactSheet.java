package org.jmoco.augment;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;

/**
 * Images of a set, or images with some of their views, side by side in one picture with captions. On a machine without
 * fonts there are no captions, the pictures are the same.
 */
public final class ContactSheet {
    private static final int GAP = 6;

    private record Cell(Image image, String caption) {
    }

    private ContactSheet() {
    }

    /**
     * Images with name and class, row after row.
     *
     * @param which   indices in the set
     * @param columns images in a row
     * @param cell    pixels that an image may take in height and width
     */
    public static BufferedImage images(ImageSet set, int[] which, int columns, int cell) {
        List<List<Cell>> rows = new ArrayList<>();
        for (int i = 0; i < which.length; i++) {
            if (i % columns == 0) {
                rows.add(new ArrayList<>());
            }
            rows.getLast().add(original(set, which[i]));
        }
        return draw(set.toString(), rows, cell, Captions.open());
    }

    /**
     * A row for each image: the image, then views of it with what was drawn. They are those of a pretraining with this
     * recipe and seed: query and key of the given epoch, query and key of the next, and so on.
     *
     * @param set   images as they were read
     * @param views views of each image
     */
    public static BufferedImage views(ImageSet set, ViewRecipe recipe, long seed, int epoch, int[] which, int views,
            int cell) {
        int size = recipe.size();
        ViewRenderer renderer = new ViewRenderer(size, new Normalisation(new float[3], new float[] {1, 1, 1}));
        ImageSet prepared = Views.prepare(set.subset(which), recipe);
        List<List<Cell>> rows = new ArrayList<>();
        for (int i = 0; i < which.length; i++) {
            List<Cell> row = new ArrayList<>();
            row.add(original(set, which[i]));
            int height = prepared.height(i);
            int width = prepared.width(i);
            for (int v = 0; v < views; v++) {
                boolean query = v % 2 == 0;
                ViewDraw draw = ViewDraw.of(recipe, seed, query ? Philox.Purpose.VIEW_QUERY : Philox.Purpose.VIEW_KEY,
                        epoch + v / 2, which[i], height, width);
                byte[] rgb = new byte[3 * size * size];
                renderer.renderRgb(draw, prepared.pixels(i), height, width, rgb, 0);
                row.add(new Cell(new Image("view", size, size, rgb), (query ? "query: " : "key: ") + draw));
            }
            rows.add(row);
        }
        return draw(set + "; views " + size + "x" + size + ", recipe " + recipe.name() + ", seed " + seed + ", epoch " + epoch
                + (views > 2 ? " to " + (epoch + (views - 1) / 2) : ""), rows, cell, Captions.open());
    }

    /** Writes a picture as PNG. @throws UserError if that fails */
    public static void write(BufferedImage sheet, Path file) {
        try (OutputStream out = Files.newOutputStream(file)) {
            ImageIO.write(sheet, "png", out);
        } catch (IOException e) {
            throw UserError.failed("contact sheet: cannot write " + file + ": " + e.getMessage()
                    + "; name a file in a folder that exists and has room", e);
        }
    }

    private static Cell original(ImageSet set, int i) {
        String label = set.labelled() ? ", " + set.classNames().get(set.label(i)) : "";
        return new Cell(set.image(i), i + ": " + set.imageName(i) + label + ", " + set.height(i) + "x" + set.width(i));
    }

    private static BufferedImage draw(String title, List<List<Cell>> rows, int cell, Captions captions) {
        int columns = rows.stream().mapToInt(List::size).max().orElse(1);
        int width = columns * (cell + GAP) + GAP;
        List<String> titleLines = captions.wrap(title, width - 2 * GAP);
        int height = GAP + captions.height(titleLines.size()) + GAP;
        for (List<Cell> row : rows) {
            height += rowHeight(row, cell, captions);
        }
        BufferedImage sheet = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet.createGraphics();
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, width, height);
        captions.draw(g, titleLines, GAP, GAP, width - 2 * GAP);
        int y = GAP + captions.height(titleLines.size()) + GAP;
        for (List<Cell> row : rows) {
            for (int c = 0; c < row.size(); c++) {
                int x = GAP + c * (cell + GAP);
                drawFitted(g, row.get(c).image, x, y, cell);
                captions.draw(g, captions.wrap(row.get(c).caption, cell), x, y + cell, cell);
            }
            y += rowHeight(row, cell, captions);
        }
        g.dispose();
        return sheet;
    }

    private static int rowHeight(List<Cell> row, int cell, Captions captions) {
        int lines = row.stream().mapToInt(c -> captions.wrap(c.caption, cell).size()).max().orElse(0);
        return cell + captions.height(lines) + GAP;
    }

    /** Small pictures are enlarged by a whole factor, pixel by pixel, so that what is seen is what is there. */
    private static void drawFitted(Graphics2D g, Image image, int x, int y, int cell) {
        int longer = Math.max(image.height(), image.width());
        int width;
        int height;
        if (longer <= cell) {
            int factor = cell / longer;
            width = image.width() * factor;
            height = image.height() * factor;
            g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
        } else {
            width = Math.max(1, image.width() * cell / longer);
            height = Math.max(1, image.height() * cell / longer);
            image = Views.resize(image, height, width, new Resampler());
        }
        g.drawImage(buffered(image), x, y, width, height, null);
    }

    private static BufferedImage buffered(Image image) {
        BufferedImage b = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        byte[] rgb = image.rgb();
        for (int i = 0, p = 0; i < image.height() * image.width(); i++, p += 3) {
            b.setRGB(i % image.width(), i / image.width(),
                    (rgb[p] & 0xff) << 16 | (rgb[p + 1] & 0xff) << 8 | rgb[p + 2] & 0xff);
        }
        return b;
    }
}
