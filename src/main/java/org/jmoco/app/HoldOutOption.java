package org.jmoco.app;

import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jmoco.data.DataSet;
import org.jmoco.data.HoldOut;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Parts of the images that a training leaves for judging it, where the set has none. */
final class HoldOutOption {
    static final String NAME = "--hold-out";

    private static final class Shares implements ITypeConverter<HoldOut> {
        @Override
        public HoldOut convert(String typed) {
            try {
                return HoldOut.parse(typed).orElseThrow(() -> new TypeConversionException("expected two shares, as in "
                        + HoldOut.DEFAULT + ", but was '" + typed + "'"));
            } catch (UserError e) {
                throw new TypeConversionException(e.getMessage() + ", as in " + HoldOut.DEFAULT);
            }
        }
    }

    @Option(names = NAME, paramLabel = "VAL,TEST", arity = "0..1", fallbackValue = HoldOut.USUAL, converter = Shares.class,
            description = "Hold these shares of each class out for validation and test, where the images have no such splits of"
                    + " their own; without a value ${FALLBACK-VALUE}. By the rule of 'jmoco run', so that the same images are"
                    + " held out each time (default: none).")
    private HoldOut shares;

    /** @throws UserError if parts are to be held out of a set that has its own, or no classes */
    DataSet of(DataSet set, Consumer<String> say) {
        if (shares == null) {
            return set;
        }
        if (set.has(DataSet.VAL) || set.has(DataSet.TEST)) {
            throw UserError.usage(NAME + ": " + set.title() + " has its own splits (" + String.join(", ", set.splits().keySet())
                    + "), so nothing is held out of it; leave out " + NAME);
        }
        if (!HoldOut.suits(set)) {
            throw UserError.failed(NAME + ": " + set.title() + " has no labels, and a part of each class is asked for: sort the"
                    + " images into folders, one for each class, two or more, or leave out " + NAME);
        }
        return shares.of(set, set.title(), say);
    }

    /** What a run was started with. @param options of its options.json */
    static Optional<HoldOut> recorded(Map<String, Object> options) {
        return Optional.ofNullable(options.get(NAME)).flatMap(o -> HoldOut.parse(o.toString()));
    }
}
