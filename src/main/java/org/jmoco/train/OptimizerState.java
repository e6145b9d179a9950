package org.jmoco.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.optim.LossScale;
import org.jmoco.optim.Optimizer;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * An optimiser's state in a checkpoint: its moments as tensors {@code MOMENT.PARAMETER}, for Adam the number of updates, and in
 * the metadata the scale of the loss, where there is one.
 */
final class OptimizerState {
    private static final String STEP = "adam.step"; // I32 scalar

    private final Optimizer optimizer;
    private final LossScale scale; // null if gradients are not scaled

    OptimizerState(Optimizer optimizer, LossScale scale) {
        this.optimizer = optimizer;
        this.scale = scale;
    }

    /** Adds the tensors of {@link #save}. */
    void shapes(Map<String, Shape> all) {
        optimizer.moments().forEach((moment, p) -> p.specs().forEach(s -> all.put(moment + "." + s.name(), s.checkpointShape())));
        if (optimizer.stepCount() != null) {
            all.put(STEP, Shape.SCALAR);
        }
    }

    void save(Backend backend, Map<String, HostTensor> tensors, Map<String, String> metadata) {
        optimizer.moments().forEach((moment, p) -> p.download(backend)
                .forEach((name, t) -> tensors.put(moment + "." + name, t)));
        if (optimizer.stepCount() != null) {
            tensors.put(STEP, backend.download(optimizer.stepCount()));
        }
        LossScale.save(scale, backend, metadata);
    }

    /** Takes the state from a checkpoint that is known to fit. */
    void load(Backend backend, Map<String, HostTensor> tensors, Map<String, String> metadata) {
        optimizer.moments().forEach((moment, p) -> {
            Map<String, HostTensor> own = new LinkedHashMap<>();
            p.specs().forEach(s -> own.put(s.name(), tensors.get(moment + "." + s.name())));
            p.upload(backend, own);
        });
        if (optimizer.stepCount() != null) {
            backend.upload(optimizer.stepCount(), tensors.get(STEP));
        }
        LossScale.load(scale, backend, metadata);
    }
}
