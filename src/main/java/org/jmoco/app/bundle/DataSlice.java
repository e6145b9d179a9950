package org.jmoco.app.bundle;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.Views;
import org.jmoco.data.CifarPacking;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.data.SliceFile;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;

/**
 * A part of a data set, small enough to travel, in a folder that the set's own reader takes: as many images of each class, chosen
 * by a fixed seed, in the order of the set. Labels, splits and classes stay what they are.
 *
 * <p>CIFAR-10 keeps every pixel (1.7 KB an image, {@link CifarPacking}). COVID-CT is resized to what its recipe resizes to before
 * any random view (shorter side 128), so views are the same, pixel for pixel; evaluation, which resizes the original, differs a
 * little.
 */
public final class DataSlice {
    /** What can be cut. */
    public static final List<String> NAMES = List.of("cifar10", "covid-ct");
    private static final long SEED = 1;
    /** CIFAR-10: ten classes, five files. */
    private static final int CIFAR_STEP = 50;

    private DataSlice() {
    }

    /**
     * @param set    one of {@link #NAMES}
     * @param images of CIFAR-10's train split, a multiple of 50, and a fifth as many of test; of COVID-CT in all, each split in
     *     proportion; 0: all
     * @param folder is made
     * @throws UserError if the set has not so many
     */
    public static void write(DataSet set, int images, Path folder) throws IOException {
        Files.createDirectories(folder);
        Map<String, ImageSet> parts = new LinkedHashMap<>();
        int total = set.splits().values().stream().mapToInt(ImageSet::size).sum();
        switch (set.name()) {
            case "cifar10" -> {
                ImageSet train = set.split(DataSet.TRAIN);
                int n = images == 0 ? train.size() : images;
                require(n % CIFAR_STEP == 0 && n <= train.size(), set, images, "a multiple of " + CIFAR_STEP + ", at most "
                        + train.size());
                parts.put(DataSet.TRAIN, balanced(train, n / 10));
                parts.put(DataSet.TEST, balanced(set.split(DataSet.TEST), n / CIFAR_STEP));
                for (int f = 0; f < 5; f++) {
                    cifar(parts.get(DataSet.TRAIN), f * n / 5, n / 5, folder.resolve("data_batch_" + (f + 1) + ".res.gz"));
                }
                cifar(parts.get(DataSet.TEST), 0, n / 5, folder.resolve("test_batch.res.gz"));
            }
            case "covid-ct" -> {
                require(images <= total && (images == 0 || images >= 20), set, images, "20 to " + total);
                for (Map.Entry<String, ImageSet> split : set.splits().entrySet()) {
                    ImageSet s = split.getValue();
                    int perClass = Math.max(1, Math.round((float) images * s.size() / total / 2));
                    parts.put(split.getKey(), Views.prepare(images == 0 ? s : balanced(s, perClass), ViewRecipe.of(set.name())));
                }
                covid(parts, folder);
            }
            default -> throw UserError.usage("--data " + set.name() + ": slices are made of " + String.join(" and ", NAMES));
        }
        Map<String, Integer> sizes = new LinkedHashMap<>();
        parts.forEach((split, s) -> sizes.put(split, s.size()));
        SliceFile.write(folder, set.name(), sizes);
    }

    private static void require(boolean holds, DataSet set, int images, String expected) {
        if (!holds) {
            throw UserError.usage("--data " + set.name() + ": a slice of " + images + " images; expected " + expected);
        }
    }

    /** So many images of each class (all of a class that has fewer), drawn by {@link #SEED}, in their order. */
    static ImageSet balanced(ImageSet set, int perClass) {
        IntStream chosen = IntStream.empty();
        for (int c = 0; c < set.classNames().size(); c++) {
            int label = c;
            int[] members = IntStream.range(0, set.size()).filter(i -> set.label(i) == label).toArray();
            int[] order = new Philox(SEED, Philox.Purpose.DATA_SPLIT, 1, c).permutation(members.length);
            chosen = IntStream.concat(chosen, Arrays.stream(order).limit(perClass).map(k -> members[k]));
        }
        return set.subset(chosen.sorted().toArray());
    }

    private static void cifar(ImageSet set, int first, int n, Path file) throws IOException {
        ImageSet part = set.subset(IntStream.range(first, first + n).toArray());
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file)) {
            {
                def.setLevel(Deflater.BEST_COMPRESSION);
            }
        }) {
            out.write(CifarPacking.pack(part));
        }
    }

    /** Images under the names that lists tell, PNG whatever they were. */
    private static void covid(Map<String, ImageSet> parts, Path folder) throws IOException {
        for (Map.Entry<String, ImageSet> split : parts.entrySet()) {
            ImageSet s = split.getValue();
            Map<String, StringBuilder> lists = new TreeMap<>();
            for (int i = 0; i < s.size(); i++) {
                String name = s.imageName(i).toLowerCase(Locale.ROOT).endsWith(".png") ? s.imageName(i) : s.imageName(i) + ".png";
                Path file = folder.resolve(name);
                Files.createDirectories(file.getParent());
                ImageIO.write(picture(s.height(i), s.width(i), s.pixels(i)), "png", file.toFile());
                lists.computeIfAbsent(s.classNames().get(s.label(i)), c -> new StringBuilder()).append(file.getFileName())
                        .append('\n');
            }
            lists.forEach((c, text) -> {
                Path list = folder.resolve("split").resolve(c).resolve(split.getKey() + "CT_" + c + ".txt");
                try {
                    Files.createDirectories(list.getParent());
                    Files.writeString(list, text);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /** Grey where it is: a third of the bytes. */
    private static BufferedImage picture(int height, int width, byte[] rgb) {
        boolean grey = IntStream.range(0, height * width)
                .allMatch(p -> rgb[3 * p] == rgb[3 * p + 1] && rgb[3 * p] == rgb[3 * p + 2]);
        BufferedImage image = new BufferedImage(width, height, grey ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
        int bands = grey ? 1 : 3;
        for (int p = 0; p < height * width; p++) {
            for (int b = 0; b < bands; b++) {
                image.getRaster().setSample(p % width, p / width, b, rgb[3 * p + b] & 0xff);
            }
        }
        return image;
    }
}
