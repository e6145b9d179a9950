package org.jmoco.app;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jmoco.data.DataSet;
import org.jmoco.data.DatasetCard;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Skipped;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco data info}: everything is read, so that a number printed here is a fact about the files. */
@Command(name = "info", description = "Read data sets and count: splits, images per class, sizes, files that were left out and"
        + " why, a hash of the content.")
final class DataInfoCommand implements Runnable {
    @Mixin
    private DataOptions data;

    @Option(names = "--skipped", paramLabel = "N", defaultValue = "10",
            description = "Files left out that are named for each split (default: ${DEFAULT-VALUE}).")
    private int skipped;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        if (skipped < 0) {
            throw UserError.usage("--skipped " + skipped + " must be at least 0");
        }
        PrintWriter out = spec.commandLine().getOut();
        for (DataSource source : DataSource.all(data, spec.commandLine().getErr()::println)) {
            describe(source).print(out);
        }
    }

    private DataText describe(DataSource source) {
        DataSet set = source.set();
        DataText text = new DataText(set.name()
                + (source.path() == null ? "" : ": " + source.path().toAbsolutePath().normalize()));
        if (set.phantom()) {
            text.line("phantom", "Made by the program, no patients. " + DatasetCard.load("phantom").notes());
        }
        text.recipe(source.recipe()).normalisation(set.normalisation()).line("pretraining", "reads " + pretraining(set));
        set.splits().forEach((name, images) -> split(text, name, images, set));
        return text;
    }

    /** Name of the split that pretraining reads. */
    private static String pretraining(DataSet set) {
        return set.splits().entrySet().stream().filter(s -> s.getValue() == set.pretraining()).findFirst().orElseThrow().getKey();
    }

    private void split(DataText text, String name, ImageSet images, DataSet set) {
        text.line(name, images.size() + (images.size() == 1 ? " image, " : " images, ") + sizes(images)
                + String.format(Locale.ROOT, ", %.1f MiB of pixels, content %016x", images.bytes() / 0x1p20,
                        images.contentHash()));
        if (images.labelled()) {
            int[] counts = images.classCounts();
            for (int c = 0; c < counts.length; c++) {
                text.line("  class " + c, String.format(Locale.ROOT, "%6d %s%s", counts[c], images.classNames().get(c),
                        c == set.positive() ? " (positive)" : ""));
            }
        } else {
            text.line("  classes", "no labels"
                    + (name.equals(DataSet.UNLABELLED) && set.name().equals("images") ? unlabelled(images) : ""));
        }
        if (!images.faint().isEmpty()) {
            text.line("  nearly black", images.faint().size() + " of 16 bits a channel that use 12 only, the first: "
                    + images.faint().getFirst());
        }
        List<Skipped> left = images.skipped();
        if (!left.isEmpty()) {
            text.line("  left out", left.size() + (left.size() == 1 ? " file" : " files"));
            left.stream().limit(skipped).forEach(s -> text.line("", s.toString()));
            if (left.size() > skipped) {
                text.line("", "and " + (left.size() - skipped) + " more (--skipped " + left.size() + " names all)");
            }
        }
    }

    /** Why images of the user's own have none, where a folder looks as if it were meant as a class. */
    private static String unlabelled(ImageSet images) {
        TreeSet<String> folders = new TreeSet<>();
        for (int i = 0; i < images.size(); i++) {
            String image = images.imageName(i);
            folders.add(image.contains("/") ? image.substring(0, image.lastIndexOf('/')) : "");
        }
        return folders.size() == 1 && !folders.first().isEmpty()
                ? ": all images lie in one folder, " + folders.first() + "; classes are two folders or more"
                : ": classes are two folders or more, with no image beside them";
    }

    /** Height x width: the one that all have, or the range of each and its median. */
    private static String sizes(ImageSet images) {
        int[] heights = sorted(images, images::height);
        int[] widths = sorted(images, images::width);
        int last = images.size() - 1;
        String smallest = heights[0] + "x" + widths[0];
        String largest = heights[last] + "x" + widths[last];
        return smallest.equals(largest) ? smallest
                : smallest + " to " + largest + " (median " + heights[last / 2] + "x" + widths[last / 2] + ")";
    }

    private static int[] sorted(ImageSet images, IntUnaryOperator length) {
        return IntStream.range(0, images.size()).map(length).sorted().toArray();
    }
}
