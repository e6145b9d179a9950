package org.jmoco.recipe;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jmoco.backend.Backend;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.report.Progress;
import org.jmoco.report.RunFolder;
import org.jmoco.report.StoredComparison;
import org.jmoco.run.Display;
import org.jmoco.run.FinetuneRun;
import org.jmoco.run.PretrainRun;
import org.jmoco.run.TrainingRun;
import org.jmoco.tensor.UserError;
import org.jmoco.train.FeedOptions;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.KnnMonitor;
import org.jmoco.train.Pretrained;
import org.jmoco.train.PretrainConfig;

/**
 * Trains what a recipe asks for, one thing after the other. What is finished already is reused, what was interrupted goes on
 * where its last checkpoint stands: the same command line again continues the same work.
 */
final class RecipeRun {
    private final Recipe recipe;
    private final DataBook data;
    private final Machine machine;
    private final Path store;
    private final Path out;
    private final PrintWriter print;
    private final Map<Plan.Encoder, StageFolder.Finished> encoders = new HashMap<>();
    private final String backend; // what decides numbers: name and types
    private final String described;
    private int task;
    private Runnable begun;

    /**
     * @param store folder of the encoders, which recipes may share
     * @param out   folder of the transfers
     * @param print takes lines for the user
     */
    RecipeRun(Recipe recipe, DataBook data, Machine machine, Path store, Path out, PrintWriter print) {
        this.recipe = recipe;
        this.data = data;
        this.machine = machine;
        this.store = store;
        this.out = out;
        this.print = print;
        try (Backend b = machine.backend().get()) {
            backend = b.name() + " " + b.real() + (b.featureMaps() == b.real() ? "" : " with feature maps in " + b.featureMaps());
            described = b.describe();
            print.println(described);
        }
    }

    /** Opens each data set that is at hand, so that what is wrong with one is said before anything is trained. */
    void look() {
        DataBook.needs(recipe).values().forEach(alternatives -> data.atHand(alternatives).ifPresent(data::open));
        if (recipe.transfer() != null && data.atHand(recipe.transfer().data()).isPresent()) {
            transferSet();
        }
    }

    /**
     * Everything that the plan asks for.
     *
     * @param begun told once, when the first training begins or none is needed: what is refused before has left nothing
     */
    Trained run(Plan plan, Runnable begun) {
        this.begun = begun;
        for (Plan.Encoder e : plan.encoders()) {
            announce(plan, "pretrain " + String.join(" + ", e.chain()) + ", seed " + e.seed());
            encoders.put(e, encoder(e));
        }
        Map<Plan.Transfer, StageFolder.Finished> transfers = new LinkedHashMap<>();
        for (Plan.Transfer t : plan.transfers()) {
            announce(plan, "transfer, row " + StoredComparison.label(t.row().name(), label(t.row())) + ", seed " + t.seed());
            transfers.put(t, transfer(t));
        }
        begin();
        return new Trained(new LinkedHashMap<>(ordered(plan)), transfers);
    }

    /** What was trained, in the order of the plan. */
    record Trained(Map<Plan.Encoder, StageFolder.Finished> encoders, Map<Plan.Transfer, StageFolder.Finished> transfers) {}

    private Map<Plan.Encoder, StageFolder.Finished> ordered(Plan plan) {
        Map<Plan.Encoder, StageFolder.Finished> out = new LinkedHashMap<>();
        plan.encoders().forEach(e -> out.put(e, encoders.get(e)));
        return out;
    }

    private void begin() {
        begun.run();
        begun = () -> { };
    }

    private void announce(Plan plan, String what) {
        print.printf(Locale.ROOT, "[%d/%d] %s%n", ++task, plan.tasks(), what);
        print.flush();
    }

    /** {@code random start}, {@code CIFAR-10 + LUNA}. */
    String label(Row row) {
        return row.chain().isEmpty() ? Row.RANDOM_START
                : String.join(" + ", row.chain().stream()
                        .map(s -> recipe.pretrain().get(s).title(used(recipe.pretrain().get(s).data()))).toList());
    }

    DataSpec used(List<DataSpec> alternatives) {
        return data.atHand(alternatives).orElseThrow();
    }

    /** Where an encoder is, or would be, trained. @param upstream what it starts from, finished */
    StageFolder folder(Plan.Encoder e, Optional<StageFolder.Finished> upstream) {
        PretrainStage stage = recipe.pretrain().get(e.stage());
        DataSpec spec = used(stage.data());
        DataSet set = data.open(spec);
        PretrainConfig config = stage.config(spec, set.normalisation(), e.seed());
        Map<String, String> inputs = inputs("pretrain", config.identity(), upstream);
        inputs.put("epochs", Integer.toString(config.epochs()));
        inputs.put("data", hash(set.pretraining()));
        return StageFolder.of(store, e.label(), inputs);
    }

