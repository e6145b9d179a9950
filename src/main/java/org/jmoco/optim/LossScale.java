package org.jmoco.optim;

import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.LossScaling;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/**
 * The loss scale of a training step where the backend needs one ({@link LossScaling}): its state, and what a step records for it.
 */
public final class LossScale {
    private static final String EXPONENT = "loss_scale.exponent";
    private static final String FINITE_STEPS = "loss_scale.finite_steps";

    private final Buffer exponent; // scalar, I32
    private final Buffer finiteSteps; // scalar, I32
    private final Buffer nonFinite; // scalar, I32

    private LossScale(Backend backend) {
        exponent = backend.memory().declare(Region.STATE, "lossScale.exponent", DType.I32, Shape.SCALAR);
        finiteSteps = backend.memory().declare(Region.STATE, "lossScale.finiteSteps", DType.I32, Shape.SCALAR);
        nonFinite = backend.memory().declare(Region.STATE, "lossScale.nonFinite", DType.I32, Shape.SCALAR);
    }

    /** @return null if the backend's feature maps have the range of f32 */
    public static LossScale of(Backend backend) {
        return backend.scalesLosses() ? new LossScale(backend) : null;
    }

    /** Scales the gradient with which a backward pass begins. @param scale may be null: nothing is recorded */
    public static void recordScale(LossScale scale, Recorder rec, Buffer gradient) {
        if (scale != null) {
            rec.scaleLoss(gradient.name() + ".scale", gradient, scale.exponent);
        }
    }

    /** The whole update: looks whether the gradients are finite, updates the weights if so, and adapts the scale. */
    void recordUpdate(Recorder rec, Buffer gradients, Runnable update) {
        rec.flagNonFinite("gradients.finite", nonFinite, gradients);
        update.run();
        rec.adaptLossScale("lossScale.adapt", exponent, finiteSteps, nonFinite, LossScaling.INTERVAL);
    }

    Buffer exponent() {
        return exponent;
    }

    Buffer nonFinite() {
        return nonFinite;
    }

    /** The scale that the next step will use. */
    public double value(Backend backend) {
        return LossScaling.scale((int) backend.get(exponent));
    }

    /** Puts the state into a checkpoint's metadata; other backends look past it. */
    public static void save(LossScale scale, Backend backend, Map<String, String> metadata) {
        if (scale != null) {
            metadata.put(EXPONENT, Integer.toString((int) backend.get(scale.exponent)));
            metadata.put(FINITE_STEPS, Integer.toString((int) backend.get(scale.finiteSteps)));
        }
    }

    /** The reverse; a checkpoint of a backend without a scale starts with the first one. */
    public static void load(LossScale scale, Backend backend, Map<String, String> metadata) {
        if (scale != null) {
            backend.set(scale.exponent, Integer.parseInt(metadata.getOrDefault(EXPONENT, "0")));
            backend.set(scale.finiteSteps, Integer.parseInt(metadata.getOrDefault(FINITE_STEPS, "0")));
        }
    }
}
