package org.jmoco.augment;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/** What is done to images once and without chance: resizing after loading, and evaluation. */
public final class Views {
    private Views() {
    }

    /** The set with shorter sides resized as the recipe asks; the set itself if the recipe asks for nothing. */
    public static ImageSet prepare(ImageSet set, ViewRecipe recipe) {
        if (recipe.preResize() == 0) {
            return set;
        }
        Resampler resampler = new Resampler();
        return copies(set, recipe.preResize(), recipe.size(), image -> shorterSide(image, recipe.preResize(), resampler));
    }

    /**
     * The set as evaluation sees it, every image size x size.
     *
     * @param set images as they were read, not those of {@link #prepare}: resizing twice is another picture
     */
    public static ImageSet evaluation(ImageSet set, ViewRecipe recipe) {
        int size = recipe.size();
        Resampler resampler = new Resampler();
        return copies(set, size, size, switch (recipe.evaluation()) {
            case EXACT -> image -> resize(image, size, size, resampler);
            case SHORTER_SIDE -> image -> centre(shorterSide(image, size, resampler), size);
        });
    }

    /**
     * The resized copies, which are held beside the images as they were read. Too many are told before anything is resized, which
     * may take minutes until the heap is full.
     *
     * @param shorter side that the images get
     */
    private static ImageSet copies(ImageSet set, int shorter, int size, UnaryOperator<Image> change) {
        double read = 0; // bytes
        double copied = 0; // images that have the size already are shared
        for (int i = 0; i < set.size(); i++) {
            double scale = (double) shorter / Math.min(set.height(i), set.width(i));
            double own = 3.0 * set.height(i) * set.width(i);
            read += own;
            copied += scale == 1 ? 0 : scale * scale * own;
        }
        if (read + copied > Runtime.getRuntime().maxMemory()) {
            throw tooLarge(set, shorter, size, read, copied);
        }
        try {
            return set.map(change);
        } catch (OutOfMemoryError e) {
            throw tooLarge(set, shorter, size, read, copied);
        }
    }

    private static UserError tooLarge(ImageSet set, int shorter, int size, double read, double copied) {
        return UserError.failed(String.format(Locale.ROOT,
                "%s: %d images with --image %d are held with a shorter side of %d pixels: %.2f GB, beside %.2f"
                + " GB as they were read. The Java heap of %.2f GB is too small.%nLower --image, or give more, as in"
                + " JMOCO_HEAP=%dg.", set.name(),
                set.size(), size, shorter, copied * 1e-9, read * 1e-9, Runtime.getRuntime().maxMemory() * 1e-9,
                (long) Math.ceil(1.5 * (read + copied) / (1L << 30))));
    }

    /**
     * Images first, first + 1, ... of an evaluation set as one batch; what is left of the batch behind the last image is
     * zero.
     *
     * @param evaluation from {@link #evaluation}
     * @param x          receives N x H x W x 3, f32, normalised
     * @return the number of images written, at most N; 0 if {@code first} is behind the last image
     * @throws IllegalArgumentException if an image has another size than x
     */
    public static int evalBatch(ImageSet evaluation, int first, Normalisation normalisation, HostTensor x) {
        int n = Math.clamp(evaluation.size() - first, 0, x.shape().dim(0));
        int height = x.shape().dim(1);
        int width = x.shape().dim(2);
        float[] out = x.floats();
        PixelTable table = new PixelTable(normalisation);
        for (int i = 0; i < n; i++) {
            Image image = evaluation.image(first + i);
            if (image.height() != height || image.width() != width) {
                throw new IllegalArgumentException("evaluation batch: image " + image.name() + " is " + image.height() + " x "
                        + image.width() + " but the batch is " + x.shape() + "; pass the set through Views.evaluation first");
            }
            table.write(image.rgb(), out, i * 3 * height * width);
        }
        Arrays.fill(out, n * 3 * height * width, out.length, 0);
        return n;
    }

    /** Shorter side to {@code size}, the longer one in proportion, fraction dropped as torchvision's Resize does. */
    static Image shorterSide(Image image, int size, Resampler resampler) {
        int height = image.height();
        int width = image.width();
        int shorter = Math.min(height, width);
        int longer = (int) ((long) size * Math.max(height, width) / shorter);
        return height <= width
                ? resize(image, size, longer, resampler)
                : resize(image, longer, size, resampler);
    }

    static Image resize(Image image, int height, int width, Resampler resampler) {
        if (image.height() == height && image.width() == width) {
            return image;
        }
        Planes planes = new Planes(height, width);
        resampler.resample(image.rgb(), 0, 3 * image.width(), new BilinearAxis(image.width(), width),
                new BilinearAxis(image.height(), height), false, planes);
        byte[] rgb = new byte[3 * height * width];
        planes.write(rgb, 0);
        return new Image(image.name(), height, width, rgb);
    }

    /** Central square as torchvision's CenterCrop takes it: half a pixel is rounded to even. */
    private static Image centre(Image image, int size) {
        if (image.height() == size && image.width() == size) {
            return image;
        }
        int top = (int) Math.rint((image.height() - size) / 2.0);
        int left = (int) Math.rint((image.width() - size) / 2.0);
        byte[] rgb = new byte[3 * size * size];
        for (int row = 0; row < size; row++) {
            System.arraycopy(image.rgb(), 3 * ((top + row) * image.width() + left), rgb, 3 * row * size, 3 * size);
        }
        return new Image(image.name(), size, size, rgb);
    }
}
