package org.jmoco.recipe;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.DataSet;
import org.jmoco.report.Pictures;
import org.jmoco.report.StoredComparison;
import org.jmoco.report.StoredRun;
import org.jmoco.run.FeatureMaps;
import org.jmoco.run.SetPictures;
import org.jmoco.train.Pretrained;

/**
 * Pictures for the report of a recipe: the wrong images, examples of each stage's views, maps of features of each row's first
 * seed.
 */
final class RecipePictures {
    private final Recipe recipe;
    private final DataBook data;
    private final Machine machine;

    RecipePictures(Recipe recipe, DataBook data, Machine machine) {
        this.recipe = recipe;
        this.data = data;
        this.machine = machine;
    }

    Pictures of(StoredComparison results) {
        List<Pictures.Exhibit> exhibits = new ArrayList<>();
        record Seen(DataSpec data, ViewRecipe views) {}
        Map<Seen, List<String>> stages = new LinkedHashMap<>(); // by what they see
        DataBook.needs(recipe).forEach((stage, alternatives) -> {
            DataSpec used = data.atHand(alternatives).orElseThrow();
            ViewRecipe v = stage.equals(TransferStage.NAME) ? recipe.transfer().views().of(used.kind())
                    : recipe.pretrain().get(stage).views().of(used.kind());
            stages.computeIfAbsent(new Seen(used, v), same -> new ArrayList<>()).add(stage);
        });
        stages.forEach((seen, names) -> exhibits.add(SetPictures.views(data.open(seen.data), seen.views,
                (names.size() == 1 ? ", stage " : ", stages ") + String.join(", ", names),
                seen.data.path() == null ? "" : " of the folder " + seen.data.path().getFileName())));
        if (recipe.transfer() == null) {
            return SetPictures.of(data.open(data.atHand(DataBook.needs(recipe).values().iterator().next()).orElseThrow()),
                    exhibits);
        }
        DataSpec used = data.atHand(recipe.transfer().data()).orElseThrow();
        DataSet set = data.open(used);
        SetPictures.Part judged = SetPictures.judged(set);
        FeatureMaps maps = new FeatureMaps(machine.backend(), judged.images(), judged.words(),
                recipe.transfer().views().of(used.kind()), set.normalisation());
        List<Pictures.Shown> shown = new ArrayList<>();
        for (StoredComparison.Row row : results.rows()) {
            StoredRun first = row.seeds().getFirst();
            String what = StoredComparison.label(row) + ", transfer of seed 1";
            if (first.frozen()) {
                shown.addAll(maps.frozen(what, Pretrained.load(first.folder())));
                continue;
            }
            String from = String.valueOf(first.result().get("from"));
            Optional<Pretrained> before = from.equals("random") || !Files.exists(Path.of(from)) ? Optional.empty()
                    : Optional.of(Pretrained.load(Path.of(from)));
            if (from.equals("random") || before.isPresent()) {
                shown.addAll(maps.beforeAndAfter(what, before, 1, Pretrained.load(first.folder())));
            }
        }
        boolean frozen = results.rows().stream().anyMatch(row -> row.seeds().getFirst().frozen());
        exhibits.add(new Pictures.Exhibit("Features before and after transfer",
                maps.about() + (frozen ? " " + FeatureMaps.FROZEN : ""), shown));
        return SetPictures.of(set, exhibits);
    }
}
