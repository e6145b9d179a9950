package org.jmoco.backend;

/**
 * How the loss scale of f16 is kept and moved (Micikevicius et al. 2018, section 3.2; torch.amp.GradScaler's constants).
 *
 * <p>Gradients of feature maps are mostly below 2^-24, the smallest f16 number. So the backward pass begins with a gradient that
 * is multiplied by a power of two, and the optimiser divides by it, both exactly. Where a gradient overflows, the step's update
 * is left out and the scale halved; after some updates in a row it is doubled.
 *
 * <p>In memory stands the exponent less {@link #FIRST_EXPONENT}, I32: zeros, which all memory holds at first, mean 65536.
 */
public final class LossScaling {
    /** Training begins with 2^16. */
    public static final int FIRST_EXPONENT = 16;

    /** No gradient needs less: f32 in which weights' gradients are summed would be next to overflow. */
    public static final int LEAST_EXPONENT = -100;

    /** Beyond this even gradients of 2^-48 are normal f16 numbers. */
    public static final int LARGEST_EXPONENT = 24;

    /** Updates in a row after which the scale is doubled. */
    public static final int INTERVAL = 2000;

    private LossScaling() {}

    /** The scale, a power of two. @param stored what is in memory */
    public static double scale(int stored) {
        return Math.scalb(1.0, FIRST_EXPONENT + stored);
    }

    /** What is stored after a step. @param finiteSteps in a row, this one included if {@code finite} */
    public static int next(int stored, boolean finite, int finiteSteps, int interval) {
        int moved = finite ? finiteSteps >= interval ? stored + 1 : stored : stored - 1;
        return Math.clamp(moved, LEAST_EXPONENT - FIRST_EXPONENT, LARGEST_EXPONENT - FIRST_EXPONENT);
    }
}
