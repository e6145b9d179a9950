package org.jmoco.augment;

import java.util.Arrays;
import org.jmoco.data.Normalisation;

/**
 * Turns a {@link ViewDraw} into pixels, on 8-bit values throughout, bit for bit as torchvision does on PIL images; the last
 * step alone makes floats. Holds all scratch, so a view allocates nothing: one instance per thread.
 */
public final class ViewRenderer {
    private final int size;
    private final PixelTable table;
    private final Planes planes; // size x size
    private final Resampler resampler = new Resampler();
    private final BoxBlur blur;
    private BilinearAxis[] axes = new BilinearAxis[0]; // by input length

    /** @param size output height and width in pixels */
    public ViewRenderer(int size, Normalisation normalisation) {
        this.size = size;
        this.table = new PixelTable(normalisation);
        this.planes = new Planes(size, size);
        this.blur = new BoxBlur(size, size);
    }

    /**
     * One view as the network takes it.
     *
     * @param pixels u8, height x width x 3
     * @param out    receives size x size x 3 values (pixel / 255 - mean) / std from {@code at} on
     * @throws IllegalArgumentException if the draw's box is not inside the image
     */
    public void render(ViewDraw draw, byte[] pixels, int height, int width, float[] out, int at) {
        paint(draw, pixels, height, width);
        table.write(planes, out, at);
    }

    /** One view as u8 size x size x 3, for looking at. */
    public void renderRgb(ViewDraw draw, byte[] pixels, int height, int width, byte[] out, int at) {
        paint(draw, pixels, height, width);
        planes.write(out, at);
    }

    private void paint(ViewDraw d, byte[] pixels, int height, int width) {
        if (d.top() < 0 || d.left() < 0 || d.top() + d.height() > height || d.left() + d.width() > width) {
            throw new IllegalArgumentException("view: box of \"" + d + "\" is not inside the image of " + height + " x "
                    + width + "; draw it for this image's size");
        }
        resampler.resample(pixels, (d.top() * width + d.left()) * 3, width * 3, axis(d.width()), axis(d.height()), d.flip(),
                planes);
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

    /** Weights depend on the two lengths only; the few hundred lengths that occur are computed once each. */
    private BilinearAxis axis(int in) {
        if (in >= axes.length) {
            axes = Arrays.copyOf(axes, Math.max(in + 1, 2 * axes.length));
        }
        BilinearAxis a = axes[in];
        if (a == null) {
            a = new BilinearAxis(in, size);
            axes[in] = a;
        }
        return a;
    }
}
