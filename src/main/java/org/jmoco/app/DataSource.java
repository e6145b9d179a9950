package org.jmoco.app;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.DataSet;
import org.jmoco.data.DataSets;

/**
 * An open data set with what belongs to it. Here and nowhere else does {@code --data} become images.
 *
 * @param set    its splits, decoded, in memory
 * @param recipe the views of its images; its size is the {@code --image} that the set has of its own
 * @param path   where the files lie, null for phantom
 */
record DataSource(DataSet set, ViewRecipe recipe, Path path) {
    private static final DataOptions.Source PHANTOM = new DataOptions.Source("phantom", null);

    /**
     * The one set that the options name, phantom if they name none.
     *
     * @param log takes lines for the user: skipped files, an unusable cache
     * @throws org.jmoco.tensor.UserError if there are several, or the files are missing, damaged or not those of the set
     */
    static DataSource single(DataOptions options, Consumer<String> log) {
        DataOptions.Source source = options.single();
        return open(source == null ? PHANTOM : source, log);
    }

    /** As {@link #single} for commands that read several sets: in the order given, phantom alone if none was. */
    static List<DataSource> all(DataOptions options, Consumer<String> log) {
        List<DataOptions.Source> sources = options.sources();
        return (sources.isEmpty() ? List.of(PHANTOM) : sources).stream().map(s -> open(s, log)).toList();
    }

    /** The images of one argument of {@code --data}. */
    static DataSource open(DataOptions.Source source, Consumer<String> log) {
        DataSet set = DataSets.open(source.name(), source.path(), DataSets.Options.defaults().withLog(log));
        return new DataSource(set, ViewRecipe.of(source.name()), source.path());
    }
}
