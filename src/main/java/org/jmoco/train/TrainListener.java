package org.jmoco.train;

import java.nio.file.Path;

/**
 * Hears what a run does, on the training thread. Progress bars, tables and curves are made from this; nothing here can change a
 * run.
 */
public interface TrainListener {
    TrainListener SILENT = new TrainListener() {};

    /** A step is done. */
    default void step(StepRecord step) {}

    /**
     * An epoch is done and evaluated. Called before its checkpoint is saved: a run that is killed in between repeats the epoch
     * and tells of it again, with the same values.
     */
    default void epoch(EpochRecord epoch) {}

    /** A checkpoint is on the disk. */
    default void saved(Path checkpoint) {}

    /** Something that the user should know, in one line. */
    default void say(String line) {}
}
