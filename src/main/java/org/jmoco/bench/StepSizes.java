package org.jmoco.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.moco.MocoStep;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;

/**
 * The MoCo step that is measured: N images of {@code image} x {@code image} x 3, ResNet-18 whose first stage has {@code width}
 * channels, features of {@code dim}, a queue of {@code queue} keys.
 */
public record StepSizes(int batch, int image, int width, int splits, int queue, int dim, boolean symmetric) {
    /** As the chains train: batch 128, 32 x 32, width 64, 8 splits, queue 4096, dim 128. */
    public static final StepSizes PUBLISHED = new StepSizes(128, 32, 64, 8, 4096, 128, false);

    public MocoConfig config() {
        return new MocoConfig(new ResNet18.Config(ResNet18.Stem.CIFAR, width, dim, splits), batch, image, queue, 0.99, 0.1,
                symmetric, 0.9, 5e-4);
    }

    public StepSizes withBatch(int n) {
        return new StepSizes(n, image, width, splits, queue, dim, symmetric);
    }

    public StepSizes withImage(int n) {
        return new StepSizes(batch, n, width, splits, queue, dim, symmetric);
    }

    public StepSizes withWidth(int n) {
        return new StepSizes(batch, image, n, splits, queue, dim, symmetric);
    }

    public StepSizes withQueue(int n) {
        return new StepSizes(batch, image, width, splits, n, dim, symmetric);
    }

    /** {@code moco_step n128 image32 width64 splits8 queue4096 dim128}: as the peers call it. */
    @Override
    public String toString() {
        StringBuilder s = new StringBuilder("moco_step");
        toMap().forEach((name, size) -> s.append(' ').append(name.equals("batch") ? "n" : name).append(size));
        return s.append(symmetric ? " symmetric" : "").toString();
    }

    /** Sizes by the names of the command line's options. */
    public Map<String, Integer> toMap() {
        Map<String, Integer> m = new LinkedHashMap<>();
        m.put("batch", batch);
        m.put("image", image);
        m.put("width", width);
        m.put("splits", splits);
        m.put("queue", queue);
        m.put("dim", dim);
        return m;
    }

    /** Initial weights and queue, Gaussian images, a shuffle: after allocation. */
    public void fill(Backend backend, MocoStep step) {
        step.pair().initialize(backend, 1);
        step.queue().initialize(backend, 1);
        step.sgd().setLearningRate(backend, 0.03);
        step.setShuffle(backend, new Philox(1, Philox.Purpose.SHUFFLE, 0, 0).permutation(batch));
        for (Buffer view : new Buffer[] {step.view1(), step.view2()}) {
            Philox random = new Philox(1, Philox.Purpose.TEST, 0, view == step.view1() ? 0 : 1);
            float[] x = new float[Math.toIntExact(view.size())];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) random.nextGaussian();
            }
            backend.upload(view, HostTensor.of(view.shape(), x));
        }
    }
}
