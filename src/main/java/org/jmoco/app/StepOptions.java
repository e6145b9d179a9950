package org.jmoco.app;

import org.jmoco.bench.StepSizes;
import picocli.CommandLine.Option;

/** Sizes of the MoCo step that is measured. */
final class StepOptions {
    @Option(names = "--batch", paramLabel = "N", defaultValue = "128",
            description = "Images per step (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--image", paramLabel = "N", defaultValue = "32",
            description = "Height and width of an image (default: ${DEFAULT-VALUE}).")
    private int image;

    @Option(names = "--width", paramLabel = "N", defaultValue = "64",
            description = "Channels of the first stage (default: ${DEFAULT-VALUE}).")
    private int width;

    @Option(names = "--splits", paramLabel = "N", defaultValue = "8",
            description = "Groups of the split batch norm (default: ${DEFAULT-VALUE}).")
    private int splits;

    @Option(names = "--queue", paramLabel = "N", defaultValue = "4096",
            description = "Negative keys (default: ${DEFAULT-VALUE}).")
    private int queue;

    @Option(names = "--dim", paramLabel = "N", defaultValue = "128",
            description = "Features (default: ${DEFAULT-VALUE}).")
    private int dim;

    @Option(names = "--symmetric", description = "Symmetric loss: both views serve as query and as key.")
    private boolean symmetric;

    StepSizes sizes() {
        return new StepSizes(batch, image, width, splits, queue, dim, symmetric);
    }
}
