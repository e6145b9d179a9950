package org.jmoco.app;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.jmoco.augment.ContactSheet;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.Views;
import org.jmoco.data.ImageSet;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco data show}: a picture of images and of what pretraining makes of them. */
@Command(name = "show", description = "Draw images and random views of them into a PNG file, and print what was drawn for each"
        + " view. Images and views are those with which pretraining on this split begins, given the same seed.")
final class DataShowCommand implements Runnable {
    /** Least pixels of a picture on the sheet: five times CIFAR's 32, and wide enough for the words below it. */
    private static final int CELL = 160;

    private static final int COLUMNS_WITHOUT_VIEWS = 8;

    /** Of all pictures together; the sheet, four bytes a pixel and about half again for the words, fits in the default heap. */
    private static final long MOST_PIXELS = 100_000_000;

    @Mixin
    private DataOptions data;

    @Option(names = "--split", paramLabel = "NAME",
            description = "train, val, test or unlabelled, as far as the set has them (default: the one that pretraining reads).")
    private String split;

    @Option(names = "--count", paramLabel = "N", defaultValue = "8", description = "Images (default: ${DEFAULT-VALUE}).")
    private int count;

    @Option(names = "--views", paramLabel = "N", defaultValue = "4",
            description = "Views of each image, query and key in turn; 0 draws the images alone (default: ${DEFAULT-VALUE}).")
    private int views;

    @Option(names = "--image", paramLabel = "N",
            description = "Height and width of the views (default: the data set's own).")
    private Integer image;

    @Option(names = "--v2", description = "Views of MoCo v2, which adds blur (default: without).")
    private boolean v2;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1",
            description = "Seed of order and views (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--out", paramLabel = "FILE.png", required = true, description = "File to write (no default).")
    private Path out;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        check();
        PrintWriter text = spec.commandLine().getOut();
        DataSource source = DataSource.single(data, spec.commandLine().getErr()::println);
        ImageSet images = split == null ? source.set().pretraining() : Splits.any(source.set(), "--split", split);
        // The order of epoch 0 and its views, both as org.jmoco.augment.ViewLoader takes them.
        int[] order = new Philox(seed, Philox.Purpose.ORDER, 0, 0).permutation(images.size());
        int[] which = Arrays.copyOf(order, Math.min(count, images.size()));
        ViewRecipe recipe = recipe(source);
        int cell = cell(which.length, views, recipe.size());
        text.println(images);
        if (views == 0) {
            for (int i : which) {
                text.println(ContactSheet.caption(images, i));
            }
            ContactSheet.write(ContactSheet.images(images, which, Math.min(which.length, COLUMNS_WITHOUT_VIEWS), cell), out);
        } else {
            text.println("views " + DataText.views(recipe));
            printDraws(text, images, recipe, which);
            ContactSheet.write(ContactSheet.views(images, recipe, seed, 0, which, views, cell), out);
        }
        text.println("written: " + out);
    }

    /** Absolute, with its links resolved as far as it is there. */
    private static Path real(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        try {
            return absolute.toRealPath();
        } catch (IOException e) { // it is yet to be made
            return absolute.getParent() == null ? absolute : real(absolute.getParent()).resolve(absolute.getFileName());
        }
    }

    private void check() {
        if (!out.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
            throw UserError.usage("--out " + out + ": the sheet is a PNG file; give it a name that ends in .png");
        }
        DataOptions.Source source = data.single();
        if (source != null && source.path() != null
                && real(out).startsWith(real(source.path()))) {
            throw UserError.usage("--out " + out + ": lies among the images of " + source.path() + "; name a file elsewhere");
        }
        OutputFile.require("--out " + out, out);
        if (split != null) {
            Splits.requireName("--split", split);
        }
        if (count < 1 || views < 0) {
            throw UserError.usage("--count " + count + " must be at least 1 and --views " + views + " at least 0");
        }
    }

    /** Pixels of a picture: a whole multiple of the views, so that each of their pixels is a square. */
    private static int cell(int shown, int views, int size) {
        long cell = views == 0 ? CELL : (long) Math.ceilDiv(CELL, size) * size;
        long most = MOST_PIXELS / (cell * cell);
        if (shown * (views + 1L) > most) {
            throw UserError.usage(shown + " images with --views " + views + " are " + shown * (views + 1L) + " pictures of "
                    + cell + "x" + cell + " pixels; a sheet holds at most " + most);
        }
        return (int) cell;
    }

    private ViewRecipe recipe(DataSource source) {
        ViewRecipe recipe = image == null ? source.recipe() : source.recipe().withSize(image);
        return v2 ? recipe.v2() : recipe;
    }

    private void printDraws(PrintWriter text, ImageSet images, ViewRecipe recipe, int[] which) {
        ImageSet prepared = Views.prepare(images.subset(which), recipe);
        for (int i = 0; i < which.length; i++) {
            text.println(ContactSheet.caption(images, which[i])
                    + (recipe.preResize() > 0 ? ContactSheet.resized(prepared.height(i), prepared.width(i)) : ""));
            for (int v = 0; v < views; v++) {
                text.printf("  epoch %d %-5s  %s%n", v / 2, v % 2 == 0 ? "query" : "key",
                        ContactSheet.draw(recipe, seed, 0, v, which[i], prepared.height(i), prepared.width(i)));
            }
        }
    }
}
