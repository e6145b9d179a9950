package org.jmoco.app;

import java.util.Arrays;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.moco.MocoStep;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Option;

/** The MoCo step that is measured: its sizes, and random images and weights for it. */
final class StepOptions {
    /** Steps until the JIT has compiled every kernel: the times are flat from the fourth on. */
    static final int WARM_UP = 4;
    /** Small steps need more of them. */
    private static final long WARM_UP_NANOS = 4_000_000_000L;

    @Option(names = "--batch", description = "Images per step (default: ${DEFAULT-VALUE}).", defaultValue = "128")
    int batch;

    @Option(names = "--image", description = "Height and width of an image (default: ${DEFAULT-VALUE}).", defaultValue = "32")
    int image;

    @Option(names = "--width", description = "Channels of the first stage (default: ${DEFAULT-VALUE}).", defaultValue = "64")
    int width;

    @Option(names = "--splits", description = "Groups of the split batch norm (default: ${DEFAULT-VALUE}).", defaultValue = "8")
    int splits;

    @Option(names = "--queue", description = "Negative keys (default: ${DEFAULT-VALUE}).", defaultValue = "4096")
    int queue;

    @Option(names = "--dim", description = "Features (default: ${DEFAULT-VALUE}).", defaultValue = "128")
    int dim;

    @Option(names = "--symmetric", description = "Symmetric loss: both views serve as query and as key.")
    boolean symmetric;

    MocoConfig config() {
        return new MocoConfig(new ResNet18.Config(ResNet18.Stem.CIFAR, width, dim, splits), batch, image, queue, 0.99, 0.1, symmetric, 0.9, 5e-4);
    }

    /**
     * Milliseconds of {@code steps} steps, ascending, each until its loss is known; what comes first warms up.
     *
     * @throws UserError if the loss is no number afterwards: the times would mean nothing
     */
    double[] time(Backend backend, MocoStep step, int steps) {
        long start = System.nanoTime();
        for (int i = 0; i < WARM_UP || System.nanoTime() - start < WARM_UP_NANOS; i++) {
            step.program().run();
        }
        double[] millis = new double[steps];
        for (int i = 0; i < steps; i++) {
            long begin = System.nanoTime();
            step.program().run();
            backend.get(step.loss().loss());
            millis[i] = (System.nanoTime() - begin) * 1e-6;
        }
        double loss = backend.get(step.loss().loss());
        if (!Double.isFinite(loss)) {
            throw UserError.failed("the loss became " + loss + "; the times would mean nothing.");
        }
        Arrays.sort(millis);
        return millis;
    }

    /** Initial weights and queue, Gaussian images, a shuffle: after allocation. */
    void fill(Backend backend, MocoStep step) {
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
