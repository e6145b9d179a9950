package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Region;
import org.jmoco.encoder.Initializer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.layer.Parameters;
import org.jmoco.moco.MocoConfig;
import org.jmoco.moco.MocoStep;
import org.jmoco.ptx.DeviceMemory;
import org.jmoco.tensor.Bf16;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.jmoco.train.SupervisedStep;

/**
 * Some complete training steps on random images, on any backend: what they compute, by name. Small: an encoder of width 4, images
 * of 16 x 16, of which the last stage sees 2 x 2: with 8 splits its batch norms average over 4 values.
 */
final class StepRig {
    static final int STEPS = 2;
    static final int BATCH = 8;
    static final int IMAGE = 16;
    static final int WIDTH = 4;
    static final int DIM = 16;
    static final double TEMPERATURE = 0.1;

    private StepRig() {}

    /** The queue is no multiple of the keys that a step brings, and wraps around in mid-batch within the second step. */
    static MocoConfig moco(int splits, boolean symmetric) {
        return new MocoConfig(new ResNet18.Config(ResNet18.Stem.CIFAR, WIDTH, DIM, splits), BATCH, IMAGE,
                (symmetric ? 2 : 1) * BATCH + 5, 0.99, TEMPERATURE, symmetric, 0.9, 5e-4);
    }

    /** Called before each step, when memory is placed and inputs are set. */
    @FunctionalInterface
    interface Hook {
        void call(Backend backend, Program program);

        Hook NONE = (backend, program) -> {};
    }

    /** Results of {@link #STEPS} pretraining steps; closes the backend. */
    static Map<String, HostTensor> pretrain(Backend backend, MocoConfig config, Hook before) {
        try (backend) {
            MocoStep step = new MocoStep(backend, config);
            backend.allocate();
            step.pair().initialize(backend, 7);
            step.queue().initialize(backend, 7);
            step.sgd().setLearningRate(backend, 0.03);
            Map<String, HostTensor> out = new LinkedHashMap<>();
            for (int s = 0; s < STEPS; s++) {
                step.setShuffle(backend, new Philox(7, Philox.Purpose.SHUFFLE, s, 0).permutation(BATCH));
                backend.upload(step.view1(), images(s, 1));
                backend.upload(step.view2(), images(s, 2));
                before.call(backend, step.program());
                out.put("queue before " + s, backend.download(step.queue().keys()));
                step.program().run();
                out.put("loss " + s, backend.download(step.loss().loss()));
                for (int half = 0; half < step.queries().size(); half++) {
                    out.put("queries " + s + " half " + half, backend.download(step.queries().get(half)));
                    out.put("keys " + s + " half " + half, backend.download(step.keys().get(half)));
                }
                out.put("gradients " + s, backend.download(step.pair().query().gradients().flat()));
            }
            out.put("correct", backend.download(step.loss().correct()));
            out.put("head", backend.download(step.queue().head()));
            out.put("queue", backend.download(step.queue().keys()));
            out.put("velocity", backend.download(step.sgd().moments().get("velocity").flat()));
            encoder(backend, "query", step.pair().query(), out);
            encoder(backend, "key", step.pair().key(), out);
            return out;
        }
    }

    /** Results of {@link #STEPS} supervised steps; closes the backend. */
    static Map<String, HostTensor> finetune(Backend backend, int splits, ResNet18.Stem stem, Hook before) {
        try (backend) {
            SupervisedStep step = new SupervisedStep(backend, new ResNet18.Config(stem, WIDTH, 2, splits), BATCH, IMAGE, 1e-4);
            backend.allocate();
            for (Parameters p : List.of(step.network().weights(), step.network().statistics())) {
                p.upload(backend, Initializer.weights(p.specs(), 7));
            }
            step.optimizer().setLearningRate(backend, 1e-3);
            Map<String, HostTensor> out = new LinkedHashMap<>();
            for (int s = 0; s < STEPS; s++) {
                backend.upload(step.images(), images(s, 1));
                int[] labels = new int[BATCH];
                for (int i = 0; i < BATCH; i++) {
                    labels[i] = label(s, i);
                }
                backend.upload(step.labels(), HostTensor.of(Shape.of(BATCH), labels));
                before.call(backend, step.program());
                step.program().run();
                out.put("loss " + s, backend.download(step.loss().loss()));
                out.put("logits " + s, backend.download(step.logits()));
                out.put("gradients " + s, backend.download(step.network().gradients().flat()));
            }
            out.put("correct", backend.download(step.loss().correct()));
            out.put("steps", backend.download(step.optimizer().stepCount()));
            step.optimizer().moments().forEach((name, p) -> out.put(name, backend.download(p.flat())));
            encoder(backend, "network", step.network(), out);
            return out;
        }
    }

    /** Of image {@code i} in fine-tuning step {@code step}. */
    static int label(int step, int i) {
        return (i + step) % 2;
    }

    private static void encoder(Backend backend, String name, ResNet18 e, Map<String, HostTensor> out) {
        if (backend instanceof CudaBackend cuda && cuda.featureMaps() == DType.BF16) {
            float[] weights = backend.download(e.weights().flat()).floats();
            float[] copy = cuda.downloadCopy(e.weights().flat()).floats();
            for (int i = 0; i < weights.length; i++) {
                assertEquals(Bf16.round(weights[i]), copy[i], name + ": copy of weight " + i);
            }
        }
        out.put(name + " weights", backend.download(e.weights().flat()));
        out.put(name + " statistics", backend.download(e.statistics().flat()));
    }

    private static HostTensor images(int step, int view) {
        Shape shape = Shape.of(BATCH, IMAGE, IMAGE, 3);
        Philox random = new Philox(7, Philox.Purpose.TEST, step, view);
        float[] x = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return HostTensor.of(shape, x);
    }

    // ---- the emulated device -----------------------------------------------------------------------------------

    /** Before each step, what lives within one run holds NaN that counts as never written. */
    static Hook poisoning(DeviceMemory memory) {
        return (backend, program) -> {
            CudaBackend cuda = (CudaBackend) backend;
            for (Region r : new Region[] {Region.ACTIVATIONS, Region.SCRATCH}) {
                memory.poison(cuda.arena(r), cuda.memory().bytes(r));
            }
        };
    }

    /** Every persistent buffer becomes a range of its own, which a launch on its neighbour may not touch. */
    static Hook guarding(DeviceMemory memory) {
        Set<Buffer> done = new LinkedHashSet<>();
        return (backend, program) -> program.steps().forEach(s -> {
            for (var operands : List.of(s.reads(), s.writes())) {
                for (Buffer b : operands) {
                    if (b.region() != Region.ACTIVATIONS && done.add(b.root())) {
                        memory.declareRange(b.root().address(), b.root().bytes(), b.root().name());
                    }
                }
            }
        });
    }

    static Hook both(Hook a, Hook b) {
        return (backend, program) -> {
            a.call(backend, program);
            b.call(backend, program);
        };
    }
}
