package org.jmoco.app;

import java.util.List;
import org.jmoco.train.CheckpointPolicy;
import org.jmoco.train.LearningRate;
import picocli.CommandLine.Option;

/** How the learning rate moves, and how often a run is saved. */
final class ScheduleOptions {
    @Option(names = "--schedule", paramLabel = "SHAPE",
            description = "Course of the learning rate: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private LearningRate.Shape schedule;

    @Option(names = "--warmup", paramLabel = "N", defaultValue = "0",
            description = "Epochs of linear rise at the beginning (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(names = "--milestones", paramLabel = "N", split = ",",
            description = "Epochs at which --schedule step takes a tenth of the rate, as in 120,160 (default: at 60 and 80 %% of"
                    + " the epochs, as published).")
    private List<Integer> milestones = List.of();

    @Option(names = "--checkpoint-epochs", paramLabel = "N", defaultValue = "1",
            description = "Save at the end of every so many epochs, and of the last (default: ${DEFAULT-VALUE}).")
    private int checkpointEpochs;

    @Option(names = "--checkpoint-steps", paramLabel = "N", defaultValue = "100",
            description = "Save after every so many steps too, 0 for never (default: ${DEFAULT-VALUE}).")
    private int checkpointSteps;

    LearningRate learningRate(double base, int epochs) {
        return LearningRate.of(schedule, base, warmup, milestones, epochs);
    }

    CheckpointPolicy policy() {
        return new CheckpointPolicy(checkpointEpochs, checkpointSteps);
    }
}
