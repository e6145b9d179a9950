package org.jmoco.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jmoco.tensor.UserError;

/**
 * Decoded images in memory: u8 RGB, each with its own size, with or without labels. Immutable, so any number of threads
 * may read it.
 *
 * <p>Each image has its own array. A training step touches 128 images at random: one more pointer per image is nothing
 * beside resampling it, and in return {@link #subset} and {@link #concat} copy no pixels and a set may exceed 2 GiB.
 * The hot loop is {@code byte[] p = set.pixels(i)}, pixel (y, x, c) at {@code p[(y * set.width(i) + x) * 3 + c]}.
 */
public final class ImageSet {
    private final String name;
    private final Image[] images;
    private final int[] labels; // null where there are none
    private final List<String> classNames;
    private final List<Skipped> skipped;
    private final List<String> faint;
    private final boolean phantom;
    private volatile Long contentHash;

    private ImageSet(String name, Image[] images, int[] labels, List<String> classNames, List<Skipped> skipped,
            List<String> faint, boolean phantom) {
        this.name = name;
        this.images = images;
        this.labels = labels;
        this.classNames = classNames;
        this.skipped = skipped;
        this.faint = faint;
        this.phantom = phantom;
    }

    /**
     * A set without labels.
     *
     * @throws UserError if there is no image
     */
    public static ImageSet of(String name, List<Image> images) {
        if (images.isEmpty()) {
            throw UserError.failed(name + ": no images; a set needs at least one");
        }
        return new ImageSet(name, images.toArray(Image[]::new), null, List.of(), List.of(), List.of(), false);
    }

