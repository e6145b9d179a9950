package org.jmoco.moco;

import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.UserError;

/**
 * Everything that shapes a MoCo step.
 *
 * @param batch N
 * @param image height and width of a view
 * @param queue M, the number of negative keys
 * @param m momentum of the key encoder
 * @param temperature T
 * @param symmetric both views serve as query and as key
 * @param sgdMomentum mu of SGD
 */
public record MocoConfig(
        ResNet18.Config encoder,
        int batch,
        int image,
        int queue,
        double m,
        double temperature,
        boolean symmetric,
        double sgdMomentum,
        double weightDecay) {
    /** Of the published chains and of MoCo's CIFAR demo. */
    public static final double DEFAULT_TEMPERATURE = 0.1;

    /** Of MoCo v2 (Chen et al. 2020). */
    public static final double V2_TEMPERATURE = 0.2;

    public MocoConfig {
        encoder.requireBatch(batch, image);
        int keysPerStep = symmetric ? 2 * batch : batch;
        if (queue < keysPerStep) {
            throw UserError.usage("--queue " + queue + " is shorter than the " + keysPerStep
                    + " keys that one step brings. Raise --queue or lower --batch.");
        }
        if ((long) queue * encoder.dim() > Integer.MAX_VALUE) {
            throw UserError.usage("--queue " + queue + " of --dim " + encoder.dim() + ": one array holds at most "
                    + Integer.MAX_VALUE + " numbers. Lower --queue or --dim.");
        }
        if (!(m >= 0 && m <= 1)) {
            throw UserError.usage("--momentum " + m + " must lie in 0 .. 1; 0.99 is usual.");
        }
        if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
            throw UserError.usage("--temperature " + temperature + " must be positive; 0.1 is usual.");
        }
        if (!(sgdMomentum >= 0 && sgdMomentum < 1)) {
            throw UserError.usage("--sgd-momentum " + sgdMomentum + " must be at least 0 and below 1; 0.9 is usual.");
        }
        if (!(weightDecay >= 0 && weightDecay < Double.POSITIVE_INFINITY)) {
            throw UserError.usage("--weight-decay " + weightDecay + " must be 0 or more; 5e-4 is usual.");
        }
    }
}