    StageFolder folder(Plan.Transfer t, Optional<StageFolder.Finished> upstream) {
        DataSet set = transferSet();
        FinetuneConfig config = config(t, set);
        Map<String, String> inputs = inputs("transfer", config.identity(), upstream);
        inputs.put("epochs", Integer.toString(config.epochs()));
        for (String split : List.of(DataSet.TRAIN, DataSet.VAL, DataSet.TEST)) {
            inputs.put(split, set.has(split) ? hash(set.split(split)) : "none");
        }
        inputs.put("positive", Integer.toString(set.positive()));
        return StageFolder.of(out.resolve("transfers"), t.label(), inputs);
    }

    private static String hash(ImageSet images) {
        return Long.toHexString(images.contentHash());
    }

    private Map<String, String> inputs(String what, Map<String, String> identity, Optional<StageFolder.Finished> upstream) {
        Map<String, String> inputs = new LinkedHashMap<>();
        inputs.put("stage", what);
        inputs.put("jmoco", machine.version());
        inputs.put("backend", backend);
        inputs.put("from", upstream.map(StageFolder.Finished::sha256).orElse("random"));
        inputs.putAll(identity);
        return inputs;
    }

    /** The labelled set of the transfer with the positive class that the recipe names. */
    DataSet transferSet() {
        DataSet set = data.open(used(recipe.transfer().data()));
        if (!set.has(DataSet.TRAIN) || !set.split(DataSet.TRAIN).labelled()) {
            throw recipe.transfer().where().error("transfer.data: " + used(recipe.transfer().data())
                    + " has no labels; sort the images into folders, one for each class, two or more");
        }
        return recipe.transfer().withPositive(set);
    }

    private FinetuneConfig config(Plan.Transfer t, DataSet set) {
        return recipe.transfer().config(used(recipe.transfer().data()), set.normalisation(), set.classNames().size(), t.seed());
    }

    private StageFolder.Finished encoder(Plan.Encoder e) {
        Optional<StageFolder.Finished> upstream = e.upstream().map(encoders::get);
        PretrainStage stage = recipe.pretrain().get(e.stage());
        DataSpec spec = used(stage.data());
        return stage(folder(e, upstream), spec, e.stage(), start -> {
            DataSet set = data.open(spec);
            PretrainConfig config = stage.config(spec, set.normalisation(), e.seed());
            PretrainRun run = new PretrainRun(start.folder, start.backend, config, set, machine.threads(),
                    FeedOptions.DEFAULT, machine.policy());
            prepare(run, start, upstream);
            return training -> run.train(training.display, training.log::println);
        }, r -> String.format(Locale.ROOT, "%s over %d images%s", epochs(r.result().path("epochs").asInt()),
                r.result().path("images").asInt(), r.result().has(KnnMonitor.ACCURACY)
                ? String.format(Locale.ROOT, ", kNN accuracy %.4f", r.result().path(KnnMonitor.ACCURACY).asDouble()) : ""));
    }

    private StageFolder.Finished transfer(Plan.Transfer t) {
        Optional<StageFolder.Finished> upstream = t.encoder().map(encoders::get);
        return stage(folder(t, upstream), used(recipe.transfer().data()), TransferStage.NAME, start -> {
            DataSet set = transferSet();
            FinetuneRun run = new FinetuneRun(start.folder, start.backend, config(t, set), set, machine.threads(),
                    FeedOptions.DEFAULT, machine.policy());
            prepare(run, start, upstream);
            return training -> run.train(upstream.map(u -> u.checkpoint().toString()).orElse("random"), training.display,
                    training.log::println);
        }, r -> {
            var vote = r.result().path(r.result().has(DataSet.TEST) ? DataSet.TEST : DataSet.VAL).path("vote");
            return String.format(Locale.ROOT, "AUC %.4f, accuracy %.4f", vote.at("/AUC/value").asDouble(),
                    vote.at("/accuracy/value").asDouble());
        });
    }

    /** Header, warnings, weights: what may be refused before anything is written. */
    private void prepare(TrainingRun<?> run, Start start, Optional<StageFolder.Finished> upstream) {
        run.printHeader(start.log, start.options);
        List<String> said = notes();
        run.warnings().stream().filter(w -> !said.contains(w)).forEach(this::say);
        run.begin(true, upstream.map(u -> Pretrained.load(u.checkpoint())), start.log::println);
    }

    /** What a stage is prepared with. @param log of what is said before the folder has one */
    private record Start(RunFolder folder, Backend backend, Map<String, Object> options, PrintWriter log) {}

    /** What it trains with. */
    private record Training(Display display, PrintWriter log) {}

