package org.jmoco.train;

import java.io.PrintStream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.optim.Optimizer;

/**
 * What a task of pretraining and one of transfer have in common: values that the options give, the learning rate, the program's
 * times.
 */
abstract class TrainingTask implements EpochLoop.Task, Batches.Step {
    private final String name;
    private final RunIdentity identity;
    private final int epochs;
    private final LearningRate learningRate;
    private final TrainingImages images;
    private final Backend backend;
    private final Optimizer optimizer;

    TrainingTask(String name, RunIdentity identity, int epochs, LearningRate learningRate, TrainingImages images, Backend backend,
            Optimizer optimizer) {
        this.name = name;
        this.identity = identity;
        this.epochs = epochs;
        this.learningRate = learningRate;
        this.images = images;
        this.backend = backend;
        this.optimizer = optimizer;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public RunIdentity identity() {
        return identity;
    }

    @Override
    public int epochs() {
        return epochs;
    }

    @Override
    public int steps() {
        return images.steps();
    }

    @Override
    public int batch() {
        return images.batch();
    }

    @Override
    public double learningRate(int epoch) {
        return learningRate.schedule(epochs).learningRate(epoch);
    }

    @Override
    public void setLearningRate(double value) {
        optimizer.setLearningRate(backend, value);
    }

    @Override
    public abstract Batches begin(int epoch, int step);

    /** Prints the median time of each step of the program on the first batch. It trains. */
    void printStepTimes(Program program, PrintStream out, int repeats, Runnable warmUp) {
        setLearningRate(learningRate(1));
        try (Batches batches = begin(1, 0)) {
            batches.prepare();
            warmUp.run();
            program.printTimes(out, program.time(backend, repeats), backend.runsBranches());
        }
    }
}
