package org.jmoco.encoder;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.layer.BatchNorm2d;
import org.jmoco.layer.Conv2d;
import org.jmoco.layer.MaxPool2d;
import org.jmoco.layer.ParameterSpec;
import org.jmoco.layer.Parameters;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * ResNet-18 (He et al. 2016) with torchvision's BasicBlock and names: stem, four stages of two blocks with 1, 2, 4, 8 times
 * the base width, global average pool, linear layer (or two: {@link Config#mlp}). What stands behind the pool is the projection
 * in pretraining and the classifier in transfer.
 */
public final class ResNet18 {
    /** How the image enters. */
    public enum Stem {
        /** 3x3 stride 1 without pooling, for small images (facebookresearch/moco's CIFAR demo). */
        CIFAR,
        /** 7x7 stride 2 and a 3x3 stride 2 max pool, for 224 x 224 (torchvision). */
        IMAGENET;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * @param width channels of the first stage, 64 in the published network
     * @param dim outputs of the last linear layer
     * @param splits groups of each batch norm
     * @param mlp    MoCo v2's projection of two layers instead of one
     */
    public record Config(Stem stem, int width, int dim, int splits, boolean mlp) {
        /** The last layer alone behind the pool. */
        public Config(Stem stem, int width, int dim, int splits) {
            this(stem, width, dim, splits, false);
        }

        public Config {
            if (width < 1 || dim < 1 || splits < 1) {
                throw UserError.usage("--width " + width + ", --dim " + dim + " and --splits " + splits + " must be at least 1.");
            }
        }

        /** @throws UserError if a batch is not divisible by the splits, or if its images are more numbers than one array holds */
        public void requireBatch(int batch, int image) {
            if (batch < 1 || batch % splits != 0) {
                throw UserError.usage("--batch " + batch + " is not divisible by --splits " + splits
                        + ": batch norm would have groups of unequal size. Choose a multiple.");
            }
            double numbers = 3.0 * batch * image * image; // a double, because it may be more than a long holds
            if (numbers > Integer.MAX_VALUE) {
                throw UserError.usage(String.format(Locale.ROOT,
                        "--batch %d of --image %d are %.0f numbers, but one array holds at most %d."
                        + " Lower --image or --batch.", batch, image, numbers, Integer.MAX_VALUE));
            }
        }

        public Config withDim(int newDim) {
            return new Config(stem, width, newDim, splits, mlp);
        }

        public Config withSplits(int newSplits) {
            return new Config(stem, width, dim, newSplits, mlp);
        }

        public Config withMlp(boolean newMlp) {
            return new Config(stem, width, dim, splits, newMlp);
        }
    }

    private static final int STAGES = 4;
    private static final int BLOCKS_PER_STAGE = 2;

    private final Config config;
    private final String name;
    private final Parameters weights;
    private final Parameters gradients; // null if not trained
    private final Parameters statistics;
    private final Conv2d conv1;
    private final BatchNorm2d bn1;
    private final MaxPool2d pool; // null in the CIFAR stem
    private final List<BasicBlock> blocks = new ArrayList<>();
    private final Head fc;

    /** What backward needs. */
    public record Saved(
            Buffer images, // N x H x W x 3
            BatchNorm2d.Saved bn1,
            MaxPool2d.Saved pool, // null in the CIFAR stem
            List<BasicBlock.Saved> blocks,
            Buffer pooled, // N x 8 width
            Head.Saved head) {
        /** N x dim */
        public Buffer y() {
            return head.y();
        }
    }

    /**
     * Declares weights, running statistics and, if {@code trained}, gradients.
     *
     * @param name stands before all names of this encoder: {@code q} or {@code k}
     */
    public ResNet18(Backend backend, String name, Config config, boolean trained) {
        this.config = config;
        this.name = name;
        this.weights = Parameters.declare(backend, Region.PARAMETERS, name, specs(config));
        this.gradients = trained ? Parameters.declare(backend, Region.GRADIENTS, "d" + name, specs(config)) : null;
        this.statistics = Parameters.declare(backend, Region.STATE, name + ".statistics", statisticsSpecs(config));
        boolean cifar = config.stem == Stem.CIFAR;
        conv1 = new Conv2d("conv1", weights, gradients, cifar ? 1 : 2, cifar ? 1 : 3);
        bn1 = new BatchNorm2d("bn1", weights, gradients, statistics, config.splits);
        pool = cifar ? null : new MaxPool2d(name + ".maxpool", 3, 2, 1);
        forEachBlock(config, (path, in, out, stride) ->
                blocks.add(new BasicBlock(path, weights, gradients, statistics, in, out, stride, config.splits)));
        fc = new Head(config.mlp, weights, gradients);
    }

    private interface BlockVisitor {
        void block(String path, int in, int out, int stride);
    }

    private static void forEachBlock(Config c, BlockVisitor visitor) {
        int in = c.width;
        for (int stage = 0; stage < STAGES; stage++) {
            int out = c.width << stage;
            for (int b = 0; b < BLOCKS_PER_STAGE; b++) {
                visitor.block("layer" + (stage + 1) + "." + b, in, out, stage > 0 && b == 0 ? 2 : 1);
                in = out;
            }
        }
    }

    /** Names and shapes of all weights, in the order of torchvision's state_dict. */
    public static List<ParameterSpec> specs(Config c) {
        List<ParameterSpec> s = new ArrayList<>();
        s.addAll(Conv2d.specs("conv1", 3, c.width, c.stem == Stem.CIFAR ? 3 : 7));
        s.addAll(BatchNorm2d.specs("bn1", c.width));
        forEachBlock(c, (path, in, out, stride) -> s.addAll(BasicBlock.specs(path, in, out, stride)));
        s.addAll(Head.specs(c.mlp, featureSize(c), c.dim));
        return s;
    }

    /** Names and shapes of all running statistics, in the same order. */
    public static List<ParameterSpec> statisticsSpecs(Config c) {
        List<ParameterSpec> s = new ArrayList<>(BatchNorm2d.statisticsSpecs("bn1", c.width));
        forEachBlock(c, (path, in, out, stride) -> s.addAll(BasicBlock.statisticsSpecs(path, in, out, stride)));
        return s;
    }

    /** Features that enter the linear layer: 8 times the width. */
    public static int featureSize(Config c) {
        return c.width << (STAGES - 1);
    }

    public Config config() {
        return config;
    }

    public Parameters weights() {
        return weights;
    }

    /** @throws IllegalStateException if the encoder is not trained */
    public Parameters gradients() {
        if (gradients == null) {
            throw new IllegalStateException("encoder " + name + " is not trained: it has no gradients");
        }
        return gradients;
    }

    public Parameters statistics() {
        return statistics;
    }

    /** Training forward: batch statistics, running statistics updated. @param images N x H x W x 3 */
    public Saved forward(Recorder rec, Buffer images) {
        BatchNorm2d.Saved stem = bn1.forwardRelu(rec, conv1.forward(rec, images));
        MaxPool2d.Saved pooledStem = pool == null ? null : pool.forward(rec, stem.y());
        List<BasicBlock.Saved> saved = new ArrayList<>();
        Buffer x = pooledStem == null ? stem.y() : pooledStem.y();
        for (BasicBlock b : blocks) {
            BasicBlock.Saved s = b.forward(rec, x);
            saved.add(s);
            x = s.y();
        }
        Buffer pooled = globalAvgPool(rec, x);
        return new Saved(images, stem, pooledStem, saved, pooled, fc.forward(rec, pooled));
    }

    /** Evaluation forward, by the running statistics. @return N x dim */
    public Buffer infer(Recorder rec, Buffer images) {
        return fc.forward(rec, inferFeatures(rec, images)).y();
    }

    /** Evaluation forward up to the average pool. @return N x 8 width */
    public Buffer inferFeatures(Recorder rec, Buffer images) {
        Buffer x = bn1.inferRelu(rec, conv1.forward(rec, images));
        if (pool != null) {
            x = pool.forward(rec, x).y();
        }
        for (BasicBlock b : blocks) {
            x = b.infer(rec, x);
        }
        return globalAvgPool(rec, x);
    }

    private Buffer globalAvgPool(Recorder rec, Buffer x) {
        Buffer pooled = rec.activation(name + ".avgpool.y", Shape.of(x.shape().dim(0), featureSize(config)));
        rec.globalAvgPoolForward(name + ".avgpool", pooled, x);
        return pooled;
    }

    /** Gradients of all weights from dy N x dim. The gradient of the images is not computed: nobody needs it. */
    public void backward(Recorder rec, Saved s, Buffer dy, boolean accumulate) {
        Buffer dPooled = fc.backward(rec, s.pooled, s.head, dy, accumulate);
        Buffer d = rec.activation(name + ".avgpool.dx", s.blocks.getLast().y().shape());
        rec.globalAvgPoolBackward(name + ".avgpool", d, dPooled);
        for (int i = blocks.size() - 1; i >= 0; i--) {
            d = blocks.get(i).backward(rec, s.blocks.get(i), d, accumulate);
        }
        if (pool != null) {
            d = pool.backward(rec, s.pool, d);
        }
        conv1.backwardWeights(rec, s.images, bn1.backward(rec, s.bn1, d, accumulate), accumulate);
    }
}
