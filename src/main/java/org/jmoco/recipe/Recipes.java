package org.jmoco.recipe;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.report.ComparisonReport;
import org.jmoco.report.Json;
import org.jmoco.report.Pictures;
import org.jmoco.report.RunFolder;
import org.jmoco.report.StoredComparison;
import org.jmoco.tensor.UserError;

/**
 * Recipes from outside: {@code jmoco run}. The folder of a run holds
 *
 * <pre>
 * recipe.yaml       the recipe as it was run, every change in it; runs by itself
 * options.json      options of the last start; environment.json  one entry for each start
 * encoders/         one run folder for each pretraining (or in the store that recipes share)
 * transfers/        one run folder for each row and seed
 * results.json      figures, comparisons and what each network said of each image: all that a report needs
 * results.txt       the table
 * report.html       the same with diagrams and pictures, for a browser
 * </pre>
 */
public final class Recipes {
    /** Of the shipped recipes. */
    public static final List<String> SHIPPED = Recipe.SHIPPED;

    /**
     * What to run.
     *
     * @param recipe  {@code covid}, {@code idc}, or a file
     * @param scale   of the recipe; null or "published" for its own values
     * @param sets    changes, {@code path=value}
     * @param seeds   0 for the recipe's own
     * @param rows    names; empty for all
     * @param stages  that take part; empty for all
     * @param data    folders of data sets by kind
     * @param out     folder of the run; null for {@code runs/NAME}
     * @param store   folder of the encoders; null for {@code encoders} in the run's
     * @param options resolved options of the command line, for the record
     */
    public record Request(String recipe, String scale, List<String> sets, int seeds, List<String> rows, List<String> stages,
            Map<String, Path> data, Path out, Path store, Map<String, Object> options) {}

    /** The page that a run leaves beside its results. */
    private static final String REPORT = "report.html";

    private final Recipe recipe;
    private final DataBook data;
    private final Path out;
    private final Path store;
    private final Request request;
    private final PrintWriter print;

    /** @throws UserError if the recipe is wrong, with file, line and column */
    public Recipes(Request request, PrintWriter print) {
        this.request = request;
        this.print = print;
        recipe = Recipe.load(request.recipe, new Recipe.Wishes(request.scale, request.sets, request.seeds, request.rows,
                request.stages));
        data = new DataBook(request.data, recipe.transfer() == null ? null : recipe.transfer().holdOut(), print::println);
        out = request.out != null ? request.out : Path.of("runs", recipe.name());
        store = request.store != null ? request.store : out.resolve("encoders");
    }

    /** Prints stages, steps, estimated time and memory; trains nothing and writes nothing. */
    public void dryRun(Machine machine) {
        data.requireUsed(DataBook.needs(recipe));
        requireNothingLost();
        heading();
        RecipeRun run = new RecipeRun(recipe, data, machine, store, out, print);
        run.look();
        run.notes().forEach(print::println);
        new Estimate(recipe, data, run, machine, print).print(Plan.of(recipe));
    }

    /** Trains what is not finished yet, then prints and writes the results. */
    public void run(Machine machine) {
        data.requireAll(DataBook.needs(recipe));
        requireNothingLost();
        heading();
        try (RunFolder folder = RunFolder.open(out, "run", true)) {
            RecipeRun run = new RecipeRun(recipe, data, machine, store, out, print);
            run.look();
            run.standIns().forEach(print::println);
            run.notes().forEach(print::println);
            Results results = Results.of(recipe, run, run.run(Plan.of(recipe), () -> record(folder, run, machine)));
            List<String> table = ResultTable.of(results);
            print.println();
            table.forEach(print::println);
            write(folder.file("results.txt"), String.join("\n", table) + "\n");
            Json.write(folder.file("results.json"), results.json(run.backend(), out));
            print.println();
            print.println("results in " + folder.file("results.json"));
            StoredComparison stored = StoredComparison.read(out);
            write(folder.file(REPORT), ComparisonReport.html(List.of(stored),
                    new RecipePictures(recipe, data, machine).of(stored)));
            print.println("report in " + folder.file(REPORT) + " (open it in a browser)");
            print.println(recipe.transfer() == null
                    ? "each encoder lies in a folder below " + store
                    + ": ./jmoco finetune --from FOLDER, ./jmoco knn --from FOLDER, ./jmoco export"
                            + " --from FOLDER"
                    : "each training lies in a folder below " + out.resolve("transfers")
                    + ": ./jmoco evaluate --from FOLDER, ./jmoco predict --from FOLDER IMAGE");
        }
    }

