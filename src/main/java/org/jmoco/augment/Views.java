package org.jmoco.augment;

import java.util.Arrays;
import java.util.Locale;
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
        requireHeap(set, recipe.preResize(), recipe.size());
        Resampler resampler = new Resampler();
        return set.map(image -> shorterSide(image, recipe.preResize(), resampler));
    }

    /**
     * The set as evaluation sees it, every image size x size.
     *
     * @param set images as they were read, not those of {@link #prepare}: resizing twice is another picture
     */
    public static ImageSet evaluation(ImageSet set, ViewRecipe recipe) {
        int size = recipe.size();
        requireHeap(set, size, size);
        Resampler resampler = new Resampler();
        return switch (recipe.evaluation()) {
            case EXACT -> set.map(image -> resize(image, size, size, resampler));
            case SHORTER_SIDE -> set.map(image -> centre(shorterSide(image, size, resampler), size));
        };
    }

    /** Told before anything is resized, which may take minutes until the heap is full. @param shorter side that the images get */
    private static void requireHeap(ImageSet set, int shorter, int size) {
        double bytes = 0; // of the copies; images that have the size already are shared
        for (int i = 0; i < set.size(); i++) {
            double scale = (double) shorter / Math.min(set.height(i), set.width(i));
            bytes += scale == 1 ? 0 : 3 * scale * scale * set.height(i) * set.width(i);
        }
        long heap = Runtime.getRuntime().maxMemory();
        if (bytes > heap) {
            throw UserError.failed(String.format(Locale.ROOT, "%s: %d images with --image %d are held with a shorter side of %d pixels: %.1f GB, more than"
                    + " the Java heap of %.1f GB.%nLower --image, or give more, as in JMOCO_HEAP=%dg.", set.name(), set.size(), size, shorter, bytes * 1e-9,
                    heap * 1e-9, (long) Math.ceil(1.5 * bytes / (1L << 30))));
        }
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
