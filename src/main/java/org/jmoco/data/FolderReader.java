package org.jmoco.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jmoco.tensor.UserError;

/**
 * Any folder or zip of images.
 *
 * <ul>
 * <li>First-level folders train, val, test, unlabelled (also valid, validation, unlabeled): those are the splits, and
 *     the next rule holds inside each.
 * <li>Two or more sub-folders and no image beside them: the sub-folders are the classes, in alphabetical order.
 * <li>Anything else: unlabelled.
 * </ul>
 * A single outer folder is looked through. Order is that of the names, on every machine. A file that cannot be decoded is
 * skipped and named, except in train, val and test: a split must not change in silence.
 */
final class FolderReader {
    private static final Map<String, String> SPLITS = Map.of("train", DataSet.TRAIN, "val", DataSet.VAL,
            "valid", DataSet.VAL, "validation", DataSet.VAL, "test", DataSet.TEST, "unlabelled", DataSet.UNLABELLED,
            "unlabeled", DataSet.UNLABELLED);

    private final String set;
    private final Path path;

    FolderReader(String set, Path path) {
        this.set = set;
        this.path = soleZip(path);
    }

    /** What is read: the path itself, or the one zip in a folder that holds nothing else to read. */
    Path path() {
        return path;
    }

    Map<String, ImageSet> read() {
        try (ImageStore store = ImageStore.open(set, path)) {
            List<String> names = store.names();
            if (names.isEmpty()) {
                throw UserError.failed(set + ": no image in " + path + " (looked for files ending in "
                        + String.join(", ", new TreeSet<>(ImageStore.ENDINGS)) + ")"
                        + (anyDicom() ? "; DICOM files must be converted to PNG first" : ""));
            }
            return arrange(store, names);
        }
    }

    private Map<String, ImageSet> arrange(ImageStore store, List<String> names) {
        int depth = outerFolder(names);
        TreeSet<String> first = new TreeSet<>();
        names.forEach(n -> first.add(part(n, depth)));
        List<String> splitNames = first.stream().filter(f -> splitOf(f) != null).toList();
        Map<String, ImageSet> sets = new LinkedHashMap<>();
        if (splitNames.isEmpty()) {
            Map<String, Integer> classes = classes(names, depth);
            sets.put(classes.isEmpty() ? DataSet.UNLABELLED : DataSet.TRAIN, decode(store, set, names, depth, classes, false));
            return sets;
        }
        if (splitNames.size() < first.size()) {
            first.removeAll(splitNames);
            throw UserError.failed(set + ": " + path + " has the split folders " + String.join(", ", splitNames)
                    + " and beside them " + (first.contains("") ? "images" : String.join(", ", first))
                    + "; put every image into a split folder, or rename those folders");
        }
        Map<String, List<String>> bySplit = new TreeMap<>();
        for (String n : names) {
            bySplit.computeIfAbsent(splitOf(part(n, depth)), s -> new ArrayList<>()).add(n);
        }
        TreeMap<String, Integer> all = new TreeMap<>(); // the classes of all splits, so that labels mean the same in each
        bySplit.forEach((split, of) -> {
            if (!split.equals(DataSet.UNLABELLED)) {
                classes(of, depth + 1).keySet().forEach(c -> all.put(c, 0));
            }
        });
        requireTrained(bySplit, depth + 1);
        int next = 0;
        for (Map.Entry<String, Integer> c : all.entrySet()) {
            c.setValue(next++);
        }
        for (String split : List.of(DataSet.TRAIN, DataSet.VAL, DataSet.TEST, DataSet.UNLABELLED)) {
            List<String> of = bySplit.get(split);
            if (of != null) {
                boolean unlabelled = split.equals(DataSet.UNLABELLED);
                sets.put(split, decode(store, set + " " + split, of, depth + 1, unlabelled ? Map.of() : all, !unlabelled));
            }
        }
        return sets;
    }

