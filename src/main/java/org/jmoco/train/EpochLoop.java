package org.jmoco.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/**
 * What both trainers repeat: steps, epochs, evaluation, checkpoints. An epoch is evaluated, told of and saved, in this order. A
 * checkpoint's bytes depend on the run's identity and position alone, not on the times at which it was saved or interrupted.
 */
final class EpochLoop {
    private static final String FORMAT = "format";

    /** What differs between pretraining and transfer. */
    interface Task {
        /** {@code pretrain}; a checkpoint of another task cannot be resumed. */
        String name();

        RunIdentity identity();

        int epochs();

        /** Steps of an epoch, at least 1. */
        int steps();

        /** Images of one step. */
        int batch();

        /** Rows whose correctness one step counts. */
        int rows();

        double learningRate(int epoch);

        /** Brings the learning rate to the backend. */
        void setLearningRate(double value);

        /** Starts to prepare batches. @param epoch where the run stands, @param step done of it */
        Steps begin(int epoch, int step);

        /** Measures after an epoch, by name. */
        Map<String, Double> evaluate(int epoch);

        void save(Map<String, HostTensor> tensors, Map<String, String> metadata);

        void load(Checkpoint checkpoint);
    }

    /** The steps of the run, in order, epoch after epoch. */
    interface Steps extends AutoCloseable {
        /**
         * Runs the next steps of the epoch, one or more.
         *
         * @param most how many at most
         * @return their results in order
         */
        List<StepResult> run(int most);

        /** How long {@link #run} has waited for images in all. */
        long waitedNanos();

        @Override
        void close();
    }

    /** Mean loss and number of correct rows. */
    record StepResult(double loss, long correct) {
        /** As they stand on the backend. */
        static StepResult of(Backend backend, Buffer loss, Buffer correct) {
            return new StepResult(backend.get(loss), (long) backend.get(correct));
        }
    }

    private final Task task;
    private final CheckpointStore store; // null: nothing is saved
    private final CheckpointPolicy policy;
    private final TrainListener listener;
    private Position position = Position.START;
    private long nanosInSteps;
    private int stepsTimed;

    EpochLoop(Task task, RunOutput output) {
        this.task = task;
        this.store = output.store();
        this.policy = output.policy();
        this.listener = output.listener();
    }

    Position position() {
        return position;
    }

    /** Takes up the run that the checkpoint belongs to. @return remarks for people; @throws UserError if that is not this run */
    List<String> resume(Checkpoint checkpoint) {
        String source = checkpoint.file().toString();
        String format = checkpoint.metadata().get(FORMAT);
        if (!format().equals(format)) {
            throw UserError.failed(source + ": is "
                    + (format == null ? "no checkpoint of a jmoco run" : "of format \"" + format + "\"")
                    + ", expected \"" + format() + "\": resume it with the command that began it, or start anew with --from.");
        }
        List<String> remarks = task.identity().requireSame(checkpoint.metadata(), source);
        position = Position.load(checkpoint.metadata(), source);
        task.load(checkpoint);
        return remarks;
    }

    private String format() {
        return "jmoco " + task.name() + " 1";
    }

    void run() {
        if (position.epoch() >= task.epochs()) {
            return;
        }
        try (Steps steps = task.begin(position.epoch() + 1, position.step())) {
            while (position.epoch() < task.epochs()) {
                runEpoch(position.epoch() + 1, steps);
            }
        }
    }

    /** Median over {@code repeats} steps after {@code warmUp} others, from the first epoch on. Nothing is saved or told. */
    double secondsPerStep(int warmUp, int repeats) {
        task.setLearningRate(task.learningRate(1));
        double[] seconds = new double[repeats];
        try (Steps steps = task.begin(1, 0)) {
            for (int i = -warmUp; i < repeats; i++) {
                long start = System.nanoTime();
                steps.run(1);
                if (i >= 0) {
                    seconds[i] = (System.nanoTime() - start) * 1e-9;
                }
            }
        }
        Arrays.sort(seconds);
        return (seconds[(repeats - 1) / 2] + seconds[repeats / 2]) / 2;
    }

    private void runEpoch(int epoch, Steps steps) {
        nanosInSteps = 0;
        stepsTimed = 0;
        long waitedBefore = steps.waitedNanos();
        task.setLearningRate(task.learningRate(epoch));
        while (position.step() < task.steps()) {
            long start = System.nanoTime();
            List<StepResult> results = steps.run(stepsToSave());
            nanosInSteps += System.nanoTime() - start;
            stepsTimed += results.size();
            for (StepResult r : results) {
                if (!Double.isFinite(r.loss())) {
                    throw diverged(epoch, "the loss is " + r.loss());
                }
                position = position.after(r.loss(), r.correct());
                listener.step(new StepRecord(epoch, task.epochs(), position.step(), task.steps(), r.loss(), imagesPerSecond()));
            }
            if (policy.everySteps() > 0 && position.step() < task.steps() && globalStep() % policy.everySteps() == 0) {
                save(epoch);
            }
        }
        double waited = nanosInSteps == 0 ? 0 : (double) (steps.waitedNanos() - waitedBefore) / nanosInSteps;
        Map<String, Double> evaluation = task.evaluate(epoch);
        listener.epoch(new EpochRecord(epoch, task.epochs(), task.learningRate(epoch), position.lossSum() / task.steps(),
                (double) position.correct() / ((long) task.steps() * task.rows()), imagesPerSecond(), waited, evaluation));
        position = position.nextEpoch();
        if (epoch % policy.everyEpochs() == 0 || epoch == task.epochs()) {
            save(epoch);
        }
    }

    /** Steps until the epoch ends or a checkpoint is due within it. */
    private int stepsToSave() {
        int toEnd = task.steps() - position.step();
        return policy.everySteps() == 0 ? toEnd : (int) Math.min(toEnd, policy.everySteps() - globalStep() % policy.everySteps());
    }

    private double imagesPerSecond() {
        return stepsTimed == 0 ? 0 : (double) stepsTimed * task.batch() / (nanosInSteps * 1e-9);
    }

    private long globalStep() {
        return (long) position.epoch() * task.steps() + position.step();
    }

    private void save(int epoch) {
        if (store == null) {
            return;
        }
        LinkedHashMap<String, HostTensor> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new TreeMap<>();
        metadata.put(FORMAT, format());
        task.identity().store(metadata);
        position.store(metadata);
        task.save(tensors, metadata);
        tensors.forEach((name, t) -> {
            if (!isFinite(t)) {
                throw diverged(epoch, name + " holds numbers that are not finite");
            }
        });
        listener.saved(store.save(globalStep(), tensors, metadata));
    }

    private static boolean isFinite(HostTensor t) {
        switch (t.dtype()) {
            case F32 -> {
                for (float v : t.floats()) {
                    if (!Float.isFinite(v)) {
                        return false;
                    }
                }
            }
            case F64 -> {
                for (double v : t.doubles()) {
                    if (!Double.isFinite(v)) {
                        return false;
                    }
                }
            }
            default -> {}
        }
        return true;
    }

    private UserError diverged(int epoch, String what) {
        String kept = store == null || store.files().isEmpty()
                ? "No checkpoint was saved yet."
                : "The last good checkpoint is kept: " + store.files().getLast() + ".";
        return UserError.failed("epoch " + epoch + " step " + (position.step() + 1) + ": " + what + ": training has diverged. "
                + kept
                + "\nStart a new run with a lower --lr" + (task.name().equals("pretrain") ? " or a higher --temperature." : "."));
    }
}
