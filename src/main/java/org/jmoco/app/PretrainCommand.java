package org.jmoco.app;

import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.DataSet;
import org.jmoco.data.DataSets;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.report.RunFolder;
import org.jmoco.run.Display;
import org.jmoco.run.PretrainRun;
import org.jmoco.train.LearningRate;
import org.jmoco.train.PretrainConfig;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jmoco pretrain}: momentum contrast on images without labels. */
@Command(name = "pretrain", defaultValueProvider = PretrainCommand.Defaults.class,
        description = "Pretrain an encoder by momentum contrast (MoCo) on images without labels.")
final class PretrainCommand extends TrainingCommand<PretrainRun> {
    /** The published chains' values. */
    static final class Defaults extends CommandDefaults {
        Defaults() {
            super(Map.of("--epochs", "200", "--batch", "128", "--lr", "0.03", "--schedule", LearningRate.Shape.COSINE.toString(),
                    "--weight-decay", "5e-4", "--out", "runs/pretrain"));
        }
    }

    @Mixin
    private MocoOptions moco;

    @Mixin
    private HoldOutOption holdOut;

    @Option(names = "--sgd-momentum", paramLabel = "X", defaultValue = "0.9",
            description = "Momentum of SGD (default: ${DEFAULT-VALUE}).")
    private double sgdMomentum;

    @Option(names = "--knn-every", paramLabel = "N", defaultValue = "5",
            description = "Epochs between two measurements of the kNN monitor, where the data set has labels; it measures after"
                    + " the last epoch anyway (default: ${DEFAULT-VALUE}).")
    private int knnEvery;

    @Mixin
    private MachineOptions machine;

    private PretrainConfig config;

    @Override
    MachineOptions machine() {
        return machine;
    }

    @Override
    void configure(Optional<Pretrained> start) {
        ViewRecipe recipe = moco.blur() ? views().v2() : views();
        ResNet18.Config encoder = new ResNet18.Config(train.stem, train.width(), moco.dim, train.splits, moco.mlp());
        MocoConfig step = new MocoConfig(encoder, train.batch(), recipe.size(), moco.queue, moco.momentum, moco.temperature(),
                moco.symmetric, sgdMomentum, train.weightDecay);
        config = new PretrainConfig(step, train.epochs(), learningRate(), run.seed(), recipe, DataSets.normalisation(data.kind()),
                knnEvery);
        start.ifPresent(s -> s.requireFits(encoder, true));
    }

    @Override
    DataSet look(DataSet set, Consumer<String> say) {
        return holdOut.of(set, say);
    }

    @Override
    void resolve() {
        moco.resolve();
    }

    @Override
    PretrainRun open(RunFolder folder, DataSet set, Means means) {
        return new PretrainRun(folder, means.backend(), config, set, means.threads(), means.feed(), means.policy());
    }

    @Override
    String train(PretrainRun training, DataSet set, Display display, Consumer<String> say) {
        training.train(display, say);
        return "encoder saved in " + run.out();
    }
}