    /** A class that no training image has cannot be learnt: a folder was misnamed or is missing. */
    private void requireTrained(Map<String, List<String>> bySplit, int depth) {
        if (!bySplit.containsKey(DataSet.TRAIN)) {
            return;
        }
        TreeSet<String> trained = folders(bySplit.get(DataSet.TRAIN), depth);
        for (String split : List.of(DataSet.VAL, DataSet.TEST)) {
            TreeSet<String> others = folders(bySplit.getOrDefault(split, List.of()), depth);
            others.removeAll(trained);
            if (!others.isEmpty()) {
                throw UserError.failed(set + " " + split + ": has images of " + String.join(", ", others) + ", but train has "
                        + (trained.isEmpty() ? "no class folders" : "the classes " + String.join(", ", trained))
                        + "; rename the folders, or remove what is not trained");
            }
        }
    }

    private static TreeSet<String> folders(List<String> names, int depth) {
        TreeSet<String> all = new TreeSet<>();
        names.forEach(n -> all.add(part(n, depth)));
        all.remove(""); // images beside class folders are spoken of when they are labelled
        return all;
    }

    /** How many outermost folders all images share, split folders not counted. */
    private static int outerFolder(List<String> names) {
        int depth = 0;
        while (true) {
            String p = part(names.getFirst(), depth);
            int d = depth;
            if (p.isEmpty() || splitOf(p) != null || !names.stream().allMatch(n -> part(n, d).equals(p))) {
                return depth;
            }
            depth++;
        }
    }

    /** Folder {@code depth} of a name, empty where there is none. */
    private static String part(String name, int depth) {
        String[] parts = name.split("/");
        return depth < parts.length - 1 ? parts[depth] : "";
    }

    private static String splitOf(String folder) {
        return SPLITS.get(folder.toLowerCase(Locale.ROOT));
    }

    /** Class folders with their labels; empty where the images are not sorted into at least two. */
    private static Map<String, Integer> classes(List<String> names, int depth) {
        TreeMap<String, Integer> classes = new TreeMap<>();
        names.forEach(n -> classes.put(part(n, depth), 0));
        if (classes.size() < 2 || classes.containsKey("")) {
            return Map.of();
        }
        int next = 0;
        for (Map.Entry<String, Integer> c : classes.entrySet()) {
            c.setValue(next++);
        }
        return classes;
    }

    private ImageSet decode(ImageStore store, String name, List<String> names, int depth, Map<String, Integer> classes,
            boolean exact) {
        ImageDecoder.Decoded d = ImageDecoder.decodeAll(name, store, names);
        List<Skipped> skipped = d.skipped();
        if (!skipped.isEmpty() && (exact || skipped.size() == names.size())) {
            throw UserError.failed(name + ": " + skipped.size() + " of " + names.size() + " images cannot be read in " + path
                    + ", first " + skipped.getFirst()
                    + (exact ? "; repair or remove them, a split is not changed in silence" : "; none is left"));
        }
        List<Image> images = Arrays.stream(d.images()).filter(i -> i != null).toList();
        ImageSet s = ImageSet.of(name, images).withSkipped(skipped).withFaint(d.faintNames(0, names.size()));
        if (classes.isEmpty()) {
            return s;
        }
        int[] labels = new int[images.size()];
        for (int i = 0; i < labels.length; i++) {
            Integer label = classes.get(part(images.get(i).name(), depth));
            if (label == null) {
                throw UserError.failed(name + ": " + images.get(i).name() + " lies in no class folder, but others do (classes "
                        + String.join(", ", classes.keySet()) + "); sort it into one or move it to the split unlabelled");
            }
            labels[i] = label;
        }
        return s.withLabels(labels, List.copyOf(classes.keySet()));
    }

    private Path soleZip(Path given) {
        if (!Files.isDirectory(given)) {
            return given;
        }
        try (Stream<Path> inside = Files.list(given)) {
            List<Path> visible = inside.filter(p -> !p.getFileName().toString().startsWith(".")).toList();
            boolean sole = visible.size() == 1 && visible.getFirst().toString().toLowerCase(Locale.ROOT).endsWith(".zip");
            return sole ? visible.getFirst() : given;
        } catch (IOException e) {
            throw Inputs.cannotRead(set, given, e);
        }
    }

    private boolean anyDicom() {
        if (!Files.isDirectory(path)) {
            return false;
        }
        try (Stream<Path> all = Files.walk(path)) {
            return all.anyMatch(p -> p.toString().toLowerCase(Locale.ROOT).endsWith(".dcm"));
        } catch (IOException | UncheckedIOException e) {
            return false; // only a hint depends on it
        }
    }
}
