package org.jmoco.app;

import java.util.List;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.tensor.UserError;

/** The split of a data set that an option names, or words for what to do where there is none. */
final class Splits {
    private static final List<String> NAMES = List.of(DataSet.TRAIN, DataSet.VAL, DataSet.TEST, DataSet.UNLABELLED);

    /** What a user does who has images of his own and wants figures. */
    static final String HELD_OUT = "sort the images into folders train/CLASS, val/CLASS and test/CLASS (the same classes in each;"
            + " images of one patient in one of the three), or train with --hold-out or by a recipe (./jmoco run FILE.yaml,"
            + " docs/recipes.md), which hold parts of each class out.";

    private Splits() {}

    /** @throws UserError (usage) if no data set has a split of this name */
    static void requireName(String option, String split) {
        if (!NAMES.contains(split)) {
            throw UserError.usage(option + " " + split + ": there is no such split; take one of " + String.join(", ", NAMES));
        }
    }

    /** @throws UserError if the set has no labels at all, with how to give them */
    static void requireLabels(DataSet set, String what) {
        if (set.splits().values().stream().noneMatch(ImageSet::labelled)) {
            throw UserError.failed(set.title() + " has no labels, and " + what
                    + " needs them: sort the images into folders, one for each class, two or more, or name others by --data.");
        }
    }

    /** Images with labels. @throws UserError if the set has no labels, or not this split */
    static ImageSet labelled(DataSet set, String option, String split, String what) {
        requireName(option, split);
        requireLabels(set, what);
        ImageSet images = any(set, option, split);
        if (!images.labelled()) {
            throw UserError.failed(images + " has no labels, and " + what + " needs them; take another " + option + ": "
                    + names(set));
        }
        return images;
    }

    /** @throws UserError if the set has no such split */
    static ImageSet any(DataSet set, String option, String split) {
        requireName(option, split);
        if (!set.has(split)) {
            throw UserError.failed(set.title() + " has no split \"" + split + "\"; it has " + names(set) + ".\nTake " + option
                    + " " + set.splits().keySet().iterator().next() + (set.name().equals("images")
                            ? ". For figures of images that were not trained on " + HELD_OUT : "."));
        }
        return set.split(split);
    }

    private static String names(DataSet set) {
        return String.join(", ", set.splits().keySet());
    }
}
