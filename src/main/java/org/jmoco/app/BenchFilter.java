package org.jmoco.app;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Option;

/** Which rows of a benchmark are wanted. */
final class BenchFilter {
    @Option(names = "--filter", paramLabel = "REGEX",
            description = "Only rows in whose problem, name or layer this is found, as conv2d_bwd.*layer1 (default: all).")
    private String regex;

    /** @throws UserError if it is no regular expression */
    Pattern pattern() {
        try {
            return Pattern.compile(regex == null ? "" : regex);
        } catch (PatternSyntaxException e) {
            throw UserError.usage("--filter " + regex + ": no regular expression (" + e.getDescription() + ")");
        }
    }

    boolean isGiven() {
        return regex != null;
    }

    boolean wants(Object text) {
        return pattern().matcher(text.toString()).find();
    }

    /** @throws UserError if nothing is left of what could have been measured */
    void requireAny(boolean any, String what) {
        if (!any) {
            throw UserError.usage("--filter " + regex + ": no " + what + " matches");
        }
    }
}