    /** What makes the folder one of this recipe. */
    private void record(RunFolder folder, RecipeRun run, Machine machine) {
        folder.recordOptions(request.options, allOptions(folder));
        folder.recordEnvironment(machine.environment(run.backend()), print::println);
        write(folder.file("recipe.yaml"), "# Written by jmoco run: the recipe with every change that the command line made.\n"
                + YamlTree.write(run.resolved()));
    }

    /**
     * Writes the reports of recipes that were run, with pictures of the first one's data where it lies as it did then.
     *
     * @param folders each of a finished {@code jmoco run}
     * @param data    folders of data sets by kind, instead of those that were read then
     */
    public static void report(List<Path> folders, Map<String, Path> data, Path file, Machine machine, PrintWriter print) {
        List<StoredComparison> stored = folders.stream().map(StoredComparison::read).toList();
        Path first = folders.getFirst();
        Recipe recipe = Recipe.load(first.resolve(StoredComparison.RECIPE).toString(), Recipe.Wishes.NONE);
        DataBook book = new DataBook(data, recipe.transfer() == null ? null : recipe.transfer().holdOut(), print::println);
        Optional<DataSpec> gone = DataBook.needs(recipe).values().stream().map(book::atHand).flatMap(Optional::stream)
                .filter(d -> d.path() != null && !Files.exists(d.path())).findFirst();
        gone.ifPresent(d -> print.println("no pictures of images, views and features: " + d.path()
                + " is not there any more; --data " + d.kind() + "=DIR says where the images lie now"));
        Pictures pictures = gone.isPresent() ? Pictures.NONE : new RecipePictures(recipe, book, machine).of(stored.getFirst());
        write(file, ComparisonReport.html(stored, pictures));
    }

    private void heading() {
        String title = recipe.title().equals(recipe.name()) ? "" : ": " + recipe.title();
        print.println("recipe " + recipe.name() + title + " (" + recipe.settings() + ")");
    }

    /**
     * The results of this run take the place of those in the folder, so they must have all that those have: its rows, seeds and
     * pretrainings.
     *
     * @throws UserError naming what would be lost
     */
    private void requireNothingLost() {
        Path file = out.resolve(StoredComparison.FILE);
        if (!Files.exists(file)) {
            return;
        }
        List<String> lost = Results.missing(Json.read(file), recipe);
        if (!lost.isEmpty()) {
            throw UserError.usage("--out " + out + ": " + file.getFileName() + " there has " + String.join(", ", lost)
                    + ", which this run does not have and would overwrite. Run it with them (what is finished is reused), or take"
                    + " another --out" + (store.equals(out.resolve("encoders")) ? " with --store " + store : "") + ", or delete "
                    + file + " if it is not wanted any more.");
        }
    }

    /** Any option may differ from start to start: what decides numbers stands in the hashes of the stages. */
    private Set<String> allOptions(RunFolder folder) {
        Set<String> all = new HashSet<>(request.options.keySet());
        RunFolder.storedOptions(folder.path()).ifPresent(o -> all.addAll(o.keySet()));
        return all;
    }

    private static void write(Path file, String text) {
        AtomicFile.replace(file, text.getBytes(StandardCharsets.UTF_8));
    }
}
