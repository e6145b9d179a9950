package org.jmoco.loss;

import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/** Mean cross-entropy of softmax outputs, as torch.nn.CrossEntropyLoss. */
public final class SoftmaxCrossEntropy {
    private final Buffer loss; // scalar
    private final Buffer correct; // scalar, I32

    public SoftmaxCrossEntropy(Backend backend) {
        this.loss = backend.declare(Region.OUTPUT, "loss", Shape.SCALAR);
        this.correct = backend.memory().declare(Region.OUTPUT, "correct", DType.I32, Shape.SCALAR);
    }

    /** @param logits N x K, @param labels N I32; @return dlogits N x K */
    public Buffer forwardBackward(Recorder rec, Buffer logits, Buffer labels) {
        Buffer dlogits = rec.activation("loss.dlogits", logits.shape());
        rec.softmaxCrossEntropy("loss", loss, correct, dlogits, logits, labels);
        return dlogits;
    }

    public Buffer loss() {
        return loss;
    }

    public Buffer correct() {
        return correct;
    }
}
