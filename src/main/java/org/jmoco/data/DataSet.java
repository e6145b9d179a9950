package org.jmoco.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;

/**
 * A named data set with its splits.
 *
 * @param name          as in {@code --data NAME=DIR}
 * @param splits        by split name ({@link #TRAIN}, {@link #VAL}, {@link #TEST}, {@link #UNLABELLED}), those that exist,
 *                      at least one
 * @param normalisation how pixels become numbers, see {@link DatasetCard}
 * @param classNames    position = label; empty for a set without labels
 * @param positive      label of the positive class of a two-class task, -1 where there is none
 */
public record DataSet(String name, Map<String, ImageSet> splits, Normalisation normalisation, List<String> classNames,
        int positive) {
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
            throw UserError.failed(name + " has no split \"" + split + "\"; it has " + String.join(", ", splits.keySet()));
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
