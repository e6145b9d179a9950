package org.jmoco.app;

import org.jmoco.train.FeedOptions;
import picocli.CommandLine.Option;

/** Where a training's views are made. Neither option changes the run. */
final class ImageFeedOptions {
    @Option(names = "--feed", paramLabel = "WHERE", defaultValue = "auto",
            description = "Who makes the random views: ${COMPLETION-CANDIDATES}. device keeps all training images in the GPU's"
                    + " memory; host makes views in threads and copies each batch over (default: ${DEFAULT-VALUE}, the device"
                    + " where it can).")
    private FeedOptions.Where where;

    @Option(names = "--loss-every", paramLabel = "N", defaultValue = "" + FeedOptions.LOSS_EVERY,
            description = "With views by the device: steps that run between two readings of losses, which stop it for a moment"
                    + " (default: ${DEFAULT-VALUE}).")
    private int lossEvery;

    FeedOptions feed() {
        return new FeedOptions(where, lossEvery);
    }
}
