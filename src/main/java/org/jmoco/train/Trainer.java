package org.jmoco.train;

import java.io.PrintStream;
import java.util.List;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.checkpoint.Checkpoint;

/** What both trainers offer: a start of one of three kinds, epochs, checkpoints, times. */
public abstract sealed class Trainer permits MocoTrainer, SupervisedTrainer {
    /** Where a checkpoint keeps what its run started from. */
    static final String ORIGIN = "origin";

    final Backend backend;
    final TrainingImages images;
    String origin = "random";
    private TrainingTask task;
    private EpochLoop loop;

    Trainer(Backend backend, TrainingImages images) {
        this.backend = backend;
        this.images = images;
    }

    /** Called once, when the step is recorded. @param task what is repeated */
    final void repeat(TrainingTask task, RunOutput output) {
        this.task = task;
        loop = new EpochLoop(task, output);
    }

    /** Random weights. */
    public abstract void initialize();

    /** Trained weights and statistics. @throws org.jmoco.tensor.UserError if the network differs */
    public abstract void initializeFrom(Pretrained start);

    /**
     * Continues where the checkpoint stands, bit for bit on the backend that it was written on.
     *
     * @return remarks for people
     * @throws org.jmoco.tensor.UserError if it is of another run or does not fit
     */
    public List<String> resume(Checkpoint checkpoint) {
        return loop.resume(checkpoint);
    }

    /** Runs all epochs that are left. @throws org.jmoco.tensor.UserError if training diverges or a checkpoint cannot be saved */
    public void train() {
        loop.run();
    }

    /** Epochs that are finished. */
    public int epochsDone() {
        return loop.position().epoch();
    }

    /** Names of what {@link EpochRecord#evaluation()} may hold. */
    public abstract List<String> measures();

    /** In words: who makes the views. */
    public String feeding() {
        return images.feeding();
    }

    /** The recorded training step. */
    public abstract Program program();

    /**
     * Median time of a whole step, views included, in seconds. It trains: do not go on with this run.
     *
     * @param warmUp  steps before, in which the JIT compiles and the view loader fills its ring
     * @param repeats steps that count
     */
    public double secondsPerStep(int warmUp, int repeats) {
        return loop.secondsPerStep(warmUp, repeats);
    }

    /**
     * Prints the median time of each step of the program on the first batch. It trains: do not go on with this run.
     *
     * @param warmUp runs before, when the batch lies ready: {@code program().run()} at least
     */
    public void printStepTimes(PrintStream out, int repeats, Runnable warmUp) {
        task.printStepTimes(program(), out, repeats, warmUp);
    }
}
