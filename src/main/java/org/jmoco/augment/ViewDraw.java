package org.jmoco.augment;

import java.util.Locale;
import org.jmoco.tensor.Philox;

/**
 * All random choices of one view of one image, made before any pixel is touched. A value that is NaN means that the
 * operation is left out; that is not the same as a factor 1 or a hue 0, which torchvision applies (a hue of 0 still passes
 * through 8-bit HSV and changes pixels).
 *
 * <p>Words of the image's Philox stream, each used for one thing whatever the others say (blocks of four):
 * <pre>
 * block 0      flip? | jitter? | grey? | blur?
 * block 1      brightness | contrast | saturation | hue
 * block 2      order of the four, 0 .. 23 | blur sigma | unused | unused
 * block 3 + t  try t = 0 .. 9 of the crop: area | log ratio | top | left
 * </pre>
 *
 * @param top    first row of the box
 * @param left   first column of the box
 * @param height rows of the box
 * @param width  columns of the box
 * @param flip   mirror left to right
 * @param order  which of the 24 orders of the four adjustments, numbered lexicographically from brightness, contrast,
 *               saturation, hue
 * @param brightness factor, at least 0
 * @param contrast   factor, at least 0
 * @param saturation factor, at least 0
 * @param hue    part of the colour circle, -0.5 .. 0.5
 * @param grey   drop colour
 * @param sigma  deviation of the blur in pixels
 */
public record ViewDraw(int top, int left, int height, int width, boolean flip, int order, float brightness, float contrast,
        float saturation, float hue, boolean grey, float sigma) {
    /** The four adjustments of colour jitter. */
    public enum Adjustment {
        BRIGHTNESS, CONTRAST, SATURATION, HUE
    }

    private static final Adjustment[][] ORDERS = orders();

    /** Tries for a box that fits before the central one is taken; torchvision's number. */
    private static final int TRIES = 10;

    /**
     * Draws for one image.
     *
     * @param random a fresh stream
     * @param height rows of the image
     * @param width  columns of the image
     */
    public static ViewDraw of(ViewRecipe recipe, Philox random, int height, int width) {
        boolean flip = random.nextFloat() < recipe.flip();
        boolean jittered = random.nextFloat() < recipe.jitter().p();
        boolean grey = random.nextFloat() < recipe.grey();
        boolean blurred = random.nextFloat() < recipe.blur().p();

        ViewRecipe.Jitter j = recipe.jitter();
        float brightness = factor(jittered, j.brightness(), random.nextFloat());
        float contrast = factor(jittered, j.contrast(), random.nextFloat());
        float saturation = factor(jittered, j.saturation(), random.nextFloat());
        float turn = random.nextFloat();
        float hue = jittered && j.hue() > 0 ? (float) between(-j.hue(), j.hue(), turn) : Float.NaN;

        int order = random.nextInt(ORDERS.length);
        float s = random.nextFloat();
        float sigma = blurred ? (float) between(recipe.blur().minSigma(), recipe.blur().maxSigma(), s) : Float.NaN;
        random.nextInt();
        random.nextInt();

        ViewRecipe.Crop c = recipe.crop();
        double lowLog = StrictMath.log(c.minRatio());
        double highLog = StrictMath.log(c.maxRatio());
        for (int t = 0; t < TRIES; t++) {
            double area = (double) height * width * between(c.minScale(), c.maxScale(), random.nextFloat());
            double ratio = StrictMath.exp(between(lowLog, highLog, random.nextFloat()));
            int w = (int) Math.rint(Math.sqrt(area * ratio));
            int h = (int) Math.rint(Math.sqrt(area / ratio));
            if (w >= 1 && w <= width && h >= 1 && h <= height) {
                int top = random.nextInt(height - h + 1);
                int left = random.nextInt(width - w + 1);
                return new ViewDraw(top, left, h, w, flip, order, brightness, contrast, saturation, hue, grey, sigma);
            }
            random.nextInt();
            random.nextInt();
        }
        // The largest central box whose ratio is allowed.
        int h = height;
        int w = width;
        if (width < c.minRatio() * height) {
            h = Math.clamp((int) Math.rint(width / c.minRatio()), 1, height);
        } else if (width > c.maxRatio() * height) {
            w = Math.clamp((int) Math.rint(height * c.maxRatio()), 1, width);
        }
        return new ViewDraw((height - h) / 2, (width - w) / 2, h, w, flip, order, brightness, contrast, saturation, hue, grey,
                sigma);
    }

    /** As {@link #of(ViewRecipe, Philox, int, int)} with the stream keyed by (seed, purpose, epoch, image index). */
    public static ViewDraw of(ViewRecipe recipe, long seed, Philox.Purpose purpose, int epoch, int image, int height,
            int width) {
        return of(recipe, new Philox(seed, purpose, epoch, image), height, width);
    }

    /** The whole image, with nothing done to it. */
    public static ViewDraw whole(int height, int width) {
        return new ViewDraw(0, 0, height, width, false, 0, Float.NaN, Float.NaN, Float.NaN, Float.NaN, false, Float.NaN);
    }

    /** Adjustment number {@code i}, 0 .. 3, in this draw's order. */
    public Adjustment adjustment(int i) {
        return ORDERS[order][i];
    }

    /** The factor of an adjustment, NaN if it is left out. */
    public float factor(Adjustment a) {
        return switch (a) {
            case BRIGHTNESS -> brightness;
            case CONTRAST -> contrast;
            case SATURATION -> saturation;
            case HUE -> hue;
        };
    }

    /** {@code crop 3,1 25x28 flip jitter[hue 0.043, contrast 1.200] grey blur 1.300}: box as top,left height x width. */
    @Override
    public String toString() {
        StringBuilder s = new StringBuilder(String.format(Locale.ROOT, "crop %d,%d %dx%d", top, left, height, width));
        if (flip) {
            s.append(" flip");
        }
        String open = " jitter[";
        for (Adjustment a : ORDERS[order]) {
            if (!Float.isNaN(factor(a))) {
                s.append(open).append(String.format(Locale.ROOT, "%s %.3f", a.name().toLowerCase(Locale.ROOT), factor(a)));
                open = ", ";
            }
        }
        if (open.equals(", ")) {
            s.append(']');
        }
        if (grey) {
            s.append(" grey");
        }
        if (!Float.isNaN(sigma)) {
            s.append(String.format(Locale.ROOT, " blur %.3f", sigma));
        }
        return s.toString();
    }

    private static float factor(boolean jittered, double range, float u) {
        return jittered && range > 0 ? (float) between(Math.max(0, 1 - range), 1 + range, u) : Float.NaN;
    }

    private static double between(double low, double high, float u) {
        return low + (high - low) * u;
    }

    /** The 24 permutations in lexicographic order. */
    private static Adjustment[][] orders() {
        Adjustment[] all = Adjustment.values();
        Adjustment[][] orders = new Adjustment[24][];
        int n = 0;
        for (Adjustment a : all) {
            for (Adjustment b : all) {
                for (Adjustment c : all) {
                    for (Adjustment d : all) {
                        if (a != b && a != c && a != d && b != c && b != d && c != d) {
                            orders[n++] = new Adjustment[] {a, b, c, d};
                        }
                    }
                }
            }
        }
        return orders;
    }
}
