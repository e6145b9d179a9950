package org.jmoco.train;

import org.jmoco.tensor.UserError;

/**
 * How often a run is saved. It does not change the run.
 *
 * @param everyEpochs at the end of every so many epochs, and of the last
 * @param everySteps  also within an epoch after every so many steps of the run, so that long epochs survive; 0 for never
 */
public record CheckpointPolicy(int everyEpochs, int everySteps) {
    /** At full size on two cores 100 steps take about 7 minutes: no more than that is lost. */
    public static final CheckpointPolicy DEFAULT = new CheckpointPolicy(1, 100);

    public CheckpointPolicy {
        if (everyEpochs < 1) {
            throw UserError.usage("--checkpoint-epochs " + everyEpochs + " must be at least 1.");
        }
        if (everySteps < 0) {
            throw UserError.usage("--checkpoint-steps " + everySteps + " must be 0 (never) or a number of steps.");
        }
    }
}
