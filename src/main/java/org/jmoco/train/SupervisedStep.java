package org.jmoco.train;

import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.encoder.ResNet18;
import org.jmoco.loss.SoftmaxCrossEntropy;
import org.jmoco.optim.Adam;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/** One supervised training step of the whole network: forward, cross-entropy, backward, Adam. Recorded as a program. */
public final class SupervisedStep {
    private final ResNet18 network;
    private final Adam adam;
    private final SoftmaxCrossEntropy loss;
    private final Buffer images; // N x H x W x 3
    private final Buffer labels; // N, I32
    private final Buffer logits; // N x K
    private final Program program;

    /**
     * Declares all buffers and records the program; runs after {@link Backend#allocate()}.
     *
     * @param batch N, a multiple of the network's splits
     * @param image height and width
     */
    public SupervisedStep(Backend backend, ResNet18.Config config, int batch, int image, double weightDecay) {
        network = new ResNet18(backend, "q", config, true);
        adam = new Adam(backend, network.weights().specs(), weightDecay);
        loss = new SoftmaxCrossEntropy(backend);
        images = backend.declare(Region.INPUT, "images", Shape.of(batch, image, image, 3));
        labels = backend.memory().declare(Region.INPUT, "labels", DType.I32, Shape.of(batch));
        logits = backend.declare(Region.OUTPUT, "logits", Shape.of(batch, config.dim()));
        Recorder rec = backend.record("supervised");
        ResNet18.Saved saved = network.forward(rec, images);
        rec.copy("logits", logits, saved.y());
        network.backward(rec, saved, loss.forwardBackward(rec, saved.y(), labels), false);
        adam.recordStep(rec, network.weights(), network.gradients());
        program = rec.finish();
    }

    public Program program() {
        return program;
    }

    public ResNet18 network() {
        return network;
    }

    public Adam adam() {
        return adam;
    }

    public SoftmaxCrossEntropy loss() {
        return loss;
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
