package org.jmoco.run;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
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
import org.jmoco.train.KnnMonitor;
import org.jmoco.train.MocoTrainer;
import org.jmoco.train.PretrainConfig;

/** One pretraining in its folder. */
public final class PretrainRun extends TrainingRun<MocoTrainer> {
    private final PretrainConfig config;
    private final ImageSet images;

    /** @param threads that make views and measure neighbours */
    public PretrainRun(RunFolder folder, Backend backend, PretrainConfig config, DataSet set, int threads, FeedOptions feeding,
            CheckpointPolicy policy) {
        super(folder, backend, set, policy,
                output -> new MocoTrainer(backend, config, set.pretraining(), monitor(set, config, threads), threads, feeding,
                        output));
        this.config = config;
        images = set.pretraining();
    }

    /** Labelled images to measure on, where the set has them: train votes, val (or else test) is classified. Null without. */
    private static KnnMonitor.Task monitor(DataSet set, PretrainConfig config, int threads) {
        String queries = set.has(DataSet.VAL) ? DataSet.VAL : DataSet.TEST;
        if (!set.has(DataSet.TRAIN) || !set.has(queries) || !set.split(DataSet.TRAIN).labelled()) {
            return null;
        }
        ImageSet bank = set.split(DataSet.TRAIN);
        return new KnnMonitor.Task(bank, set.split(queries), config.views(), config.normalisation(),
                KnnMonitor.defaultK(bank.size()), KnnMonitor.DEFAULT_TEMPERATURE, threads);
    }

    @Override
    public void printHeader(PrintWriter out, Map<String, Object> options) {
        RunHeader.print(out, options, backend, set, images, trainer.step().pair().query());
        out.println(config.learningRate().course(config.epochs()));
        out.println(trainer.feeding());
        int queue = config.moco().queue();
        out.printf(Locale.ROOT, "a loss of ln(queue + 1) = %.4f is the level of guessing; the first losses may lie far below"
                + " and then rise, since to untrained weights both views of an image look alike and the queue begins with random"
                + " keys%n",
                guessing(queue));
        warnings().forEach(out::println);
        out.flush();
    }

    @Override
    public List<String> warnings() {
        return Stream.of(queueWarning(config.moco().queue(), images), config.learningRate().warning(config.epochs()))
                .flatMap(Optional::stream).toList();
    }

    /** Loss of InfoNCE where all similarities are equal: ln(M + 1) for M negatives. */
    public static double guessing(int queue) {
        return Math.log(queue + 1.0);
    }

    /** One line if the queue holds several keys of the same image, which are then pushed apart as if they were different. */
    public static Optional<String> queueWarning(int queue, ImageSet images) {
        return queue <= images.size()
                ? Optional.empty()
                : Optional.of(String.format(Locale.ROOT,
                        "warning: --queue %d is longer than the %d images of %s: it holds about %.1f keys of each"
                        + " image, an image's own among its negatives. --queue %d or less avoids that.", queue, images.size(),
                        images.name(), (double) queue / images.size(), images.size()));
    }

    /** Trains all epochs that are left, writes curves and result. @return the result, as it stands in {@code result.json} */
    public Map<String, Object> train(Display display, Consumer<String> say) {
        try (RunRecorder r = trainAll("pretrain", config.epochs(), images.size(), config.moco().batch(), display)) {
            Map<String, Object> result = result(r.lastEvaluation().get(KnnMonitor.ACCURACY));
            r.finish(result).forEach(say);
            return result;
        }
    }

    private Map<String, Object> result(Double lastAccuracy) {
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("data", set.name());
        r.put("phantom", set.phantom());
        r.put("images", images.size());
        r.put("epochs", trainer.epochsDone());
        r.put("guessing", guessing(config.moco().queue()));
        if (trainer.monitor() != null) {
            r.put(KnnMonitor.ACCURACY, lastAccuracy != null ? lastAccuracy : trainer.monitor().measure());
        }
        r.put("checkpoint", lastCheckpoint());
        return r;
    }
}
