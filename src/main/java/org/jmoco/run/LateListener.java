package org.jmoco.run;

import java.nio.file.Path;
import org.jmoco.train.EpochRecord;
import org.jmoco.train.StepRecord;
import org.jmoco.train.TrainListener;

/**
 * Passes on to a recorder that is made after the trainer: what it writes depends on the epoch that the trainer resumed at.
 *
 * @param target one place, filled before training
 */
record LateListener(RunRecorder[] target) implements TrainListener {
    @Override
    public void step(StepRecord step) {
        target[0].step(step);
    }

    @Override
    public void epoch(EpochRecord epoch) {
        target[0].epoch(epoch);
    }

    @Override
    public void saved(Path checkpoint) {
        target[0].saved(checkpoint);
    }

    @Override
    public void say(String line) {
        if (target[0] == null) {
            System.err.println(line);
        } else {
            target[0].say(line);
        }
    }
}
