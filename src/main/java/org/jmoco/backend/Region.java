package org.jmoco.backend;

/** The class of memory a buffer belongs to: one arena each, one line each in the printed memory plan. */
public enum Region {
    PARAMETERS("weights"),
    WEIGHT_COPIES("the weights once more, in the feature maps' type"),
    GRADIENTS("gradients of the weights that are trained"),
    OPTIMISER("momentum, or Adam's moments"),
    STATE("running statistics, queue, counters"),
    INPUT("batches, labels, learning rate"),
    DATA("training images, the whole set; --feed host leaves them on the host"),
    OUTPUT("loss, features, logits"),
    ACTIVATIONS("values of one program run, packed by lifetime"),
    SCRATCH("workspace of single steps, shared");

    /** What lives here, for the memory table. */
    public final String holds;

    Region(String holds) {
        this.holds = holds;
    }
}
