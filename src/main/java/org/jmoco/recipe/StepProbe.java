package org.jmoco.recipe;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jmoco.backend.Backend;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.moco.MocoConfig;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.MocoTrainer;
import org.jmoco.train.PretrainConfig;
import org.jmoco.train.RunOutput;
import org.jmoco.train.SupervisedTrainer;

/**
 * What a training step takes on this machine: its memory as it would be planned, and its time as measured on noise of the images'
 * size, views included. A step that would run for long is measured at a smaller batch and scaled up. What does not depend on the
 * batch (the optimiser, the filters' transforms) is scaled up with it, so the batch must not be much smaller.
 */
final class StepProbe {
    /**
     * Operations of the largest step that is measured whole: about a second on two cores. A step of 571 GFLOP at batch 128
     * (published cifar10) is measured at 64; from batch 8 it was told as 4.0 s where the run took 1.9 s.
     */
    private static final double WHOLE_FLOPS = 300e9;

    /** The JIT has compiled the kernels after these (flat from the fourth step on, see bench step). */
    private static final int WARM_UP = 4;

    private static final int REPEATS = 5;

    /** @param seconds of one step @param bytes of all arenas of the backend */
    record Cost(double seconds, long bytes) {}

    private final Machine machine;
    private final Map<String, Cost> measured = new HashMap<>();

    StepProbe(Machine machine) {
        this.machine = machine;
    }

    /** @param side of the noise images */
    Cost pretrain(PretrainConfig c, int side) {
        return measured.computeIfAbsent("pretrain " + c.moco() + c.views() + side, k -> {
            MocoConfig m = c.moco();
            long[] plan = plan(backend -> new MocoTrainer(backend, c, noise(m.batch(), side), null, machine.threads(),
                    RunOutput.NONE).step()
                    .program().flops());
            int batch = reduced(m.batch(), m.encoder().splits(), plan[0]);
            MocoConfig small = new MocoConfig(m.encoder(), batch, m.image(), m.queue(), m.m(), m.temperature(), m.symmetric(),
                    m.sgdMomentum(), m.weightDecay());
            try (Backend backend = machine.backend().get()) {
                MocoTrainer t = new MocoTrainer(backend,
                        new PretrainConfig(small, c.epochs(), c.learningRate(), 1, c.views(), c.normalisation(),
                        c.knnEvery()), noise(4 * batch, side), null, machine.threads(), RunOutput.NONE);
                backend.allocate();
                t.initialize();
                return new Cost(t.secondsPerStep(WARM_UP, REPEATS) * m.batch() / batch, plan[1]);
            }
        });
    }

    Cost transfer(FinetuneConfig c, int classes, int side) {
        return measured.computeIfAbsent("transfer " + c.network() + c.frozen() + c.batch() + c.views() + side, k -> {
            long[] plan = plan(backend -> supervised(backend, c, noise(c.batch(), side), classes).step().program().flops());
            int batch = reduced(c.batch(), c.network().splits(), plan[0]);
            FinetuneConfig small = new FinetuneConfig(c.network(), c.head(), c.frozen(), c.optimizer(), batch, c.epochs(),
                    c.learningRate(), c.weightDecay(), 1, c.views(), c.normalisation(), c.voteEpochs());
            try (Backend backend = machine.backend().get()) {
                SupervisedTrainer t = supervised(backend, small, noise(4 * batch, side), classes);
                backend.allocate();
                t.initialize();
                return new Cost(t.secondsPerStep(WARM_UP, REPEATS) * c.batch() / batch, plan[1]);
            }
        });
    }

    private interface Recording {
        /** Records a step. @return its operations */
        long record(Backend backend);
    }

    /** Operations and bytes of a step, without taking the memory. */
    private long[] plan(Recording recording) {
        try (Backend backend = machine.backend().get()) {
            long flops = recording.record(backend);
            return new long[] {flops, backend.layOutOnly().totalBytes()};
        }
    }

    /** The batch to measure at: a multiple of the splits. */
    static int reduced(int batch, int splits, long flops) {
        return flops <= WHOLE_FLOPS ? batch : Math.clamp((long) (batch * WHOLE_FLOPS / flops) / splits * splits, splits, batch);
    }

    private SupervisedTrainer supervised(Backend backend, FinetuneConfig c, ImageSet images, int classes) {
        int[] labels = new int[images.size()];
        List<String> names = new ArrayList<>();
        for (int i = 0; i < classes; i++) {
            names.add("class " + i);
        }
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % classes;
        }
        return new SupervisedTrainer(backend, c, new SupervisedTrainer.Data(images.withLabels(labels, names), null, null, -1),
                machine.threads(), RunOutput.NONE);
    }

    private static ImageSet noise(int n, int side) {
        Random random = new Random(1);
        List<Image> images = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            byte[] rgb = new byte[3 * side * side];
            random.nextBytes(rgb);
            images.add(new Image("noise " + i, side, side, rgb));
        }
        return ImageSet.of("noise", images);
    }
}
