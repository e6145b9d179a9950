package org.jmoco.loss;

import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/** The contrastive loss of MoCo (He et al. 2020, equation 1); docs/maths/infonce.md. */
public final class InfoNce {
    private final double temperature;
    private final Buffer loss; // scalar
    private final Buffer correct; // scalar, I32

    public InfoNce(Backend backend, double temperature) {
        this.temperature = temperature;
        this.loss = backend.declare(Region.OUTPUT, "loss", Shape.SCALAR);
        this.correct = backend.memory().declare(Region.OUTPUT, "correct", DType.I32, Shape.SCALAR);
    }

    /**
     * @param q N x D, @param k N x D, @param queue M x D, all of unit rows
     * @param accumulate add to loss and count, for the second half of the symmetric loss
     * @return dq, N x D
     */
    public Buffer forwardBackward(Recorder rec, Buffer q, Buffer k, Buffer queue, boolean accumulate) {
        Buffer dq = rec.activation("loss.dq", q.shape());
        rec.infoNce("loss", loss, correct, dq, q, k, queue, temperature, accumulate);
        return dq;
    }

    /** Mean loss of the last run; the sum of both halves if symmetric. */
    public Buffer loss() {
        return loss;
    }

    /** Rows whose positive beats every negative, in the last run; of both halves if symmetric. */
    public Buffer correct() {
        return correct;
    }
}
