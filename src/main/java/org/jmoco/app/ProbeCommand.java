package org.jmoco.app;

import java.util.Map;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.LearningRate;
import picocli.CommandLine.Command;

/** {@code jmoco probe}: {@code finetune --freeze} with the values of the published linear classification. */
@Command(name = "probe", defaultValueProvider = ProbeCommand.Defaults.class,
        description = "Linear probe: train one linear layer on the features of a frozen encoder, and prove afterwards that no"
                + " other weight has changed.")
final class ProbeCommand extends SupervisedCommand {
    /**
     * The schedule and length of facebookresearch/moco's main_lincls.py, but Adam at 1e-3: its SGD at rate 30 for batches of 256
     * suits the small features of ImageNet encoders, and overshoots for good in the few steps that a set of some hundred images
     * gives (--optimizer sgd --lr 30 --batch 256 asks for it). The last epoch counts, there is no vote.
     */
    static final class Defaults extends CommandDefaults {
        Defaults() {
            super(Map.of("--freeze", "true", "--lr", OptionRecord.plain(FinetuneConfig.PROBE_LR), "--schedule",
                    LearningRate.Shape.STEP.toString(),
                    "--epochs", Integer.toString(FinetuneConfig.DEFAULT_EPOCHS), "--batch",
                    Integer.toString(FinetuneConfig.DEFAULT_BATCH),
                    "--vote", "1", "--splits", "1", "--weight-decay", "0", "--out", "runs/probe"));
        }
    }
}
