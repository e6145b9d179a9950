package org.jmoco.app;

import picocli.CommandLine.Option;

/** What shapes the contrastive step; {@code org.jmoco.moco.MocoConfig} checks the values together. */
final class MocoOptions {
    @Option(names = "--splits", paramLabel = "N", defaultValue = "8",
            description = "Groups of split batch norm, the simulated GPUs; divides --batch (default: ${DEFAULT-VALUE}).")
    int splits;

    @Option(names = "--queue", paramLabel = "N", defaultValue = "4096",
            description = "Negative keys in the queue (default: ${DEFAULT-VALUE}).")
    int queue;

    @Option(names = "--dim", paramLabel = "N", defaultValue = "128",
            description = "Length of queries and keys (default: ${DEFAULT-VALUE}).")
    int dim;

    @Option(names = "--momentum", paramLabel = "X", defaultValue = "0.99",
            description = "Momentum of the key encoder: key = X key + (1 - X) query (default: ${DEFAULT-VALUE}).")
    double momentum;

    @Option(names = "--temperature", paramLabel = "X", defaultValue = "0.1",
            description = "Temperature of the softmax over similarities (default: ${DEFAULT-VALUE}).")
    double temperature;

    @Option(names = "--symmetric", negatable = true, defaultValue = "false", fallbackValue = "true",
            description = "Let both views serve as query and as key (default: one is the query, the other the key).")
    boolean symmetric;
}
