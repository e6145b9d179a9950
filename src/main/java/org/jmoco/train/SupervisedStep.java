package org.jmoco.train;

import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.encoder.ResNet18;
import org.jmoco.layer.Linear;
import org.jmoco.layer.Parameters;
import org.jmoco.loss.SoftmaxCrossEntropy;
import org.jmoco.optim.Adam;
import org.jmoco.optim.LossScale;
import org.jmoco.optim.Optimizer;
import org.jmoco.optim.Sgd;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/**
 * One supervised training step, recorded as a program: forward, cross-entropy, backward, optimiser. Either the whole network is
 * trained, or (a linear probe) the last layer alone: then the encoder runs in evaluation mode, by its stored statistics, and no
 * step of the program writes to it.
 */
public final class SupervisedStep {
    /**
     * What is trained, and by what.
     *
     * @param adam used if that is the optimizer
     */
    public record Training(boolean frozen, FinetuneConfig.OptimizerKind optimizer, double weightDecay,
            Adam.Coefficients adam) {
        /** With Adam's usual coefficients. */
        public Training(boolean frozen, FinetuneConfig.OptimizerKind optimizer, double weightDecay) {
            this(frozen, optimizer, weightDecay, Adam.Coefficients.USUAL);
        }
    }

    /**
     * What a run of the program does besides, where its batches come from the device; see {@link org.jmoco.moco.MocoStep.Feed}.
     */
    public interface Feed {
        /** At the beginning: fills images and labels. */
        void recordInputs(Recorder rec, Buffer images, Buffer labels);

        /** At the end. */
        void recordResults(Recorder rec, Buffer loss, Buffer correct);
    }

    private static final String LAST = "fc";

    private final ResNet18 network;
    private final Optimizer optimizer;
    private final LossScale scale; // null where the backend needs none, and for a frozen network
    private final SoftmaxCrossEntropy loss;
    private final Buffer images; // N x H x W x 3
    private final Buffer labels; // N, I32
    private final Buffer logits; // N x K
    private final Program program;

    /** The whole network, by Adam. */
    public SupervisedStep(Backend backend, ResNet18.Config config, int batch, int image, double weightDecay) {
        this(backend, config, batch, image, new Training(false, FinetuneConfig.OptimizerKind.ADAM, weightDecay));
    }

    /**
     * Declares all buffers and records the program; runs after {@link Backend#allocate()}.
     *
     * @param batch N, a multiple of the network's splits
     * @param image height and width
     */
    public SupervisedStep(Backend backend, ResNet18.Config config, int batch, int image, Training training) {
        this(backend, config, batch, image, training, null);
    }

    /** As above. @param feed null without one */
    public SupervisedStep(Backend backend, ResNet18.Config config, int batch, int image, Training training, Feed feed) {
        network = new ResNet18(backend, "q", config, !training.frozen);
        Parameters trained = training.frozen ? network.weights().from(LAST + ".weight") : network.weights();
        Parameters gradients = training.frozen
                ? Parameters.declare(backend, Region.GRADIENTS, "d" + LAST, trained.specs())
                : network.gradients();
        optimizer = switch (training.optimizer) {
            case ADAM -> new Adam(backend, trained.specs(), training.adam, training.weightDecay);
            case SGD -> new Sgd(backend, trained.specs(), FinetuneConfig.SGD_MOMENTUM, training.weightDecay);
        };
        scale = training.frozen ? null : LossScale.of(backend); // the last layer alone stays in f32
        loss = new SoftmaxCrossEntropy(backend);
        images = backend.declare(Region.INPUT, "images", Shape.of(batch, image, image, 3));
        labels = backend.memory().declare(Region.INPUT, "labels", DType.I32, Shape.of(batch));
        logits = backend.declare(Region.OUTPUT, "logits", Shape.of(batch, config.dim()));
        Recorder rec = backend.record(training.frozen ? "probe" : "supervised");
        if (feed != null) {
            feed.recordInputs(rec, images, labels);
        }
        if (training.frozen) {
            recordLastLayer(rec, new Linear(LAST, trained, gradients));
        } else {
            recordNetwork(rec);
        }
        optimizer.recordStep(rec, trained, gradients, scale);
        if (feed != null) {
            feed.recordResults(rec, loss.loss(), loss.correct());
        }
        program = rec.finish();
    }

    private void recordNetwork(Recorder rec) {
        ResNet18.Saved saved = network.forward(rec, images);
        rec.copy("logits", logits, saved.y());
        Buffer dlogits = loss.forwardBackward(rec, saved.y(), labels);
        LossScale.recordScale(scale, rec, dlogits);
        network.backward(rec, saved, dlogits, false);
    }

    private void recordLastLayer(Recorder rec, Linear last) {
        Buffer pooled = network.inferFeatures(rec, images);
        Buffer y = last.forward(rec, pooled);
        rec.copy("logits", logits, y);
        last.backwardWeights(rec, pooled, loss.forwardBackward(rec, y, labels), false);
    }

    public Program program() {
        return program;
    }

    public ResNet18 network() {
        return network;
    }

    public Optimizer optimizer() {
        return optimizer;
    }

    public SoftmaxCrossEntropy loss() {
        return loss;
    }

    /** By which the gradients of the last run are scaled; null where they are not. */
    public LossScale scale() {
        return scale;
    }

    /** Input: normalised images. */
    public Buffer images() {
        return images;
    }

    /** Input: class numbers. */
    public Buffer labels() {
        return labels;
    }

    /** Output: logits of the last run. */
    public Buffer logits() {
        return logits;
    }
}
