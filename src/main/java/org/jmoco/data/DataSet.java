package org.jmoco.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;

/**
 * A named data set with its splits.
 *
 * @param name          the kind, as in {@code --data NAME=DIR}: decides, and stands in files that programs read
 * @param title         as people call it: the kind, but the folder's name for images of the user's own
 * @param splits        by split name ({@link #TRAIN}, {@link #VAL}, {@link #TEST}, {@link #UNLABELLED}), those that exist,
 *                      at least one
 * @param normalisation how pixels become numbers, see {@link DatasetCard}
 * @param classNames    position = label; empty for a set without labels
 * @param positive      label of the positive class of a two-class task, -1 where there is none
 */
public record DataSet(String name, String title, Map<String, ImageSet> splits, Normalisation normalisation,
        List<String> classNames, int positive) {
    public static final String TRAIN = "train";
    public static final String VAL = "val";
    public static final String TEST = "test";
    public static final String UNLABELLED = "unlabelled";

    public DataSet {
        if (splits.isEmpty()) {
            throw UserError.failed(name + ": no images were found in any split");
        }
        splits = Collections.unmodifiableMap(new LinkedHashMap<>(splits));
        classNames = List.copyOf(classNames);
        if (positive < -1 || positive >= Math.max(classNames.size(), 0)) {
            throw UserError.failed(name + ": positive class " + positive + " is not one of the classes " + classNames);
        }
    }

    /** A set that people call by its kind. */
    public DataSet(String name, Map<String, ImageSet> splits, Normalisation normalisation, List<String> classNames,
            int positive) {
        this(name, name, splits, normalisation, classNames, positive);
    }

    public boolean has(String split) {
        return splits.containsKey(split);
    }

    /**
     * The images of one split.
     *
     * @throws UserError if the set has no such split; the message lists those it has
     */
    public ImageSet split(String split) {
        ImageSet s = splits.get(split);
        if (s == null) {
            throw UserError.failed(title + " has no split \"" + split + "\"; it has " + String.join(", ", splits.keySet()));
        }
        return s;
    }

    /** What pretraining reads: the unlabelled images where there are some, else the train split, else the only one. */
    public ImageSet pretraining() {
        if (has(UNLABELLED)) {
            return split(UNLABELLED);
        }
        return splits.size() == 1 ? splits.values().iterator().next() : split(TRAIN);
    }

    /**
     * For labelled images without an official split: parts of train become val and test, the same share of every class,
     * drawn at random by {@code seed}. Published figures are not comparable with such a split.
     *
     * @param val  share of each class for val, 0 or more; likewise {@code test}; together below 1
     * @throws UserError if there is a val or test split already, train has no labels, or a split would be empty
     */
    public DataSet withHoldOut(double val, double test, long seed) {
        if (!(val >= 0 && test >= 0 && val + test < 1)) {
            throw UserError.usage(title + ": shares of " + val + " for val and " + test + " for test; both must be at least 0 "
                    + "and together below 1");
        }
        if (has(VAL) || has(TEST)) {
            throw UserError.usage(title + " has its own splits (" + String.join(", ", splits.keySet())
                    + "), nothing is held out of them");
        }
        ImageSet all = split(TRAIN);
        int[] labels = all.labels();
        String[] to = new String[labels.length];
        for (int c = 0; c < all.classNames().size(); c++) {
            int label = c;
            int[] members = IntStream.range(0, labels.length).filter(i -> labels[i] == label).toArray();
            int nVal = (int) Math.round(val * members.length);
            int nTest = (int) Math.round(test * members.length);
            int[] order = new Philox(seed, Philox.Purpose.DATA_SPLIT, 0, c).permutation(members.length);
            for (int k = 0; k < order.length; k++) {
                to[members[order[k]]] = k < nVal ? VAL : k < nVal + nTest ? TEST : TRAIN;
            }
        }
        Map<String, ImageSet> parts = new LinkedHashMap<>();
        for (String split : new String[] {TRAIN, VAL, TEST}) {
            if (!split.equals(TRAIN) && (split.equals(VAL) ? val : test) == 0) {
                continue;
            }
            int[] members = IntStream.range(0, to.length).filter(i -> to[i].equals(split)).toArray();
            if (members.length == 0) {
                throw UserError.failed(title + ": " + labels.length + " images are too few to hold out " + val + " and "
                        + test + " of each class");
            }
            parts.put(split, all.subset(members).named(title + " " + split));
        }
        if (has(UNLABELLED)) {
            parts.put(UNLABELLED, split(UNLABELLED));
        }
        return new DataSet(name, title, parts, normalisation, classNames, positive);
    }

    /** Label of a class by its name, capitals aside where no other differs from it by them; -1 if there is none. */
    public static int labelOf(List<String> classNames, String name) {
        int exact = classNames.indexOf(name);
        int[] alike = IntStream.range(0, classNames.size()).filter(c -> classNames.get(c).equalsIgnoreCase(name)).toArray();
        return exact >= 0 ? exact : alike.length == 1 ? alike[0] : -1;
    }

    /**
     * The same set with another positive class.
     *
     * @param name of a class, as {@link #labelOf} takes it
     * @throws UserError if it has no such class
     */
    public DataSet withPositive(String name) {
        int label = labelOf(classNames, name);
        if (label < 0) {
            throw UserError.usage("--positive " + name + ": " + title + " has no such class; it has "
                    + String.join(", ", classNames));
        }
        return new DataSet(this.name, title, splits, normalisation, classNames, label);
    }

    /** True if the positive class is what it is by the order of the classes' names alone: of images of the user's own. */
    public boolean positiveByOrder() {
        return name.equals("images") && positive >= 0;
    }

    /** True if some images were made by the program: every output must then say "phantom". */
    public boolean phantom() {
        return splits.values().stream().anyMatch(ImageSet::phantom);
    }

    /** One line per split. */
    @Override
    public String toString() {
        StringBuilder s = new StringBuilder();
        splits.values().forEach(i -> s.append(s.isEmpty() ? "" : System.lineSeparator()).append(i));
        return s.toString();
    }
}
