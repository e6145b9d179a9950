package org.jmoco.app;

import org.jmoco.bench.StepSizes;
import picocli.CommandLine.Option;

/** Sizes of the MoCo step that is measured. */
final class StepOptions {
    @Option(names = "--batch", description = "Images per step (default: ${DEFAULT-VALUE}).", defaultValue = "128")
    private int batch;

    @Option(names = "--image", description = "Height and width of an image (default: ${DEFAULT-VALUE}).", defaultValue = "32")
    private int image;

    @Option(names = "--width", description = "Channels of the first stage (default: ${DEFAULT-VALUE}).", defaultValue = "64")
    private int width;

    @Option(names = "--splits", description = "Groups of the split batch norm (default: ${DEFAULT-VALUE}).", defaultValue = "8")
    private int splits;

    @Option(names = "--queue", description = "Negative keys (default: ${DEFAULT-VALUE}).", defaultValue = "4096")
    private int queue;

    @Option(names = "--dim", description = "Features (default: ${DEFAULT-VALUE}).", defaultValue = "128")
    private int dim;

    @Option(names = "--symmetric", description = "Symmetric loss: both views serve as query and as key.")
    private boolean symmetric;

    StepSizes sizes() {
        return new StepSizes(batch, image, width, splits, queue, dim, symmetric);
    }
}
