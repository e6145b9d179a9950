package org.jmoco.report;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * An axis that begins and ends with a mark, with 4 to 8 marks at round values (1, 2 or 5 times a power of ten apart) of at most
 * four significant digits. One of epochs may begin and end between two marks.
 *
 * @param low   the first mark
 * @param step  from one mark to the next
 * @param steps one less than there are marks
 * @param begin where the axis begins, 0 for the first mark and 1 for the second: marks before it are not drawn
 * @param end   where it ends, {@code steps} for the last mark
 */
record Ticks(BigDecimal low, BigDecimal step, int steps, double begin, double end) {
    /** Tenths of 0 .. 1 are too many, quarters need two digits. */
    static final Ticks SHARES = new Ticks(BigDecimal.ZERO, new BigDecimal("0.2"), 5);

    private static final int MOST_STEPS = 7;
    private static final int LEAST_STEPS = 3;
    private static final int MOST_DIGITS = 4;
    /** A single value stands in the middle of an axis of a tenth of its size. */
    private static final double AROUND_ONE = 0.05;
    /** Smaller steps than 1e-5 and larger values than this are written with an exponent. */
    private static final int MOST_DECIMALS = 5;
    private static final BigDecimal MOST_PLAIN = new BigDecimal("1e5");

    /** Part of the axis that is drawn beyond its begin, marks included: the mark at 0 of many epochs must be farther away. */
    private static final double MARGIN = 0.043; // of XChart's plot content size 0.92: 0.04 / 0.96, and a pixel or two

    Ticks(BigDecimal low, BigDecimal step, int steps) {
        this(low, step, steps, 0, steps);
    }

    /** Around values from {@code min} to {@code max}, both finite. An axis of values within 0 .. 1 stays there. */
    static Ticks around(double min, double max) {
        if (min == max) {
            double half = min == 0 ? 1 : Math.abs(min) * AROUND_ONE;
            double low = min == 0 ? 0 : min - half;
            return around(low, min >= 0 && min <= 1 ? Math.min(1, min + half) : min + half);
        }
        BigDecimal step = round((max - min) / (MOST_STEPS - 1));
        Ticks t = covering(min, max, step);
        while (t.digits() > MOST_DIGITS || t.steps > MOST_STEPS) {
            step = next(step);
            t = covering(min, max, step);
        }
        return t;
    }

    /** From 0 to a count or a little more; no mark between two whole numbers. */
    static Ticks counting(double last) {
        double end = Math.max(1, last);
        BigDecimal step = BigDecimal.ONE;
        while (Math.ceil(end / step.doubleValue()) > MOST_STEPS) {
            step = next(step);
        }
        return new Ticks(BigDecimal.ZERO, step, (int) Math.ceil(end / step.doubleValue()));
    }

    /**
     * Over epochs that are counted from 1, where the axis begins or, where that is next to 0, in the margin before it. Each of a
     * few has a mark; of many those have one whose numbers are round. A single epoch stands in the middle.
     */
    static Ticks epochs(double first, double last) {
        if (first == last) {
            return new Ticks(BigDecimal.valueOf((long) last - 1), BigDecimal.ONE, 2, 0.5, 1.5);
        }
        if (first < 1) {
            return counting(last);
        }
        if (last - 1 <= MOST_STEPS) {
            return new Ticks(BigDecimal.ONE, BigDecimal.ONE, (int) Math.ceil(last) - 1);
        }
        Ticks round = counting(last);
        return new Ticks(round.low, round.step, round.steps, Math.max(round.place(1), MARGIN * round.steps), round.steps);
    }

    private static Ticks covering(double min, double max, BigDecimal step) {
        long first = BigDecimal.valueOf(min).divide(step, 0, RoundingMode.FLOOR).longValueExact();
        long last = BigDecimal.valueOf(max).divide(step, 0, RoundingMode.CEILING).longValueExact();
        // A narrow range under coarse marks: more marks on both sides, but none beyond 0 or 1 where no value is.
        for (int i = 0; last - first < LEAST_STEPS; i++) {
            boolean room = first > 0 || min < 0;
            boolean full = max <= 1 && step.multiply(BigDecimal.valueOf(last + 1)).compareTo(BigDecimal.ONE) > 0;
            if (room && (i % 2 == 1 || full)) {
                first--;
            } else {
                last++;
            }
        }
        return new Ticks(step.multiply(BigDecimal.valueOf(first)), step, (int) (last - first));
    }

    /** The next of 1, 2, 5 times a power of ten that is not smaller. */
    private static BigDecimal round(double atLeast) {
        BigDecimal step = BigDecimal.ONE.scaleByPowerOfTen((int) Math.floor(Math.log10(atLeast)));
        while (step.doubleValue() < atLeast * (1 - 1e-9)) {
            step = next(step);
        }
        return step;
    }

    private static BigDecimal next(BigDecimal step) {
        return switch (step.unscaledValue().toString().charAt(0)) {
            case '1' -> step.multiply(BigDecimal.TWO);
            case '2' -> step.multiply(new BigDecimal("2.5")).stripTrailingZeros();
            default -> step.multiply(BigDecimal.TWO).stripTrailingZeros();
        };
    }

    private BigDecimal mark(int i) {
        return low.add(step.multiply(BigDecimal.valueOf(i)));
    }

    /** The most significant digits that a mark needs, those behind the point that all have in common included. */
    private int digits() {
        int decimals = decimals();
        return IntStream.rangeClosed(0, steps).map(i -> decimals > 0
                ? mark(i).setScale(decimals, RoundingMode.HALF_EVEN).precision()
                : mark(i).stripTrailingZeros().precision()).max().orElse(0);
    }

    private int decimals() {
        return Math.max(0, step.stripTrailingZeros().scale());
    }

    /** Where a value stands: 0 at the first mark, 1 at the second. */
    double place(double value) {
        return (value - low.doubleValue()) / step.doubleValue();
    }

    /** From begin to end, in marks. */
    double length() {
        return end - begin;
    }

    /** What stands at the marks, those that are not drawn included. */
    List<String> labels() {
        return IntStream.rangeClosed(0, steps).mapToObj(this::label).toList();
    }

    /**
     * What stands at mark i; one outside of the axis has a text too. XChart asks for some of these, looks for other marks for
     * ever while two have the same text, and leaves the line of the axis out where a text is blank.
     */
    String label(int i) {
        boolean plain = decimals() <= MOST_DECIMALS && mark(steps).abs().max(low.abs()).compareTo(MOST_PLAIN) < 0;
        return plain ? mark(i).setScale(decimals(), RoundingMode.HALF_EVEN).toPlainString() : exponent(mark(i));
    }

    private static String exponent(BigDecimal value) {
        return value.signum() == 0 ? "0" : new DecimalFormat("0.###E0", DecimalFormatSymbols.getInstance(Locale.ROOT))
                .format(value).replace('E', 'e');
    }
}
