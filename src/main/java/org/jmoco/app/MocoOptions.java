package org.jmoco.app;

import org.jmoco.moco.MocoConfig;
import picocli.CommandLine.Option;

/** What shapes the contrastive step; {@code org.jmoco.moco.MocoConfig} checks the values together. */
final class MocoOptions {
    @Option(names = "--queue", paramLabel = "N", defaultValue = "4096",
            description = "Negative keys in the queue (default: ${DEFAULT-VALUE}).")
    int queue;

    @Option(names = "--dim", paramLabel = "N", defaultValue = "128",
            description = "Length of queries and keys (default: ${DEFAULT-VALUE}).")
    int dim;

    @Option(names = "--momentum", paramLabel = "X", defaultValue = "0.99",
            description = "Momentum of the key encoder: key = X key + (1 - X) query (default: ${DEFAULT-VALUE}).")
    double momentum;

    @Option(names = "--temperature", paramLabel = "X",
            description = "Temperature of the softmax over similarities (default: 0.1, with --v2 0.2).")
    Double temperature;

    @Option(names = "--symmetric", negatable = true, defaultValue = "false", fallbackValue = "true",
            description = "Let both views serve as query and as key (default: one is the query, the other the key).")
    boolean symmetric;

    @Option(names = "--mlp", negatable = true, defaultValue = "false", fallbackValue = "true",
            description = "MoCo v2's projection of two linear layers with a ReLU between (default: one layer).")
    private boolean mlp;

    @Option(names = "--blur", negatable = true, defaultValue = "false", fallbackValue = "true",
            description = "Add MoCo v2's Gaussian blur to the views, with probability 0.5 (default: without).")
    private boolean blur;

    @Option(names = "--v2", negatable = true, defaultValue = "false", fallbackValue = "true",
            description = "MoCo v2: --mlp --blur --temperature 0.2 together (default: MoCo v1).")
    private boolean v2;

    /** Writes what {@code --v2} stands for, and the default temperature, into their own options: for the record of a new run. */
    void resolve() {
        temperature = temperature();
        mlp = mlp();
        blur = blur();
    }

    /** As typed, or else what the version of MoCo asks for. */
    double temperature() {
        return temperature != null ? temperature : v2 ? MocoConfig.V2_TEMPERATURE : MocoConfig.DEFAULT_TEMPERATURE;
    }

    boolean mlp() {
        return mlp || v2;
    }

    boolean blur() {
        return blur || v2;
    }
}
