package org.jmoco.recipe;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jmoco.data.DataSet;
import org.jmoco.data.DatasetCard;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.report.Progress;
import org.jmoco.report.StoredComparison;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.PretrainConfig;

/**
 * What a recipe would do ({@code --dry-run}): stages, steps, time and memory, from a short measured step of each kind. Sizes of
 * data sets that are not at hand are those of their cards.
 */
final class Estimate {
    private static final String FORMAT = "%-44s %8s %7s %8s %10s %14s %10s  %s";

    private final Recipe recipe;
    private final DataBook data;
    private final RecipeRun run;
    private final StepProbe probe;
    private final PrintWriter print;
    private final Map<Plan.Encoder, StageFolder.Finished> finished = new HashMap<>();
    private double seconds;
    private double saved;
    private long bytes;

    /** @param run tells folders, and trains nothing here */
    Estimate(Recipe recipe, DataBook data, RecipeRun run, Machine machine, PrintWriter print) {
        this.recipe = recipe;
        this.data = data;
        this.run = run;
        this.probe = new StepProbe(machine);
        this.print = print;
    }

    void print(Plan plan) {
        print.println("measuring a few steps of each kind, which takes up to some minutes ...");
        print.flush();
        print.printf(Locale.ROOT, FORMAT + "%n", "stage", "images", "epochs", "steps", "a step", "time", "memory", "state");
        plan.encoders().forEach(this::encoder);
        if (recipe.transfer() != null) {
            recipe.rows().forEach(row -> transfers(row, plan.transfers().stream().filter(t -> t.row() == row).toList()));
        }
        print.printf(Locale.ROOT, "%nabout %s to go%s; at most %.0f MB for tensors at a time, beside the images in the Java"
                + " heap%n", time(seconds), saved > 0 ? " (" + time(saved) + " are done and will be reused)" : "", bytes * 1e-6);
        print.println("Measured just now on this machine: a few steps of each kind on noise images; evaluation is counted by"
                + " its share of a step.");
        print.flush();
    }

    private static String time(double seconds) {
        return Progress.duration(Duration.ofMillis(Math.round(1000 * seconds)));
    }

    private void encoder(Plan.Encoder e) {
        PretrainStage stage = recipe.pretrain().get(e.stage());
        Optional<DataSpec> at = data.atHand(stage.data());
        DataSpec spec = at.orElse(stage.data().getFirst());
        DataSet set = at.map(data::open).orElse(null);
        int images = set != null ? set.pretraining().size() : byCard(spec, DataSet.UNLABELLED, DataSet.TRAIN);
        PretrainConfig c = stage.config(spec, set != null ? set.normalisation() : DatasetCard.load(spec.kind()).normalisation(),
                e.seed());
        StepProbe.Cost cost = probe.pretrain(c, side(set == null ? null : set.pretraining(), spec));
        int steps = images / c.moco().batch();
        // Forward and backward of the query encoder are three forward passes, the key encoder is one; the monitor needs one per
        // image.
        double forward = cost.seconds() / c.moco().batch() / (c.moco().symmetric() ? 8 : 4);
        int labelled = set == null ? byCard(spec, DataSet.TRAIN) + byCard(spec, DataSet.TEST) : monitored(set);
        int measurements = Math.ceilDiv(c.epochs(), c.knnEvery());
        double time = (double) steps * c.epochs() * cost.seconds() + forward * labelled * measurements;
        Optional<StageFolder> folder = set != null && (e.upstream().isEmpty() || e.upstream().map(finished::get).isPresent())
                ? Optional.of(run.folder(e, e.upstream().map(finished::get))) : Optional.empty();
        folder.flatMap(StageFolder::finished).ifPresent(f -> finished.put(e, f));
        line("pretrain " + String.join(" + ", e.chain()) + (recipe.encoders() > 1 ? ", seed " + e.seed() : ""), images,
                c.epochs(), steps * c.epochs(), cost, time, finished.containsKey(e) ? 1 : 0, 1,
                state(folder) + (set == null ? ", " + spec.kind() + " not at hand" : ""));
        count(time, finished.containsKey(e), cost);
    }

