package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.data.DataSet;
import org.jmoco.recipe.Machine;
import org.jmoco.recipe.Recipes;
import org.jmoco.report.Pictures;
import org.jmoco.report.Progress;
import org.jmoco.report.RunReport;
import org.jmoco.report.StoredComparison;
import org.jmoco.report.StoredRun;
import org.jmoco.run.FeatureMaps;
import org.jmoco.run.SetPictures;
import org.jmoco.tensor.UserError;
import org.jmoco.train.CheckpointPolicy;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jmoco report}: one or several runs as one HTML file. */
@Command(name = "report", description =
        {"Write one or several runs, or recipes that were run, as one HTML file that needs nothing else: figures, curves,"
        + " ROC, confusion, wrong images, environment.",
    "With the images it also shows the wrong ones, examples of views, and maps of features before and after. A recipe's report"
            + " finds its images by itself."})
final class ReportCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "RUN", description = "Folders of runs, or of recipes that were run.")
    private List<Path> folders;

    @Option(names = "--out", paramLabel = "FILE.html",
            description = "What to write (default: report.html in the first run's folder).")
    private Path out;

    @Mixin
    private DataOptions data;

    @Mixin
    private BackendOptions backend;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter print = spec.commandLine().getOut();
        Path file = out == null ? folders.getFirst().resolve("report.html") : out;
        if (out != null) {
            if (!Files.isDirectory(out) && !out.toString().toLowerCase(Locale.ROOT).matches(".*\\.html?")) {
                throw UserError.usage("--out " + out + ": the page is HTML; give it a name that ends in .html");
            }
            OutputFile.require("--out " + out, out);
        }
        long recipes = folders.stream().filter(StoredComparison::isOne).count();
        if (recipes > 0 && recipes < folders.size()) {
            throw UserError.usage("report: " + folders.stream().filter(StoredComparison::isOne).findFirst().orElseThrow()
                    + " is the folder of a recipe, others are of single runs; give one kind (the single runs of a recipe lie"
                    + " below its encoders and transfers)");
        }
        if (recipes > 0) {
            Map<String, Path> moved = new LinkedHashMap<>();
            data.sources().forEach(s -> moved.put(s.name(), s.path()));
            Machine machine = new Machine(() -> Backends.open(backend), backend.threads(), Version.number(),
                    spec.commandLine().getParseResult().originalArgs(), CheckpointPolicy.DEFAULT, Progress.Mode.NONE, System.err,
                    false);
            Recipes.report(folders, moved, file, machine, print);
        } else {
            List<StoredRun> runs = folders.stream().map(StoredRun::read).toList();
            Pictures pictures = data.sources().isEmpty() ? Pictures.NONE
                    : pictures(runs, DataSource.single(data, print::println));
            AtomicFile.replace(file, RunReport.html(runs, pictures).getBytes(StandardCharsets.UTF_8));
        }
        print.println("report written to " + file);
        return 0;
    }

    private Pictures pictures(List<StoredRun> runs, DataSource source) {
        DataSet set = source.set();
        List<Pictures.Exhibit> exhibits = new ArrayList<>();
        Map<ViewRecipe, List<String>> seen = new LinkedHashMap<>(); // by the views, the runs
        runs.forEach(r -> views(r, source).ifPresent(v -> seen.computeIfAbsent(v, same -> new ArrayList<>()).add(r.name())));
        seen.forEach((views, names) -> exhibits.add(SetPictures.views(set, views, names.size() == runs.size() ? ""
                : (names.size() == 1 ? ", run " : ", runs ") + String.join(", ", names), "")));
        runs.stream().filter(r -> views(r, source).isEmpty()).forEach(r -> exhibits.add(
                new Pictures.Exhibit("Random views of " + set.title() + ", run " + r.name(),
                        "Its recipe gave this run other views than those of the set; the recipe's own report shows them.",
                        List.of())));
        for (StoredRun r : runs) {
            if (Files.exists(r.folder().resolve("result.json"))) {
                exhibits.add(map(r, source));
            }
        }
        return SetPictures.of(set, exhibits);
    }

    /** The set's views in the size of a run. */
    private static ViewRecipe sized(StoredRun r, DataSource source) {
        Object image = r.options().get("--image");
        return image == null ? source.recipe() : source.recipe().withSize(Integer.parseInt(image.toString()));
    }

    /** The views that a run saw; empty for a stage of a recipe that changed more of them than size and blur. */
    private static Optional<ViewRecipe> views(StoredRun r, DataSource source) {
        ViewRecipe sized = sized(r, source);
        Object recorded = r.options().get("views");
        if (recorded != null) {
            return Stream.of(sized, sized.v2()).filter(v -> v.toString().equals(recorded)).findFirst();
        }
        boolean blur = Stream.of("--blur", "--v2").anyMatch(o -> "true".equals(r.options().get(o)));
        return Optional.of(blur ? sized.v2() : sized);
    }

    /** Features before and after a run; before only where it is known and still there. */
    private Pictures.Exhibit map(StoredRun r, DataSource source) {
        TrainedRun trained = TrainedRun.load(r.folder());
        DataSet set = trained.withOwnSplit(source.set(), spec.commandLine().getOut()::println);
        SetPictures.Part judged = SetPictures.judged(set);
        boolean drawn = r.predictions() != null && !set.has(DataSet.TEST) && !set.has(DataSet.VAL);
        FeatureMaps maps = new FeatureMaps(() -> Backends.open(backend), judged.images(),
                judged.words() + (drawn ? ", some of which the run held out," : ""), sized(r, source),
                set.normalisation());
        String from = String.valueOf(r.result()
                .getOrDefault("from", r.options().getOrDefault("--from", r.options().getOrDefault("from", ""))));
        Pretrained after = trained.weights();
        String heading = "Features before and after " + r.name();
        if (r.frozen()) {
            return new Pictures.Exhibit(heading, maps.about() + " " + FeatureMaps.FROZEN, maps.frozen(r.name(), after));
        }
        if (from.equals(RunOptions.RANDOM)) {
            long seed = Long.parseLong(String.valueOf(r.options().getOrDefault("--seed", "1")));
            return new Pictures.Exhibit(heading, maps.about(), maps.beforeAndAfter(r.name(), Optional.empty(), seed, after));
        }
        if (!from.isEmpty() && Files.exists(Path.of(from))) {
            return new Pictures.Exhibit(heading, maps.about(),
                    maps.beforeAndAfter(r.name(), Optional.of(Pretrained.load(Path.of(from))), 1, after));
        }
        return new Pictures.Exhibit(heading, maps.about() + " What this run started from (" + from
                + ") is not at hand, so there is no picture of before.",
                maps.after(r.name(), after));
    }
}
