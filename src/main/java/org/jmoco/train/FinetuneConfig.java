package org.jmoco.train;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.UserError;

/**
 * A supervised run: all weights of the network are trained, or (a linear probe) the last layer alone.
 *
 * @param network     its dim is the number of outputs: that of the classes, or of the projection
 * @param frozen      true: everything before the last layer stays as it is, running statistics included
 * @param batch       images of one step
 * @param seed        of a fresh head (or of all weights), order and views
 * @param views       one random view of each image per epoch; its size is the network's image
 * @param voteEpochs  last epochs whose predictions are put to the vote
 */
public record FinetuneConfig(ResNet18.Config network, Head head, boolean frozen, OptimizerKind optimizer, int batch, int epochs,
        LearningRate learningRate, double weightDecay, long seed, ViewRecipe views, Normalisation normalisation, int voteEpochs) {
    /** The published transfer: Adam at 1e-4, batches of 64, 100 epochs, votes of ten epochs. */
    public static final double DEFAULT_LR = 1e-4;

    public static final int DEFAULT_BATCH = 64;
    public static final int DEFAULT_EPOCHS = 100;
    public static final int DEFAULT_VOTE_EPOCHS = 10;

    /** Of Adam in a linear probe: ten times the transfer's, since a linear layer on fixed features is a convex problem. */
    public static final double PROBE_LR = 1e-3;

    /** Momentum of SGD, as in pretraining and in facebookresearch/moco's linear classification. */
    public static final double SGD_MOMENTUM = 0.9;

    /** What moves the weights. */
    public enum OptimizerKind {
        ADAM, SGD;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The last layer. */
    public enum Head {
        /** A new linear layer with one output for each class. */
        FRESH,
        /** The projection of pretraining itself, trained as a classifier whose first outputs are the classes, as published. */
        PROJECTION;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The whole network, by Adam. */
    public FinetuneConfig(ResNet18.Config network, Head head, int batch, int epochs, LearningRate learningRate,
            double weightDecay, long seed, ViewRecipe views, Normalisation normalisation, int voteEpochs) {
        this(network, head, false, OptimizerKind.ADAM, batch, epochs, learningRate, weightDecay, seed, views, normalisation,
                voteEpochs);
    }

    public FinetuneConfig {
        if (frozen && head != Head.FRESH) {
            throw UserError.usage("--freeze trains a new last layer behind the frozen encoder: leave out --head " + head + ".");
        }
        network.requireBatch(batch, views.size());
        if (epochs < 1 || voteEpochs < 1) {
            throw UserError.usage("--epochs " + epochs + " and --vote " + voteEpochs + " must be at least 1.");
        }
        if (!(weightDecay >= 0 && weightDecay < Double.POSITIVE_INFINITY)) {
            throw UserError.usage("--weight-decay " + weightDecay + " must be 0 or more; 0 is usual.");
        }
    }

    /** The same run with so many outputs. */
    public FinetuneConfig withOutputs(int outputs) {
        return new FinetuneConfig(network.withDim(outputs), head, frozen, optimizer, batch, epochs, learningRate, weightDecay,
                seed, views, normalisation, voteEpochs);
    }

    /** One line for the user if every epoch of several votes. */
    public Optional<String> voteWarning() {
        return epochs == 1 || voteEpochs < epochs ? Optional.empty()
                : Optional.of("warning: all " + epochs + " epochs vote (--vote " + voteEpochs + ", in a recipe vote: "
                        + voteEpochs + "), also the first, whose networks may still say one class of every image. Take fewer,"
                        + " as --vote 1 (vote: 1), or more epochs.");
    }

    /** Everything here that decides the result, as options. */
    public Map<String, String> identity() {
        Map<String, String> id = new LinkedHashMap<>();
        id.put("--head", head.toString());
        id.put("--stem", network.stem().name());
        id.put("--width", Integer.toString(network.width()));
        id.put("outputs", Integer.toString(network.dim()));
        id.put("--splits", Integer.toString(network.splits()));
        id.put("--image", Integer.toString(views.size()));
        id.put("--batch", Integer.toString(batch));
        id.put("--seed", Long.toString(seed));
        id.put("--lr and --schedule", learningRate.identity(epochs));
        id.put("--weight-decay", Double.toString(weightDecay));
        if (frozen) {
            id.put("--freeze", "true");
        }
        if (optimizer != OptimizerKind.ADAM) {
            id.put("--optimizer", optimizer.toString());
        }
        if (network.mlp()) {
            id.put("--mlp", "true");
        }
        // The test images are predicted in the last epochs only, so a checkpoint depends on which these are.
        id.put("--epochs", Integer.toString(epochs));
        id.put("--vote", Integer.toString(voteEpochs));
        id.put("views", views.toString());
        id.put("normalisation", normalisation.toString());
        return id;
    }
}
