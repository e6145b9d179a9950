package org.jmoco.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.data.DataSet;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.data.Phantom;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.tensor.Philox;

/** Small runs: images of 16 x 16, an encoder of width 4, epochs of a few steps. */
final class Fixture {
    static final int SIZE = 16;
    static final int BATCH = 8;
    static final int QUEUE = 20; // not a multiple of the batch, so that the ring wraps in mid-batch
    static final int EPOCHS = 3;

    /** 4 steps an epoch, and 3 images left out of each. */
    static final DataSet PHANTOMS = Phantom.dataSet(1, SIZE, 4 * BATCH + 3, 2 * BATCH + 5, 11, 13);

    private Fixture() {}

    /** Stands for a process that dies. */
    static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** Dies after step {@code step} (from 1) of epoch {@code epoch}; -1 for never. */
    static TrainListener dyingAt(int epoch, int step) {
        return new TrainListener() {
            @Override
            public void step(StepRecord s) {
                if (s.epoch() == epoch && s.step() == step) {
                    throw new Killed();
                }
            }
        };
    }

    static ResNet18.Config encoder() {
        return new ResNet18.Config(ResNet18.Stem.CIFAR, 4, 16, 2);
    }

    static PretrainConfig pretraining() {
        return pretraining(encoder(), 0.99, 0.03);
    }

    static PretrainConfig pretraining(ResNet18.Config encoder, double m, double lr) {
        MocoConfig moco = new MocoConfig(encoder, BATCH, SIZE, QUEUE, m, 0.1, false, 0.9, 5e-4);
        return new PretrainConfig(moco, EPOCHS, LearningRate.cosine(lr), 1, views(), PHANTOMS.normalisation(), 2);
    }

    static ViewRecipe views() {
        return ViewRecipe.of("phantom").withSize(SIZE);
    }

    static KnnMonitor.Task knn() {
        return new KnnMonitor.Task(PHANTOMS.split(DataSet.TRAIN), PHANTOMS.split(DataSet.VAL), views(), PHANTOMS.normalisation(),
                5, 0.1, 1);
    }

    static FinetuneConfig finetuning(FinetuneConfig.Head head) {
        ResNet18.Config network = head == FinetuneConfig.Head.FRESH ? encoder().withDim(2) : encoder();
        return new FinetuneConfig(network, head, BATCH, EPOCHS, LearningRate.constant(1e-3), 0, 1, views(),
                PHANTOMS.normalisation(), 2);
    }

    static SupervisedTrainer.Data labelled() {
        return new SupervisedTrainer.Data(PHANTOMS.split(DataSet.TRAIN), PHANTOMS.split(DataSet.VAL),
                PHANTOMS.split(DataSet.TEST), Phantom.LESION);
    }

    static RunOutput into(Path folder, CheckpointPolicy policy, TrainListener listener) {
        return new RunOutput(CheckpointStore.forWriting(folder), policy, listener);
    }

    static Checkpoint latest(Path folder) {
        return CheckpointStore.forReading(folder).loadLatest(CheckpointStore.OnDamage.REFUSE, s -> {}).orElseThrow();
    }

    static boolean hasCheckpoint(Path folder) {
        return !CheckpointStore.forReading(folder).files().isEmpty();
    }

    /** A trainer on memory that is ready; {@code then} uses it before the backend is closed. */
    static void pretrain(PretrainConfig config, int threads, RunOutput output, Consumer<MocoTrainer> then) {
        pretrain(CpuBackend.open(threads), config, threads, output, then);
    }

    /** On a backend of its own, which is closed in the end. */
    static void pretrain(Backend on, PretrainConfig config, int threads, RunOutput output, Consumer<MocoTrainer> then) {
        try (Backend backend = on) {
            MocoTrainer t = new MocoTrainer(backend, config, PHANTOMS.pretraining(), knn(), threads, output);
            backend.allocate();
            then.accept(t);
        }
    }

    static void finetune(FinetuneConfig config, int threads, RunOutput output, Consumer<SupervisedTrainer> then) {
        try (Backend backend = CpuBackend.open(threads)) {
            SupervisedTrainer t = new SupervisedTrainer(backend, config, labelled(), threads, output);
            backend.allocate();
            then.accept(t);
        }
    }

    /**
     * Four kinds of grey texture (stripes along either axis, checks, dots) of any period, phase, brightness and contrast, under
     * noise. Brightness and contrast vary more than the kind does, and the views change both: what the views leave alone is
     * the texture.
     *
     * @param part a series of its own
     */
    static ImageSet textures(int n, int part) {
        List<Image> images = new ArrayList<>();
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = i % 4;
            images.add(new Image("texture " + i, SIZE, SIZE, texture(labels[i], new Philox(5, Philox.Purpose.TEST, part, i))));
        }
        return ImageSet.of("textures", images).withLabels(labels, List.of("rows", "columns", "checks", "dots"));
    }

    private static byte[] texture(int kind, Philox random) {
        double brightness = random.nextDouble(70, 190);
        double contrast = random.nextDouble(20, 60);
        double phaseY = random.nextDouble(0, 2 * Math.PI);
        double phaseX = random.nextDouble(0, 2 * Math.PI);
        double frequency = 2 * Math.PI / random.nextDouble(2.5, 8);
        byte[] rgb = new byte[3 * SIZE * SIZE];
        for (int p = 0; p < SIZE * SIZE; p++) {
            double y = Math.sin(frequency * (p / SIZE) + phaseY);
            double x = Math.sin(frequency * (p % SIZE) + phaseX);
            double wave = switch (kind) {
                case 0 -> y;
                case 1 -> x;
                case 2 -> 1.4 * y * x;
                default -> 1.2 * Math.max(y, x) - 0.4;
            };
            byte v = (byte) Math.clamp((int) (brightness + contrast * wave + 10 * random.nextGaussian()), 0, 255);
            rgb[3 * p] = v;
            rgb[3 * p + 1] = v;
            rgb[3 * p + 2] = v;
        }
        return rgb;
    }

    static ViewRecipe textureViews() {
        return new ViewRecipe("textures", 0, new ViewRecipe.Crop(SIZE, 0.5, 1), 0.5, new ViewRecipe.Jitter(0.4, 0.4, 0, 0, 0.8),
                0, ViewRecipe.Blur.NONE, ViewRecipe.Evaluation.EXACT);
    }

    static Normalisation half() {
        return new Normalisation(new float[] {0.5f, 0.5f, 0.5f}, new float[] {0.25f, 0.25f, 0.25f});
    }
}
