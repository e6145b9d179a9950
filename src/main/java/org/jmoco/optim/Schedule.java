package org.jmoco.optim;

import java.util.List;

/** Learning rate by epoch; epochs count from 1. */
@FunctionalInterface
public interface Schedule {
    double learningRate(int epoch);

    static Schedule constant(double lr) {
        return epoch -> lr;
    }

    /** lr 0.5 (1 + cos(pi epoch / epochs)), so that the last epoch runs at 0 and the first already below lr. */
    static Schedule cosine(double lr, int epochs) {
        return epoch -> lr * 0.5 * (1 + Math.cos(Math.PI * epoch / epochs));
    }

    /** lr, times {@code factor} once for each milestone that {@code epoch} has reached. */
    static Schedule step(double lr, double factor, List<Integer> milestones) {
        return epoch -> lr * Math.pow(factor, milestones.stream().filter(m -> epoch >= m).count());
    }

    /** Linear rise over the first {@code warmup} epochs, epoch / warmup of the other schedule's value, then that schedule. */
    static Schedule warmUp(int warmup, Schedule then) {
        return epoch -> epoch <= warmup ? then.learningRate(epoch) * epoch / warmup : then.learningRate(epoch);
    }
}
