package org.jmoco.optim;

import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.layer.Parameters;

/** Updates one flat array of weights; its own state is saved with checkpoints. */
public sealed interface Optimizer permits Sgd, Adam {
    /**
     * Records the update, the last step that needs the gradients.
     *
     * @param scale by which gradients are scaled, null if they are not
     */
    void recordStep(Recorder rec, Parameters weights, Parameters gradients, LossScale scale);

    /** As above, of gradients that are not scaled. */
    default void recordStep(Recorder rec, Parameters weights, Parameters gradients) {
        recordStep(rec, weights, gradients, null);
    }

    /** Scalar that the host sets before a run. */
    Buffer learningRate();

    /** Named state, each a flat array of the weights' layout: what a resumed run needs. */
    Map<String, Parameters> moments();

    /** Updates done so far, I32 scalar; null if the optimiser does not count. */
    Buffer stepCount();

    default void setLearningRate(Backend backend, double value) {
        backend.set(learningRate(), value);
    }
}
