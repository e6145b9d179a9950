package org.jmoco.augment;

import java.util.Arrays;
import org.jmoco.data.Normalisation;

/**
 * Turns a {@link ViewDraw} into pixels, on 8-bit values throughout, bit for bit as torchvision does on PIL images; the last
 * step alone makes floats. Holds all scratch, so a view allocates nothing: one instance per thread.
 */
public final class ViewRenderer {
    private final int rows;
    private final int columns;
    private final PixelTable table;
    private final Planes planes; // rows x columns
    private final Resampler resampler = new Resampler();
    private final BoxBlur blur;
    private BilinearAxis[] across = new BilinearAxis[0]; // by input width
    private BilinearAxis[] down = new BilinearAxis[0]; // by input height

    /** @param size output height and width in pixels */
    public ViewRenderer(int size, Normalisation normalisation) {
        this(size, size, normalisation);
    }

    /** @param rows output height in pixels @param columns output width */
    public ViewRenderer(int rows, int columns, Normalisation normalisation) {
        this.rows = rows;
        this.columns = columns;
        this.table = new PixelTable(normalisation);
        this.planes = new Planes(rows, columns);
        this.blur = new BoxBlur(rows, columns);
    }

    /**
     * One view as the network takes it.
     *
     * @param pixels u8, height x width x 3
     * @param out    receives rows x columns x 3 values (pixel / 255 - mean) / std from {@code at} on
     * @throws IllegalArgumentException if the draw's box is not inside the image
     */
    public void render(ViewDraw draw, byte[] pixels, int height, int width, float[] out, int at) {
        paint(draw, pixels, height, width);
        table.write(planes, out, at);
    }

    /** One view as u8 rows x columns x 3, for looking at. */
    public void renderRgb(ViewDraw draw, byte[] pixels, int height, int width, byte[] out, int at) {
        paint(draw, pixels, height, width);
        planes.write(out, at);
    }

    private void paint(ViewDraw d, byte[] pixels, int height, int width) {
        if (d.top() < 0 || d.left() < 0 || d.top() + d.height() > height || d.left() + d.width() > width) {
            throw new IllegalArgumentException("view: box of \"" + d + "\" is not inside the image of " + height + " x "
                    + width + "; draw it for this image's size");
        }
        resampler.resample(pixels, (d.top() * width + d.left()) * 3, width * 3, across(d.width()), down(d.height()),
                d.flip(), planes);
        for (int i = 0; i < 4; i++) {
            ViewDraw.Adjustment a = d.adjustment(i);
            float factor = d.factor(a);
            if (Float.isNaN(factor)) {
                continue;
            }
            switch (a) {
                case BRIGHTNESS -> Colour.brightness(planes, factor);
                case CONTRAST -> Colour.contrast(planes, factor);
                case SATURATION -> Colour.saturation(planes, factor);
                case HUE -> Colour.hue(planes, factor);
            }
        }
        if (d.grey()) {
            Colour.grey(planes);
        }
        if (!Float.isNaN(d.sigma())) {
            blur.blur(planes, d.sigma());
        }
    }

    private BilinearAxis across(int in) {
        across = longEnough(across, in);
        return across[in] != null ? across[in] : (across[in] = new BilinearAxis(in, columns));
    }

    private BilinearAxis down(int in) {
        down = longEnough(down, in);
        return down[in] != null ? down[in] : (down[in] = new BilinearAxis(in, rows));
    }

    /** Weights depend on the two lengths only; the few hundred lengths that occur are computed once each. */
    private static BilinearAxis[] longEnough(BilinearAxis[] axes, int in) {
        return in < axes.length ? axes : Arrays.copyOf(axes, Math.max(in + 1, 2 * axes.length));
    }
}
