package org.jmoco.run;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jmoco.backend.Backend;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.report.RunFolder;
import org.jmoco.train.CheckpointPolicy;
import org.jmoco.train.FeedOptions;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.HeldOut;
import org.jmoco.train.Metrics;
import org.jmoco.train.Outcome;
import org.jmoco.train.SupervisedTrainer;

/**
 * One supervised training in its folder: transfer, or a linear probe.
 *
 * <p>Beside the figures in {@code result.json}, {@code predictions.json} keeps what was said of each image, so that runs can be
 * compared image by image.
 */
public final class FinetuneRun extends TrainingRun<SupervisedTrainer> {
    /** Per-image scores: for val and test, names, labels and what the vote and the last epoch say of each image. */
    public static final String PREDICTIONS = "predictions.json";

    private final FinetuneConfig config;

    /** @param threads that make views */
    public FinetuneRun(RunFolder folder, Backend backend, FinetuneConfig config, DataSet set, int threads, FeedOptions feeding,
            CheckpointPolicy policy) {
        super(folder, backend, set, policy,
                output -> new SupervisedTrainer(backend, config, images(set), threads, feeding, output));
        this.config = config;
    }

    private static SupervisedTrainer.Data images(DataSet set) {
        return new SupervisedTrainer.Data(set.split(DataSet.TRAIN), split(set, DataSet.VAL), split(set, DataSet.TEST),
                set.positive());
    }

    private static ImageSet split(DataSet set, String name) {
        return set.has(name) ? set.split(name) : null;
    }

    @Override
    public void printHeader(PrintWriter out, Map<String, Object> options) {
        RunHeader.print(out, options, backend, set, set.split(DataSet.TRAIN), trainer.step().network());
        out.println(config.learningRate().course(config.epochs()));
        out.println(trainer.feeding());
        warnings().forEach(out::println);
        out.flush();
    }

    @Override
    public List<String> warnings() {
        Optional<String> vote = set.has(DataSet.VAL) || set.has(DataSet.TEST) ? config.voteWarning() : Optional.empty();
        return Stream.of(config.learningRate().warning(config.epochs()), vote).flatMap(Optional::stream).toList();
    }

    /**
     * Trains all epochs that are left, judges, writes predictions and result.
     *
     * @param from for the record: where the weights came from
     * @return the result, as it stands in {@code result.json}
     */
    public Map<String, Object> train(String from, Display display, Consumer<String> say) {
        int images = set.split(DataSet.TRAIN).size();
        try (RunRecorder r = trainAll(config.frozen() ? "probe" : "finetune", config.epochs(), images, config.batch(), display)) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("data", set.name());
            result.put("phantom", set.phantom());
            result.put("from", from);
            if (trainer.frozenProof() != null) {
                result.put("frozen", trainer.frozenProof());
                say.accept(trainer.frozenProof());
            }
            Map<String, Object> predictions = new LinkedHashMap<>();
            predictions.put("classes", set.classNames());
            predictions.put("positive", set.positive());
            judge(DataSet.VAL, trainer.val(), result, predictions, say);
            judge(DataSet.TEST, trainer.test(), result, predictions, say);
            result.put("checkpoint", lastCheckpoint());
            folder.write(PREDICTIONS, predictions);
            r.finish(result).forEach(say);
            return result;
        }
    }

    /** Prints and keeps the figures of the vote and of the last epoch alone. */
    private void judge(String split, HeldOut images, Map<String, Object> result, Map<String, Object> predictions,
            Consumer<String> say) {
        if (images == null) {
            return;
        }
        Map<String, Object> figures = new LinkedHashMap<>();
        Map<String, Object> said = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < images.images().size(); i++) {
            names.add(images.images().imageName(i));
        }
        said.put("images", names);
        said.put("labels", images.images().labels());
        judge(split, "vote", "vote of " + images.votes() + (images.votes() == 1 ? " epoch" : " epochs"), images.voted(), figures,
                said, say);
        judge(split, "last", "last epoch", images.last(), figures, said, say);
        result.put(split, figures);
        predictions.put(split, said);
    }

    private void judge(String split, String key, String which, Outcome outcome, Map<String, Object> figures, Map<String,
            Object> said, Consumer<String> say) {
        say.accept(MetricsText.heading(split, which, set));
        Metrics m = outcome.metrics(set.positive(), Metrics.Bootstrap.ofSeed(config.seed()));
        m.lines(set.classNames()).forEach(say);
        MetricsText.oneClass(outcome, set.classNames()).ifPresent(say);
        figures.put(key, MetricsText.figures(m));
        Map<String, Object> each = new LinkedHashMap<>();
        each.put("predicted", outcome.predicted());
        each.put("probability", outcome.probability());
        said.put(key, each);
    }
}
