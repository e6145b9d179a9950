package org.jmoco.app;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.bench.ResultTable;
import org.jmoco.data.ImageSet;
import org.jmoco.moco.MocoConfig;
import org.jmoco.tensor.UserError;
import org.jmoco.train.CheckpointPolicy;
import org.jmoco.train.EpochRecord;
import org.jmoco.train.LearningRate;
import org.jmoco.train.MocoTrainer;
import org.jmoco.train.PretrainConfig;
import org.jmoco.train.RunOutput;
import org.jmoco.train.TrainListener;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code jmoco bench epoch}: whole epochs of pretraining, views and all.
 *
 * <p>Which seconds count: from the first view of an epoch to its last step; neither reading the data set, nor compiling, nor
 * checkpoints, nor the kNN monitor. The first epoch warms up.
 */
@Command(name = "epoch", description = "Time whole epochs of pretraining, views included, on --data or on phantoms.")
final class BenchEpochCommand implements Callable<Integer> {
    @Mixin
    private DataOptions data;

    @Mixin
    private StepOptions step;

    @Option(names = "--epochs", paramLabel = "N", defaultValue = "3", description = "Epochs that count, after one that warms up (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Mixin
    private ImageFeedOptions feed;

    @Mixin
    private BenchOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (epochs < 1) {
            throw UserError.usage("--epochs " + epochs + ": at least one epoch must count");
        }
        PrintWriter out = spec.commandLine().getOut();
        DataSource source = DataSource.single(data, options.isText() ? out::println : line -> { });
        ImageSet images = source.set().pretraining();
        ResultTable table = options.table("epoch", spec.commandLine().getParseResult().originalArgs(), null);
        ViewRecipe recipe = source.recipe().withSize(step.image);
        MocoConfig config = step.config();
        PretrainConfig pretrain = new PretrainConfig(config, epochs + 1, LearningRate.constant(0.03), 1, recipe, source.set().normalisation(), 1);
        TrainListener rows = new TrainListener() {
            @Override
            public void epoch(EpochRecord e) {
                if (e.epoch() > 1) {
                    table.add(row(e, images.size(), config.batch()));
                }
            }
        };
        try (Backend backend = options.open()) {
            MocoTrainer trainer = new MocoTrainer(backend, pretrain, images, null, options.backend.threads(), feed.feed(),
                    new RunOutput(null, CheckpointPolicy.DEFAULT, rows));
            backend.allocate();
            trainer.initialize();
            trainer.train();
        }
        options.print(table, out);
        return 0;
    }

    private static Map<String, Object> row(EpochRecord e, int images, int batch) {
        int used = images / batch * batch;
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("epoch", e.epoch());
        m.put("images", used);
        m.put("seconds", used / e.imagesPerSecond());
        m.put("images_per_s", e.imagesPerSecond());
        m.put("percent_waiting_for_views", 100 * e.waited());
        m.put("loss", e.loss());
        return m;
    }
}
