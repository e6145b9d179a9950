package org.jmoco.app;

import java.util.function.Consumer;
import org.jmoco.data.DataSet;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Option;

/** The class that precision, recall, F1 and AUC speak of. */
final class PositiveOption {
    @Option(names = "--positive", paramLabel = "CLASS",
            description = "The class of two that precision, recall, F1 and AUC speak of (default: the data set's own; of images"
                    + " of your own the second class by name).")
    private String name;

    /** @throws UserError if a class is named that is not there, or one of more than two */
    DataSet of(DataSet set) {
        if (name != null && set.classNames().size() != 2) {
            throw UserError.usage("--positive " + name + ": " + set.title() + " has " + set.classNames().size()
                    + " classes; one of two is positive, of more the means over classes are given.");
        }
        return name == null ? set : set.withPositive(name);
    }

    /** Says which class is positive where nobody has chosen it. */
    void hint(DataSet set, Consumer<String> say) {
        if (name == null && set.positiveByOrder()) {
            say.accept("note: positive class \"" + set.classNames().get(set.positive()) + "\", since its name sorts second;"
                    + " --positive CLASS chooses it");
        }
    }
}