    /**
     * Reuses a finished stage, or trains it to the end.
     *
     * @param prepare checks and allocates, and returns what trains
     * @param summary one line of what came out
     */
    private StageFolder.Finished stage(StageFolder at, DataSpec spec, String name,
            Function<Start, Function<Training, Map<String, Object>>> prepare, Function<StageFolder.Finished, String> summary) {
        Optional<StageFolder.Finished> before = at.finished();
        if (before.isPresent()) {
            say(summary.apply(before.get()) + "; reused from " + at.path());
            return before.get();
        }
        long start = System.nanoTime();
        try (RunFolder folder = RunFolder.open(at.path(), name, true); Backend b = machine.backend().get()) {
            Map<String, Object> options = new LinkedHashMap<>(at.inputs());
            options.put("data", spec.toString());
            StringWriter head = new StringWriter();
            Function<Training, Map<String, Object>> train = prepare.apply(new Start(folder, b, options, new PrintWriter(head)));
            begin();
            folder.recordOptions(options, options.keySet()); // the hash in the folder's name has compared them already
            folder.recordEnvironment(machine.environment(b.describe()), this::say);
            if (folder.resumed()) {
                say("goes on in " + at.path());
            }
            try (PrintWriter log = log(folder)) {
                log.print(head);
                log.flush();
                Display display = new Display(machine.progress(), machine.err(), log::println, machine.tensorBoard());
                Map<String, Object> result = train.apply(new Training(display, log));
                StageFolder.Finished f = at.finish(folder, result, (System.nanoTime() - start) * 1e-9);
                say(summary.apply(f) + "; " + Progress.duration(java.time.Duration.ofMillis(Math.round(1000 * f.seconds())))
                        + ", in " + at.path());
                return f;
            }
        } catch (UserError e) {
            String text = "stage " + name + ", in " + at.path() + ": " + e.getMessage()
                    + "\nWhat is finished is kept and reused by the next start; an option of this stage is changed by --set "
                    + name + ".KEY=VALUE.";
            throw e.exitCode() == 2 ? UserError.usage(text) : UserError.failed(text, e);
        }
    }

    /** {@code 1 epoch}, {@code 20 epochs}. */
    static String epochs(int n) {
        return n == 1 ? "1 epoch" : n + " epochs";
    }

    private void say(String line) {
        print.println("      " + line);
        print.flush();
    }

    private static PrintWriter log(RunFolder folder) {
        Path file = folder.file("log.txt");
        try {
            return new PrintWriter(Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND), true);
        } catch (IOException e) {
            throw UserError.failed(file + ": cannot be written: " + e.getMessage(), e);
        }
    }

    /** The backend in words. */
    String backend() {
        return described;
    }

    /** The recipe as maps and texts, with the folders that the data are read from: it runs by itself. */
    Map<String, Object> resolved() {
        Map<String, Object> tree = new LinkedHashMap<>(recipe.tree());
        Map<String, List<DataSpec>> needs = DataBook.needs(recipe);
        Map<String, Object> pretrain = new LinkedHashMap<>();
        recipe.pretrain().keySet().stream().filter(needs::containsKey).forEach(name ->
                pretrain.put(name, withData((Map<?, ?>) ((Map<?, ?>) recipe.tree().get("pretrain")).get(name), needs.get(name))));
        tree.put("pretrain", pretrain);
        if (recipe.transfer() == null) {
            tree.remove(TransferStage.NAME); // the recipe's own, where --stages leaves it out
        } else {
            tree.put(TransferStage.NAME, withData((Map<?, ?>) recipe.tree().get(TransferStage.NAME), recipe.transfer().data()));
        }
        Map<String, Object> rows = new LinkedHashMap<>();
        for (Row r : recipe.rows()) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("chain", r.chain());
            if (!r.published().isEmpty()) {
                row.put("published", r.published());
            }
            rows.put(r.name(), row);
        }
        tree.put("rows", rows);
        tree.put("published-settings", recipe.asPublished());
        return tree;
    }

    private Map<String, Object> withData(Map<?, ?> stage, List<DataSpec> alternatives) {
        Map<String, Object> changed = new LinkedHashMap<>();
        stage.forEach((k, v) -> changed.put((String) k, v));
        DataSpec used = used(alternatives);
        List<String> names = alternatives.stream().map(d -> d.kind().equals(used.kind()) ? used.toString() : d.toString())
                .toList();
        changed.put("data", names.size() == 1 ? names.getFirst() : names);
        return changed;
    }

    /** What makes the figures of all rows worth less than they look, one line each; said before the first training. */
    List<String> notes() {
        if (recipe.transfer() == null || data.atHand(recipe.transfer().data()).isEmpty()) {
            return List.of();
        }
        DataSet set = transferSet();
        List<String> notes = new ArrayList<>(recipe.transfer()
                .config(used(recipe.transfer().data()), set.normalisation(), set.classNames().size(), 1).voteWarning().stream()
                .toList());
        if (recipe.transfer().positive() == null && set.positiveByOrder()) {
            notes.add("note: positive class \"" + set.classNames().get(set.positive())
                    + "\", since its name sorts second; positive: CLASS in transfer chooses it");
        }
        return notes;
    }

    /** What each stage reads, one line each; a stand-in is said to be one. */
    List<String> standIns() {
        List<String> lines = new ArrayList<>();
        DataBook.needs(recipe).forEach((stage, alternatives) -> {
            DataSpec used = used(alternatives);
            String first = alternatives.getFirst().kind();
            lines.add("stage " + stage + " reads " + used + (used.kind().equals(first)
                    ? "" : ": it stands in for " + first + ", which is not at hand; results with it are not results with "
                            + first));
        });
        return lines;
    }
}