    private void transfers(Row row, List<Plan.Transfer> transfers) {
        TransferStage stage = recipe.transfer();
        Optional<DataSpec> at = data.atHand(stage.data());
        DataSpec spec = at.orElse(stage.data().getFirst());
        DataSet set = at.isPresent() ? run.transferSet() : null;
        int classes = set == null ? Math.max(2, DatasetCard.load(spec.kind()).classes().size()) : set.classNames().size();
        int images = set == null ? byCard(spec, DataSet.TRAIN) : set.split(DataSet.TRAIN).size();
        Normalisation n = set == null ? DatasetCard.load(spec.kind()).normalisation() : set.normalisation();
        FinetuneConfig c = stage.config(spec, n, classes, 1);
        StepProbe.Cost cost = probe.transfer(c, classes, side(set == null ? null : set.split(DataSet.TRAIN), spec));
        int steps = images / c.batch();
        double forward = cost.seconds() / c.batch() / (c.frozen() ? 1 : 3);
        int val = size(set, spec, DataSet.VAL);
        int test = size(set, spec, DataSet.TEST);
        double time = (double) steps * c.epochs() * cost.seconds()
                + forward * (val * (c.epochs() + 1.0) + test * (c.voteEpochs() + 1.0));
        int done = 0;
        Optional<StageFolder> folder = Optional.empty();
        for (Plan.Transfer t : transfers) {
            boolean known = set != null && (t.encoder().isEmpty() || finished.containsKey(t.encoder().get()));
            folder = known ? Optional.of(run.folder(t, t.encoder().map(finished::get))) : Optional.empty();
            boolean isDone = folder.flatMap(StageFolder::finished).isPresent();
            done += isDone ? 1 : 0;
            count(time, isDone, cost);
        }
        String label = row.chain().isEmpty() ? StoredComparison.label(row.name(), Row.RANDOM_START) : "row " + row.name();
        line("transfer, " + label + ", " + transfers.size() + (transfers.size() == 1 ? " seed" : " seeds"), images, c.epochs(),
                steps * c.epochs() * transfers.size(), cost, time * transfers.size(), done, transfers.size(),
                (done > 0 && done < transfers.size() ? done + " of " + transfers.size() + " done" : state(folder))
                        + (set == null ? ", " + spec.kind() + " not at hand" : ""));
    }

    private void count(double time, boolean done, StepProbe.Cost cost) {
        seconds += done ? 0 : time;
        saved += done ? time : 0;
        bytes = Math.max(bytes, cost.bytes());
    }

    private void line(String what, int images, int epochs, int steps, StepProbe.Cost cost, double time, int done, int of,
            String state) {
        print.printf(Locale.ROOT, FORMAT + "%n", what, String.format(Locale.ROOT, "%,d", images), epochs,
                String.format(Locale.ROOT, "%,d", steps), String.format(Locale.ROOT, cost.seconds() < 1 ? "%.0f ms" : "%.1f s",
                        cost.seconds() * (cost.seconds() < 1 ? 1000 : 1)), time(time),
                String.format(Locale.ROOT, "%.0f MB", cost.bytes() * 1e-6), done == of ? "done" : state);
        print.flush();
    }

    private static String state(Optional<StageFolder> folder) {
        return folder.map(f -> Files.exists(f.path()) ? f.finished().isPresent() ? "done" : "begun" : "to do").orElse("to do");
    }

    private static int monitored(DataSet set) {
        String queries = set.has(DataSet.VAL) ? DataSet.VAL : DataSet.TEST;
        return set.has(DataSet.TRAIN) && set.has(queries) ? set.split(DataSet.TRAIN).size() + set.split(queries).size() : 0;
    }

    private static int size(DataSet set, DataSpec spec, String split) {
        return set == null ? byCard(spec, split) : set.has(split) ? set.split(split).size() : 0;
    }

    /** Images of the first of these splits that the card has, 0 if it has none. */
    private static int byCard(DataSpec spec, String... splits) {
        Map<String, Integer> sizes = DatasetCard.load(spec.kind()).splits();
        for (String s : splits) {
            if (sizes.containsKey(s)) {
                return sizes.get(s);
            }
        }
        return 0;
    }

    /** Side of a typical image: the first one's shorter side, or what is usual for the kind. */
    private static int side(ImageSet images, DataSpec spec) {
        if (images != null) {
            return Math.min(images.height(0), images.width(0));
        }
        return switch (spec.kind()) {
            case "cifar10" -> 32;
            case "idc" -> 50;
            default -> 256;
        };
    }
}
