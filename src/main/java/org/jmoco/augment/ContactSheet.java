package org.jmoco.augment;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.jmoco.checkpoint.AtomicFile;
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

    /** A picture of the image's size on the sheet, with its caption. */
    record Cell(BufferedImage picture, String caption) {
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
        return images(set, which, columns, cell, Captions.open());
    }

    static BufferedImage images(ImageSet set, int[] which, int columns, int cell, Captions captions) {
        List<List<Cell>> rows = new ArrayList<>();
        for (int i = 0; i < which.length; i++) {
            if (i % columns == 0) {
                rows.add(new ArrayList<>());
            }
            rows.getLast().add(original(set, which[i], cell));
        }
        return draw(set.toString(), rows, cell, captions);
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
        return draw(set + "; views " + size + "x" + size + ", recipe " + recipe.name() + ", seed " + seed + ", epoch " + epoch
                + (views > 2 ? " to " + (epoch + (views - 1) / 2) : ""), rows(set, recipe, seed, epoch, which, views, cell), cell,
                Captions.open());
    }

    static List<List<Cell>> rows(ImageSet set, ViewRecipe recipe, long seed, int epoch, int[] which, int views, int cell) {
        int size = recipe.size();
        ViewRenderer renderer = new ViewRenderer(size, new Normalisation(new float[3], new float[] {1, 1, 1}));
        ImageSet prepared = Views.prepare(set.subset(which), recipe);
        List<List<Cell>> rows = new ArrayList<>();
        for (int i = 0; i < which.length; i++) {
            List<Cell> row = new ArrayList<>();
            int height = prepared.height(i);
            int width = prepared.width(i);
            row.add(new Cell(fitted(set.image(which[i]), cell), caption(set, which[i])
                    + (recipe.preResize() > 0 ? resized(height, width) : "")));
            for (int v = 0; v < views; v++) {
                boolean query = v % 2 == 0;
                ViewDraw draw = draw(recipe, seed, epoch, v, which[i], height, width);
                byte[] rgb = new byte[3 * size * size];
                renderer.renderRgb(draw, prepared.pixels(i), height, width, rgb, 0);
                Image view = new Image("view", size, size, rgb);
                row.add(new Cell(fitted(view, cell), (query ? "query: " : "key: ") + draw));
            }
            rows.add(row);
        }
        return rows;
    }

    /** Index, name, class and size of an image. */
    public static String caption(ImageSet set, int i) {
        String label = set.labelled() ? ", " + set.classNames().get(set.label(i)) : "";
        return i + ": " + set.imageName(i) + label + ", " + set.height(i) + "x" + set.width(i);
    }

    /** Behind a caption where {@link Views#prepare} resizes: boxes of crops lie in an image of this size. */
    public static String resized(int height, int width) {
        return ", resized to " + height + "x" + width;
    }

    /**
     * The draw of view {@code v} of an image as {@link #views} shows it: even numbers are queries, odd ones keys.
     *
     * @param image  index in the set
     * @param height rows of the image after {@link Views#prepare}
     * @param width  columns of it
     */
    public static ViewDraw draw(ViewRecipe recipe, long seed, int epoch, int v, int image, int height, int width) {
        return ViewDraw.of(recipe, seed, v % 2 == 0 ? Philox.Purpose.VIEW_QUERY : Philox.Purpose.VIEW_KEY, epoch + v / 2,
                image, height, width);
    }

    /** Writes a picture as PNG, whole or not at all. @throws UserError if that fails, or if there is no such folder */
    public static void write(BufferedImage sheet, Path file) {
        if (!Files.isDirectory(file.toAbsolutePath().getParent())) {
            throw UserError.failed(file + ": cannot be written: its folder does not exist; make it, or name a file elsewhere");
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(sheet, "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // in memory there is nothing to fail
        }
        AtomicFile.replace(file, png.toByteArray());
    }

    private static Cell original(ImageSet set, int i, int cell) {
        return new Cell(fitted(set.image(i), cell), caption(set, i));
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
                g.drawImage(row.get(c).picture, x, y, null);
                captions.draw(g, captions.wrap(row.get(c).caption, cell), x, y + tallest(row), cell);
            }
            y += rowHeight(row, cell, captions);
        }
        g.dispose();
        return sheet;
    }

    private static int tallest(List<Cell> row) {
        return row.stream().mapToInt(c -> c.picture.getHeight()).max().orElse(0);
    }

    private static int rowHeight(List<Cell> row, int cell, Captions captions) {
        int lines = row.stream().mapToInt(c -> captions.wrap(c.caption, cell).size()).max().orElse(0);
        return tallest(row) + captions.height(lines) + GAP;
    }

    /**
     * The image at most {@code cell} high and wide. Small ones are enlarged by a whole factor, pixel by pixel, so that
     * what is seen is what is there.
     */
    private static BufferedImage fitted(Image image, int cell) {
        int longer = Math.max(image.height(), image.width());
        int factor = Math.max(1, cell / longer);
        if (longer > cell) {
            image = Views.resize(image, Math.max(1, image.height() * cell / longer),
                    Math.max(1, image.width() * cell / longer), new Resampler());
        }
        BufferedImage b = new BufferedImage(image.width() * factor, image.height() * factor, BufferedImage.TYPE_INT_RGB);
        byte[] rgb = image.rgb();
        for (int y = 0; y < b.getHeight(); y++) {
            for (int x = 0; x < b.getWidth(); x++) {
                int p = 3 * (y / factor * image.width() + x / factor);
                b.setRGB(x, y, (rgb[p] & 0xff) << 16 | (rgb[p + 1] & 0xff) << 8 | rgb[p + 2] & 0xff);
            }
        }
        return b;
    }
}
