package org.jmoco.data;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jmoco.tensor.UserError;

/**
 * Parts of each class that are held out of a set which has no splits of its own. Which images they are depends on the images, the
 * shares and nothing else: pretraining and transfer, rows and seeds, recipes and single commands hold out the same ones, so that
 * none that is tested on is ever trained on.
 *
 * @param val  share of each class for validation, 0 for none
 * @param test share of each class for the test
 */
public record HoldOut(double val, double test) {
    /** Of the draw: one for all. */
    private static final long SEED = 1;

    private static final String SHARE = "([0-9]*\\.?[0-9]+)";
    private static final Pattern TYPED = Pattern.compile(SHARE + "," + SHARE);

    /** {@link #DEFAULT} as it is typed. */
    public static final String USUAL = "0.15,0.25";
    public static final HoldOut DEFAULT = parse(USUAL).orElseThrow();

    /** @throws UserError if nothing would be left to train on or to test on */
    public HoldOut {
        if (!(val >= 0 && test > 0 && val + test < 1)) {
            throw UserError.usage("shares of " + val + " for val and " + test
                    + " for test; test must be above 0 and both together below 1");
        }
    }

    /** As {@link #toString} writes it; empty for other texts. @throws UserError for impossible shares */
    public static Optional<HoldOut> parse(String text) {
        Matcher m = TYPED.matcher(text);
        return m.matches() ? Optional.of(new HoldOut(Double.parseDouble(m.group(1)), Double.parseDouble(m.group(2))))
                : Optional.empty();
    }

    /** True if a set has labels, and neither validation nor test images. */
    public static boolean suits(DataSet set) {
        return set.has(DataSet.TRAIN) && set.split(DataSet.TRAIN).labelled() && !set.has(DataSet.VAL) && !set.has(DataSet.TEST);
    }

    /**
     * The set with its parts.
     *
     * @param set  that {@link #suits}
     * @param name of the set, for people
     * @param say  takes a line for the user
     * @throws UserError if it has too few images
     */
    public DataSet of(DataSet set, String name, Consumer<String> say) {
        say.accept(String.format(Locale.ROOT, "%s has no splits of its own: %s %% of each class are held out for validation"
                + " and %s %% for the test, drawn at random (images of one patient may be on both sides; sort them into"
                + " train, val, test to avoid that)", name, percent(val), percent(test)));
        return set.withHoldOut(val, test, SEED);
    }

    private static String percent(double share) {
        return BigDecimal.valueOf(share).movePointRight(2).stripTrailingZeros().toPlainString();
    }

    /** {@code 0.15,0.25}, as it is typed. */
    @Override
    public String toString() {
        return plain(val) + "," + plain(test);
    }

    private static String plain(double share) {
        return BigDecimal.valueOf(share).stripTrailingZeros().toPlainString();
    }
}