    /** {@code bytes.length / (3 height width)} images of one size, cut from one N x H x W x 3 array. */
    public static ImageSet of(String name, int height, int width, byte[] bytes) {
        int each = 3 * height * width;
        if (each == 0 || bytes.length % each != 0) {
            throw UserError.failed(name + ": " + bytes.length + " bytes are not whole images of " + height + " x " + width
                    + " x 3");
        }
        List<Image> images = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += each) {
            images.add(new Image(name + " " + at / each, height, width, Arrays.copyOfRange(bytes, at, at + each)));
        }
        return of(name, images);
    }

    /**
     * The same images with labels.
     *
     * @param labels     one per image, each an index into {@code classNames}
     * @throws UserError if the number of labels or one of them does not fit
     */
    public ImageSet withLabels(int[] labels, List<String> classNames) {
        if (labels.length != images.length) {
            throw UserError.failed(name + ": " + labels.length + " labels for " + images.length + " images");
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classNames.size()) {
                throw UserError.failed(name + ": image " + images[i].name() + " has label " + labels[i]
                        + " but there are " + classNames.size() + " classes, numbered from 0");
            }
        }
        return new ImageSet(name, images, labels.clone(), List.copyOf(classNames), skipped, faint, phantom);
    }

    /** The same images, their labels forgotten. */
    public ImageSet withoutLabels() {
        return new ImageSet(name, images, null, List.of(), skipped, faint, phantom);
    }

    /** The same images, with a record of files that could not be read. */
    public ImageSet withSkipped(List<Skipped> skipped) {
        return new ImageSet(name, images, labels, classNames, List.copyOf(skipped), faint, phantom);
    }

    /** The same images, with the names of those that {@link #faint()} tells of. */
    ImageSet withFaint(List<String> faint) {
        return new ImageSet(name, images, labels, classNames, skipped, List.copyOf(faint), phantom);
    }

    /** The same images under another name. */
    public ImageSet named(String name) {
        return new ImageSet(name, images, labels, classNames, skipped, faint, phantom);
    }

    /** Each image replaced by what {@code change} makes of it, a resized copy say; labels, classes and marks stay. */
    public ImageSet map(UnaryOperator<Image> change) {
        Image[] changed = new Image[images.length];
        Arrays.setAll(changed, i -> change.apply(images[i]));
        return new ImageSet(name, changed, labels, classNames, skipped, faint, phantom);
    }

    /** The same images, marked as made by the program. */
    ImageSet markedPhantom() {
        return new ImageSet(name, images, labels, classNames, skipped, faint, true);
    }

    public String name() {
        return name;
    }

    /** Number of images N. */
    public int size() {
        return images.length;
    }

    public int height(int i) {
        return images[i].height();
    }

    public int width(int i) {
        return images[i].width();
    }

    /** H x W x 3 bytes of image {@code i}; the set's own array: read only. */
    public byte[] pixels(int i) {
        return images[i].rgb();
    }

    public Image image(int i) {
        return images[i];
    }

    public String imageName(int i) {
        return images[i].name();
    }

    public boolean labelled() {
        return labels != null;
    }

    /**
     * Class of image {@code i}, an index into {@link #classNames()}.
     *
     * @throws UserError if the set has no labels
     */
    public int label(int i) {
        return checkedLabels()[i];
    }

    /** A copy of all labels. @throws UserError if the set has none */
    public int[] labels() {
        return checkedLabels().clone();
    }

    /** Empty for a set without labels. */
    public List<String> classNames() {
        return classNames;
    }

    /** Images per class, in the order of {@link #classNames()}. */
    public int[] classCounts() {
        int[] counts = new int[classNames.size()];
        for (int l : checkedLabels()) {
            counts[l]++;
        }
        return counts;
    }

    /** Files that could not be read and are not in the set. */
    public List<Skipped> skipped() {
        return skipped;
    }

    /** Names of images of 16 bits a channel of which only the lower 12 are used: 16 levels of 256 are left of them. */
    public List<String> faint() {
        return faint;
    }

    /** True if the images, or some of them, were made by the program: every output must then say "phantom". */
    public boolean phantom() {
        return phantom;
    }

    /** Bytes of pixel data. */
    public long bytes() {
        long n = 0;
        for (Image image : images) {
            n += image.rgb().length;
        }
        return n;
    }

    /** The images with these indices, in this order; pixels are shared. @throws UserError if there are none */
    public ImageSet subset(int[] indices) {
        if (indices.length == 0) {
            throw UserError.failed(name + ": a subset without images was asked for; it needs at least one");
        }
        Image[] some = new Image[indices.length];
        int[] l = labels == null ? null : new int[indices.length];
        for (int j = 0; j < indices.length; j++) {
            some[j] = images[indices[j]];
            if (l != null) {
                l[j] = labels[indices[j]];
            }
        }
        return new ImageSet(name, some, l, classNames, List.of(), List.of(), phantom);
    }

    /**
     * The images of all sets, one after the other; pixels are shared. Labels survive if all sets have the same classes;
     * otherwise the result has none.
     */
    public static ImageSet concat(String name, List<ImageSet> sets) {
        List<Image> images = new ArrayList<>();
        List<Skipped> skipped = new ArrayList<>();
        List<String> faint = new ArrayList<>();
        boolean phantom = false;
        boolean labelled = true;
        for (ImageSet s : sets) {
            images.addAll(Arrays.asList(s.images));
            skipped.addAll(s.skipped);
            faint.addAll(s.faint);
            phantom |= s.phantom;
            labelled &= s.labelled() && s.classNames.equals(sets.getFirst().classNames);
        }
        if (images.isEmpty()) {
            throw UserError.failed(name + ": no images; a set needs at least one");
        }
        int[] labels = labelled
                ? sets.stream().flatMapToInt(s -> Arrays.stream(s.labels)).toArray()
                : null;
        return new ImageSet(name, images.toArray(Image[]::new), labels,
                labelled ? sets.getFirst().classNames : List.of(), List.copyOf(skipped), List.copyOf(faint), phantom);
    }

    /**
     * 64-bit hash of sizes, pixels, labels and class names in order (names of images and of the set left out): the same
     * data gives the same value on every machine. Computed once, on the first call; about 0.1 s per GB.
     */
    public long contentHash() {
        Long known = contentHash;
        if (known == null) {
            Hash64 h = new Hash64().add(images.length);
            for (Image image : images) {
                h.add((long) image.height() << 32 | image.width()).add(Hash64.of(image.rgb()));
            }
            if (labels != null) {
                classNames.forEach(h::add);
                for (int l : labels) {
                    h.add(l);
                }
            }
            known = h.value();
            contentHash = known;
        }
        return known;
    }

    /** {@code covid-ct train: 425 images, 61x88 to 256x512, NonCOVID 234, COVID 191}. */
    @Override
    public String toString() {
        int h0 = Integer.MAX_VALUE;
        int w0 = Integer.MAX_VALUE;
        int h1 = 0;
        int w1 = 0;
        for (Image image : images) {
            h0 = Math.min(h0, image.height());
            h1 = Math.max(h1, image.height());
            w0 = Math.min(w0, image.width());
            w1 = Math.max(w1, image.width());
        }
        StringBuilder s = new StringBuilder(name).append(": ").append(images.length)
                .append(images.length == 1 ? " image, " : " images, ").append(h0).append('x').append(w0);
        if (h0 != h1 || w0 != w1) {
            s.append(" to ").append(h1).append('x').append(w1);
        }
        if (labels == null) {
            s.append(", no labels");
        } else {
            int[] counts = classCounts();
            for (int c = 0; c < counts.length; c++) {
                s.append(", ").append(classNames.get(c)).append(' ').append(counts[c]);
            }
        }
        if (!skipped.isEmpty()) {
            s.append(", ").append(skipped.size()).append(" skipped");
        }
        return phantom && !name.contains("phantom") ? s.append(" (phantom)").toString() : s.toString();
    }

    private int[] checkedLabels() {
        if (labels == null) {
            throw UserError.failed(name + ": the images have no labels; use a labelled set, or sort the images into one "
                    + "folder per class");
        }
        return labels;
    }
}
