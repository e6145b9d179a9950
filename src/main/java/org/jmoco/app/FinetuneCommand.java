package org.jmoco.app;

import java.util.Map;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.LearningRate;
import picocli.CommandLine.Command;

/** {@code jmoco finetune}: transfer to a diagnosis. */
@Command(name = "finetune", defaultValueProvider = FinetuneCommand.Defaults.class,
        description = "Train a classifier on labelled images, from random or from pretrained weights; the last epochs vote.")
final class FinetuneCommand extends SupervisedCommand {
    /** The published transfer. */
    static final class Defaults extends CommandDefaults {
        Defaults() {
            super(Map.of("--epochs", Integer.toString(FinetuneConfig.DEFAULT_EPOCHS), "--batch",
                    Integer.toString(FinetuneConfig.DEFAULT_BATCH),
                    "--lr", OptionRecord.plain(FinetuneConfig.DEFAULT_LR), "--schedule", LearningRate.Shape.CONSTANT.toString(),
                    "--weight-decay", "0", "--out", "runs/finetune"));
        }
    }
}
