package org.jmoco.app;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.Rates;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.StepSizes;
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

    @Option(names = "--epochs", paramLabel = "N", defaultValue = "3",
            description = "Epochs that count, after one that warms up (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(names = "--images", paramLabel = "N", description = "Take the first N images of the set only (default: all).")
    private Integer count;

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
        ImageSet images = chosen(source.set().pretraining());
        StepSizes sizes = step.sizes();
        options.filter.requireAny(IntStream.rangeClosed(2, epochs + 1).anyMatch(e -> options.filter.wants(problem(sizes, e))),
                "epoch");
        Ceilings ceilings = options.ceilings(out);
        ResultTable table = options.table("epoch", spec, ceilings);
        table.head("problem", sizes.toString());
        table.head("data", images.name() + ", " + images.size() + " images");
        ViewRecipe recipe = source.recipe().withSize(sizes.image());
        MocoConfig config = sizes.config();
        PretrainConfig pretrain = new PretrainConfig(config, epochs + 1, LearningRate.constant(0.03), 1, recipe,
                source.set().normalisation(), 1);
        List<EpochRecord> measured = new ArrayList<>();
        TrainListener rows = new TrainListener() {
            @Override
            public void epoch(EpochRecord e) {
                if (e.epoch() > 1 && options.filter.wants(problem(sizes, e.epoch()))) {
                    measured.add(e);
                }
            }
        };
        try (Backend backend = options.open()) {
            MocoTrainer trainer = new MocoTrainer(backend, pretrain, images, null, options.backend.threads(), feed.feed(),
                    new RunOutput(null, CheckpointPolicy.DEFAULT, rows));
            backend.allocate();
            trainer.initialize();
            trainer.train();
            int steps = images.size() / sizes.batch();
            measured.forEach(e -> table.add(row(e, sizes, steps, trainer.step().program(), ceilings)));
            table.head("memory_mb", backend.memory().totalBytes() * 1e-6);
        }
        options.print(table, out);
        return 0;
    }

    private ImageSet chosen(ImageSet all) {
        if (count == null) {
            return all;
        }
        if (count < 1 || count > all.size()) {
            throw UserError.usage("--images " + count + ": the set has " + all.size() + ", and at least 1 is needed");
        }
        return all.subset(IntStream.range(0, count).toArray());
    }

    private static String problem(StepSizes sizes, int epoch) {
        return sizes + " epoch " + epoch;
    }

    private static Map<String, Object> row(EpochRecord e, StepSizes sizes, int steps, Program program, Ceilings ceilings) {
        int used = steps * sizes.batch();
        double seconds = used / e.imagesPerSecond();
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("epoch", e.epoch());
        m.put("images", used);
        m.put("seconds", seconds);
        m.put("images_per_s", e.imagesPerSecond());
        m.put("percent_waiting_for_views", 100 * e.waited());
        Rates.put(m, ceilings, seconds * 1e9, (double) steps * program.bytes(), (double) steps * program.flops());
        m.put("loss", e.loss());
        return m;
    }
}
