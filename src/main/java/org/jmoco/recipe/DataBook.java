package org.jmoco.recipe;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jmoco.data.DataSet;
import org.jmoco.data.DataSets;
import org.jmoco.data.HoldOut;
import org.jmoco.tensor.UserError;

/** The data sets of a recipe: which are at hand, and each opened once. */
final class DataBook {
    private final Map<String, Path> given; // by kind
    private final HoldOut holdOut;
    private final Consumer<String> say;
    private final Map<DataSpec, DataSet> open = new HashMap<>();

    /**
     * @param given   where the command line says that sets lie, by kind
     * @param holdOut shares of val and test for labelled sets without splits; null if the recipe has no transfer
     */
    DataBook(Map<String, Path> given, HoldOut holdOut, Consumer<String> say) {
        this.given = given;
        this.holdOut = holdOut;
        this.say = say;
    }

    /** The first of these that is at hand, with its path: the command line's, or else the recipe's. */
    Optional<DataSpec> atHand(List<DataSpec> alternatives) {
        for (DataSpec d : alternatives) {
            if (given.containsKey(d.kind())) {
                return Optional.of(new DataSpec(d.kind(), given.get(d.kind())));
            }
            if (d.path() != null || d.kind().equals(DataSpec.PHANTOM)) {
                return Optional.of(d);
            }
        }
        return Optional.empty();
    }

    /**
     * Everything that the rows need must be at hand, and {@link #requireUsed nothing else} given.
     *
     * @throws UserError naming all that is missing
     */
    void requireAll(Map<String, List<DataSpec>> byStage) {
        Set<String> missing = new LinkedHashSet<>();
        byStage.forEach((stage, alternatives) -> {
            if (atHand(alternatives).isEmpty()) {
                missing.add("stage " + stage + " needs "
                        + String.join(" (or in its place ", alternatives.stream().map(DataSpec::kind).toList())
                        + ")".repeat(alternatives.size() - 1));
            }
        });
        if (!missing.isEmpty()) {
            throw UserError.usage("data sets are missing: " + String.join("; ", missing)
                    + ". Say where they lie with --data NAME=DIR, or leave stages out with --stages or rows with --rows.");
        }
        requireUsed(byStage);
    }

    /** Nothing may be given that no stage reads, nor one folder in place of several. */
    void requireUsed(Map<String, List<DataSpec>> byStage) {
        for (String kind : given.keySet()) {
            List<Path> own = byStage.values().stream().flatMap(List::stream)
                    .filter(d -> d.kind().equals(kind) && d.path() != null).map(DataSpec::path)
                    .distinct().toList();
            if (own.size() > 1) {
                throw UserError.usage("--data " + kind + ": the recipe names " + own.size() + " folders of this kind ("
                        + own.get(0) + ", " + own.get(1)
                        + (own.size() > 2 ? ", ..." : "") + "); replace one of them by --set STAGE.data=" + kind + "=DIR");
            }
        }
        Set<String> kinds = new LinkedHashSet<>();
        byStage.values().forEach(alternatives -> alternatives.forEach(d -> kinds.add(d.kind())));
        List<String> idle = new ArrayList<>(given.keySet());
        idle.removeAll(kinds);
        if (!idle.isEmpty()) {
            throw UserError.usage("--data " + idle.getFirst() + ": no stage of these rows reads it; they read "
                    + String.join(", ", kinds));
        }
    }

    DataSet open(DataSpec spec) {
        return open.computeIfAbsent(spec, s -> split(DataSets.open(s.kind(), s.path(), DataSets.Options.defaults().withLog(say)),
                s));
    }

    /** The same split for pretraining and transfer, so that no test image is ever trained on. */
    private DataSet split(DataSet set, DataSpec spec) {
        return holdOut == null || !HoldOut.suits(set) ? set : holdOut.of(set, spec.toString(), say);
    }

    /** What each stage of these reads, in order. */
    static Map<String, List<DataSpec>> needs(Recipe recipe) {
        Map<String, List<DataSpec>> needs = new LinkedHashMap<>();
        recipe.rows().forEach(r -> r.chain().forEach(s -> needs.put(s, recipe.pretrain().get(s).data())));
        if (recipe.transfer() != null) {
            needs.put(TransferStage.NAME, recipe.transfer().data());
        }
        return needs;
    }
}
