package org.jmoco.train;

import org.jmoco.checkpoint.CheckpointStore;

/**
 * Where a run leaves what it does. Nothing here changes the run.
 *
 * @param store takes the checkpoints; null if none are wanted
 */
public record RunOutput(CheckpointStore store, CheckpointPolicy policy, TrainListener listener) {
    /** Leaves nothing. */
    public static final RunOutput NONE = new RunOutput(null, CheckpointPolicy.DEFAULT, TrainListener.SILENT);
}
