package org.jmoco.train;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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
     *     pretraining, 60 and 80 of 100 in linear classification). Of very few epochs the first is at {@code base} all the same,
     *     and each later one takes one tenth at most.
     */
    public static LearningRate of(Shape shape, double base, int warmup, List<Integer> milestones, int epochs) {
        boolean usual = shape == Shape.STEP && milestones.isEmpty();
        int first = Math.max(2, (int) Math.round(0.6 * epochs));
        int second = Math.max(first + 1, (int) Math.round(0.8 * epochs));
        return new LearningRate(shape, base, warmup, usual ? List.of(first, second) : milestones);
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

    /** The rates of a run in one line: of the first epoch, of the highest and of the last; an epoch at 0 is said to be one. */
    public String course(int epochs) {
        Schedule s = schedule(epochs);
        int highest = IntStream.rangeClosed(1, epochs).boxed().max(Comparator.comparingDouble(s::learningRate)).orElseThrow();
        List<Integer> told = IntStream.of(1, highest, epochs).sorted().distinct().boxed()
                .filter(e -> e == 1 || s.learningRate(e) != s.learningRate(1)).toList();
        String rates = told.stream().map(e -> text(s.learningRate(e)) + " in epoch " + e).collect(Collectors.joining(", "));
        return "learning rate, " + described("") + ": " + (told.size() == 1 ? text(s.learningRate(1)) + " in every epoch" : rates)
                + (s.learningRate(epochs) == 0 ? ", which moves no weights" : "");
    }

    /** A rate as people read it: {@code 3.00e-04}, and {@code 0} for nothing but 0. */
    public static String text(double rate) {
        return rate == 0 ? "0" : String.format(Locale.ROOT, "%.2e", rate);
    }

    /** One line if no epoch has a rate above 0: a cosine ends with an epoch at 0, and that may be the only one. */
    public Optional<String> warning(int epochs) {
        boolean any = IntStream.rangeClosed(1, epochs).anyMatch(e -> schedule(epochs).learningRate(e) > 1e-12 * base);
        return any ? Optional.empty()
                : Optional.of("warning: the rate is 0 in every epoch (" + this + " over " + epochs
                        + (epochs == 1 ? " epoch" : " epochs")
                        + "): nothing will be learnt. Take --schedule constant, or more epochs.");
    }

    /** What decides the rates of a run; the number of epochs is part of it only where the shape stretches over them. */
    String identity(int epochs) {
        return shape == Shape.COSINE ? this + " over " + epochs + " epochs" : toString();
    }

    /** {@code cosine from 0.03}, {@code step from 0.03 at [120, 160] after 5 epochs of warm-up}. */
    @Override
    public String toString() {
        return described(" from " + base);
    }

    private String described(String from) {
        return shape + from + (milestones.isEmpty() ? "" : " at " + milestones)
                + (warmup == 0 ? "" : " after " + warmup + " epochs of warm-up");
    }
}
