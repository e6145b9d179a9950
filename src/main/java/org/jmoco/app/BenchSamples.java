package org.jmoco.app;

import org.jmoco.tensor.UserError;
import picocli.CommandLine.Option;

/** How often a row is timed. */
final class BenchSamples {
    @Option(names = "--samples", paramLabel = "N", defaultValue = "11",
            description = "Timed samples for each row; the median and the 10th and 90th percentile are shown (default:"
                    + " ${DEFAULT-VALUE}).")
    private int samples;

    /** @throws UserError below 3, where percentiles mean nothing */
    int count() {
        if (samples < 3) {
            throw UserError.usage("--samples " + samples + ": at least 3 are needed");
        }
        return samples;
    }
}
