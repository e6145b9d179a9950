package org.jmoco.app;

import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Option;

/** Sizes and lengths of a training, supervised or not. Many of their defaults come from the command ({@link CommandDefaults}). */
final class TrainOptions {
    @Option(names = "--epochs", paramLabel = "N",
            description = "Passes over the training images (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(names = "--batch", paramLabel = "N",
            description = "Images in a step (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--lr", paramLabel = "X",
            description = "Learning rate at its highest (default: ${DEFAULT-VALUE}).")
    private double lr;

    @Option(names = "--width", paramLabel = "N", defaultValue = "64",
            description = "Channels of the first ResNet-18 stage; 64 is the standard, 16 suits small machines (default:"
                    + " ${DEFAULT-VALUE}; with --from that of the run).")
    private int width;

    @Option(names = "--stem", defaultValue = "cifar", paramLabel = "STEM",
            description = "First layer: ${COMPLETION-CANDIDATES}; cifar is 3x3 for small images, imagenet 7x7 and max pool for"
                    + " 224 (default: ${DEFAULT-VALUE}; with --from that of the run).")
    ResNet18.Stem stem;

    @Option(names = "--splits", paramLabel = "N", defaultValue = "8",
            description = "Groups of split batch norm, the simulated GPUs; divides --batch (default: ${DEFAULT-VALUE}, with"
                    + " --from too).")
    int splits;

    @Option(names = "--weight-decay", paramLabel = "X", description = "Weight decay (default: ${DEFAULT-VALUE}).")
    double weightDecay;

    @Option(names = "--image", paramLabel = "N",
            description = "Height and width of the images that the encoder sees (default: the data set's own; 'jmoco data list'"
                    + " shows it).")
    private Integer image;

    int epochs() {
        return positive("--epochs", epochs);
    }

    int batch() {
        return positive("--batch", batch);
    }

    double lr() {
        if (!(lr > 0 && lr < Double.POSITIVE_INFINITY)) {
            throw UserError.usage("--lr " + lr + " must be a positive number");
        }
        return lr;
    }

    int width() {
        return positive("--width", width);
    }

    /** @param ofTheData what the data set's recipe says */
    int image(int ofTheData) {
        return image == null ? ofTheData : positive("--image", image);
    }

    private static int positive(String option, int value) {
        if (value < 1) {
            throw UserError.usage(option + " " + value + " must be at least 1");
        }
        return value;
    }
}
