package org.jmoco.app.selftest;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Region;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.moco.MocoStep;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/** A MoCo training step against itself: again, interrupted, in another way of running it, too large for memory. */
public final class StepSelftest {
    private static final int STEPS = 4;
    /** More than any memory holds: 2^21 images of 32 x 32 with 64 channels are 256 GiB in two bytes a value, and 512 in four. */
    private static final Shape TOO_MANY_IMAGES = Shape.of(1 << 21, 32, 32, 64);

    private final MocoConfig config;

    /**
     * The queue holds the keys of three steps and a few more: in the fourth it wraps around in mid-batch.
     *
     * @param quick small sizes
     */
    public StepSelftest(boolean quick) {
        config = quick ? config(8, 16, 8, 27, 16) : config(64, 32, 16, 250, 128);
    }

    private static MocoConfig config(int batch, int image, int width, int queue, int dim) {
        return new MocoConfig(new ResNet18.Config(ResNet18.Stem.CIFAR, width, dim, 4), batch, image, queue, 0.99, 0.1, false, 0.9,
                5e-4);
    }

    /**
     * @param backend opens the backend as it is used
     * @param otherwise opens it so that it works in another way with the same results: steps one by one in place of a graph, or
     *     another number of threads
     * @param difference names that way
     */
    public void run(SelftestReport report, Supplier<Backend> backend, Supplier<Backend> otherwise, String difference) {
        Map<String, HostTensor> once = new LinkedHashMap<>();
        report.part("step: the loss is a number and weights change", () -> {
            once.putAll(train(backend, STEPS, Map.of()));
            double loss = once.get("loss").get(0);
            if (!Double.isFinite(loss)) {
                throw new AssertionError("the loss is " + loss);
            }
            if (train(backend, 1, Map.of()).get("query weights").bitEquals(once.get("query weights"))) {
                throw new AssertionError("the weights after " + STEPS + " steps are those after 1");
            }
        });
        report.part("step: run twice, the same bits", () -> requireEqual(once, train(backend, STEPS, Map.of())));
        report.part("step: " + difference + ", the same bits", () -> requireEqual(once, train(otherwise, STEPS, Map.of())));
        report.part("step: interrupted and resumed, the same bits", () ->
                requireEqual(once, train(backend, STEPS - STEPS / 2, train(backend, STEPS / 2, Map.of()))));
        report.part("step: too large for memory says so and leaves the device usable", () -> {
            tooLarge(backend);
            requireEqual(once, train(backend, STEPS, Map.of()));
        });
    }

    /** Everything that training carries from step to step. */
    private static Map<String, Buffer> state(MocoStep s) {
        Map<String, Buffer> state = new LinkedHashMap<>();
        state.put("query weights", s.pair().query().weights().flat());
        state.put("key weights", s.pair().key().weights().flat());
        state.put("query statistics", s.pair().query().statistics().flat());
        state.put("key statistics", s.pair().key().statistics().flat());
        s.sgd().moments().forEach((name, p) -> state.put(name, p.flat()));
        state.put("queue", s.queue().keys());
        state.put("head", s.queue().head());
        return state;
    }

    /** @param from the state to start from; empty: the initial one. @return the state afterwards, and the loss */
    private Map<String, HostTensor> train(Supplier<Backend> open, int steps, Map<String, HostTensor> from) {
        try (Backend b = open.get()) {
            MocoStep step = new MocoStep(b, config);
            b.allocate();
            step.pair().initialize(b, 1);
            step.queue().initialize(b, 1);
            step.sgd().setLearningRate(b, 0.03);
            Map<String, Buffer> state = state(step);
            if (!from.isEmpty()) {
                state.forEach((name, buffer) -> b.upload(buffer, from.get(name)));
            }
            step.setShuffle(b, new Philox(1, Philox.Purpose.SHUFFLE, 0, 0).permutation(config.batch()));
            b.upload(step.view1(), gaussian(step.view1(), 0));
            b.upload(step.view2(), gaussian(step.view2(), 1));
            for (int i = 0; i < steps; i++) {
                step.program().run();
            }
            Map<String, HostTensor> after = new LinkedHashMap<>();
            state.forEach((name, buffer) -> after.put(name, b.download(buffer)));
            after.put("loss", b.download(step.loss().loss()));
            return after;
        }
    }

    private static HostTensor gaussian(Buffer view, int stream) {
        Philox random = new Philox(1, Philox.Purpose.TEST, 0, stream);
        float[] x = new float[Math.toIntExact(view.size())];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return HostTensor.of(view.shape(), x);
    }

    private static void requireEqual(Map<String, HostTensor> expected, Map<String, HostTensor> got) {
        if (expected.isEmpty()) {
            throw new AssertionError("there is nothing to compare with, since the first part failed");
        }
        expected.forEach((name, t) -> {
            if (!t.bitEquals(got.get(name))) {
                throw new AssertionError(name + " differs");
            }
        });
    }

    /** The step as it is, beside a batch of images that is too large: no convolution of it, which libraries have limits for. */
    private void tooLarge(Supplier<Backend> open) {
        try (Backend b = open.get()) {
            new MocoStep(b, config);
            b.declare(Region.INPUT, "images that no memory holds", TOO_MANY_IMAGES);
            b.allocate();
        } catch (UserError e) {
            if (!e.getMessage().contains("--batch")) {
                throw new AssertionError("the message names no option that helps: " + e.getMessage());
            }
            return;
        }
        throw new AssertionError(TOO_MANY_IMAGES + " was allocated without an error");
    }
}
