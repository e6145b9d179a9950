package org.jmoco.train;

import java.util.List;
import java.util.Locale;
import org.jmoco.optim.Schedule;
import org.jmoco.tensor.UserError;

/**
 * The learning rate of a run as options describe it.
 *
 * @param base       the rate that the shape scales
 * @param warmup     epochs of linear rise at the beginning; 0 for none
 * @param milestones epochs at which STEP multiplies the rate by 0.1; empty for the other shapes
 */
public record LearningRate(Shape shape, double base, int warmup, List<Integer> milestones) {
    /** facebookresearch/moco drops "lr by 10x" at each milestone. */
    private static final double STEP_FACTOR = 0.1;

    /** How the rate moves over the epochs. */
    public enum Shape {
        COSINE, CONSTANT, STEP;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public LearningRate {
        milestones = List.copyOf(milestones);
        if (!(base > 0) || !Double.isFinite(base)) {
            throw UserError.usage("--lr " + base + " must be a positive number; 0.03 is usual for SGD, 0.0001 for Adam.");
        }
        if (warmup < 0) {
            throw UserError.usage("--warmup " + warmup + " must be 0 or a number of epochs.");
        }
        if (shape == Shape.STEP && milestones.isEmpty()) {
            throw UserError.usage("--schedule step needs --milestones, as in --milestones 120,160.");
        }
    }

    /**
     * @param milestones of STEP; empty for 60 % and 80 % of the epochs, as facebookresearch/moco has them (120 and 160 of 200 in
     *     pretraining, 60 and 80 of 100 in linear classification)
     */
    public static LearningRate of(Shape shape, double base, int warmup, List<Integer> milestones, int epochs) {
        boolean usual = shape == Shape.STEP && milestones.isEmpty();
        return new LearningRate(shape, base, warmup, usual
                ? List.of((int) Math.round(0.6 * epochs), (int) Math.round(0.8 * epochs)) : milestones);
    }

    public static LearningRate cosine(double base) {
        return new LearningRate(Shape.COSINE, base, 0, List.of());
    }

    public static LearningRate constant(double base) {
        return new LearningRate(Shape.CONSTANT, base, 0, List.of());
    }

    public Schedule schedule(int epochs) {
        Schedule s = switch (shape) {
            case COSINE -> Schedule.cosine(base, epochs);
            case CONSTANT -> Schedule.constant(base);
            case STEP -> Schedule.step(base, STEP_FACTOR, milestones);
        };
        return warmup == 0 ? s : Schedule.warmUp(warmup, s);
    }

    /** What decides the rates of a run; the number of epochs is part of it only where the shape stretches over them. */
    String identity(int epochs) {
        return shape == Shape.COSINE ? this + " over " + epochs + " epochs" : toString();
    }

    /** {@code cosine from 0.03}, {@code step from 0.03 at [120, 160] after 5 epochs of warm-up}. */
    @Override
    public String toString() {
        return shape.name().toLowerCase(Locale.ROOT) + " from " + base + (milestones.isEmpty() ? "" : " at " + milestones)
                + (warmup == 0 ? "" : " after " + warmup + " epochs of warm-up");
    }
}
