package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.backend.cuda.CudaBackend;
import org.jmoco.backend.cuda.CudaOptions;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.data.DataSet;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.Philox;
import org.jmoco.train.FeedOptions.Where;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whole trainings on the CUDA backend over the PTX machine: with views by the host and with views by the device they write the
 * same bytes, and so does a run that was killed in the middle and went on.
 */
class DeviceTrainingTest {
    private static final int BATCH = 4;
    private static final int SIZE = 8;

    /**
     * 3 steps an epoch and an image left out; losses are read every 2 steps, checkpoints written every 2. Images of many sizes.
     */
    private static final ImageSet IMAGES =
            Fixture.PHANTOMS.split(DataSet.TRAIN).subset(IntStream.range(0, 13).toArray()).map(DeviceTrainingTest::cut);

    private static final ViewRecipe VIEWS = ViewRecipe.of("phantom").withSize(SIZE);
    private static final int LOSS_EVERY = 2;

    @TempDir
    Path folder;

    /** The upper left of an image, of some height and width from a half of it on. */
    private static Image cut(Image of) {
        Philox random = new Philox(7, Philox.Purpose.TEST, 0, of.name().hashCode());
        int height = of.height() - random.nextInt(of.height() / 2);
        int width = of.width() - random.nextInt(of.width() / 2);
        byte[] rgb = new byte[3 * height * width];
        for (int h = 0; h < height; h++) {
            System.arraycopy(of.rgb(), 3 * h * of.width(), rgb, 3 * h * width, 3 * width);
        }
        return new Image(of.name(), height, width, rgb);
    }

    @Test
    void imagesAreRagged() {
        assertTrue(IntStream.range(0, IMAGES.size()).mapToObj(i -> IMAGES.height(i) + " x " + IMAGES.width(i)).distinct()
                .count() > 5);
    }

    private interface Training {
        void run(Backend backend, Where feed, RunOutput output, Path out);
    }

    private Precision precision = Precision.F32;

    private void run(Training training, Where feed, Path out, TrainListener listener, boolean graphs) {
        CudaOptions options = CudaOptions.of(precision).withGraphs(graphs);
        try (Backend backend = CudaBackend.open(new EmulatedGpu(80), options)) {
            training.run(backend, feed, Fixture.into(out, new CheckpointPolicy(1, 2), listener), out);
        }
    }

    private static TrainListener recording(List<String> heard) {
        return new TrainListener() {
            @Override
            public void step(StepRecord s) {
                heard.add(String.format(Locale.ROOT, "step %d.%d %a", s.epoch(), s.step(), s.loss()));
            }

            @Override
            public void epoch(EpochRecord e) {
                heard.add(String.format(Locale.ROOT, "epoch %d %a %a", e.epoch(), e.loss(), e.accuracy()));
            }
        };
    }

    private static byte[] bytes(Path out) throws IOException {
        return Files.readAllBytes(Fixture.latest(out).file());
    }

    /** @param killed who makes the views in the first part of a run that is killed; goes on with the device */
    private void hostAndDeviceAgree(Training training, Where... killed) throws IOException {
        List<String> host = new ArrayList<>();
        Path byHost = folder.resolve("host");
        run(training, Where.HOST, byHost, recording(host), true);
        assertEquals(8, host.size(), host.toString());

        List<String> device = new ArrayList<>();
        Path byDevice = folder.resolve("device");
        run(training, Where.DEVICE, byDevice, recording(device), true);
        assertEquals(host, device);
        assertArrayEquals(bytes(byHost), bytes(byDevice), "views by the device changed the run");

        for (Where before : killed) { // in epoch 2; goes on from its first step, the fourth of all, without graphs
            Path out = folder.resolve("killed " + before);
            assertThrows(Fixture.Killed.class, () -> run(training, before, out, Fixture.dyingAt(2, 3), true));
            assertEquals("1", Fixture.latest(out).metadata().get("position.step"));
            List<String> rest = new ArrayList<>();
            run(training, Where.DEVICE, out, recording(rest), false);
            assertEquals(host.subList(5, 8), rest);
            assertArrayEquals(bytes(byHost), bytes(out), "killed with views by the " + before);
        }
    }

    private static void finetune(Backend backend, Where feed, RunOutput output, Path out) {
        ResNet18.Config network = new ResNet18.Config(ResNet18.Stem.CIFAR, 2, 2, 2);
        FinetuneConfig config = new FinetuneConfig(network, FinetuneConfig.Head.FRESH, BATCH, 2, LearningRate.constant(1e-3), 0,
                1, VIEWS, Fixture.PHANTOMS.normalisation(), 1);
        SupervisedTrainer.Data data = new SupervisedTrainer.Data(IMAGES, null, null, 1);
        SupervisedTrainer t = new SupervisedTrainer(backend, config, data, 1, new FeedOptions(feed, LOSS_EVERY), output);
        backend.allocate();
        if (Fixture.hasCheckpoint(out)) {
            t.resume(Fixture.latest(out));
        } else {
            t.initialize();
        }
        t.train();
        assertTrue(t.feeding().contains("by " + (feed == Where.HOST ? "threads" : "the device")), t.feeding());
    }

    private static MocoTrainer trainer(Backend backend, boolean symmetric, Where feed, RunOutput output) {
        ResNet18.Config network = new ResNet18.Config(ResNet18.Stem.CIFAR, 2, 8, 2);
        MocoConfig moco = new MocoConfig(network, BATCH, SIZE, 11, 0.99, 0.1, symmetric, 0.9, 5e-4);
        PretrainConfig config =
                new PretrainConfig(moco, 2, LearningRate.cosine(0.03), 1, VIEWS, Fixture.PHANTOMS.normalisation(), 1);
        MocoTrainer t = new MocoTrainer(backend, config, IMAGES, null, 1, new FeedOptions(feed, LOSS_EVERY), output);
        backend.allocate();
        return t;
    }

    private static Training pretrain(boolean symmetric) {
        return (backend, feed, output, out) -> {
            MocoTrainer t = trainer(backend, symmetric, feed, output);
            if (Fixture.hasCheckpoint(out)) {
                t.resume(Fixture.latest(out));
            } else {
                t.initialize();
            }
            t.train();
        };
    }

    @Test
    void pretraining() throws IOException {
        hostAndDeviceAgree(pretrain(false), Where.DEVICE);
    }

    @Test
    void pretrainingWithBothViewsAsQueriesInBf16() throws IOException {
        precision = Precision.BF16;
        hostAndDeviceAgree(pretrain(true));
    }

    @Test
    void fineTuning() throws IOException {
        hostAndDeviceAgree(DeviceTrainingTest::finetune, Where.HOST);
    }

    /** A symmetric step has a branch for the keys of either half. */
    @Test
    void timesOfStepsSayThatBranchesDoNotOverlapThere() {
        for (boolean branches : new boolean[] {true, false}) {
            CudaOptions options = CudaOptions.of(Precision.F32).withBranches(branches);
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            try (Backend backend = CudaBackend.open(new EmulatedGpu(80), options)) {
                RunOutput output = Fixture.into(folder, new CheckpointPolicy(1, 2), recording(new ArrayList<>()));
                MocoTrainer t = trainer(backend, true, Where.HOST, output);
                t.initialize();
                t.printStepTimes(new PrintStream(text, true, StandardCharsets.UTF_8), 1, t.program()::run);
            }
            List<String> lines = text.toString(StandardCharsets.UTF_8).lines().toList();
            assertEquals(branches, lines.getFirst().endsWith(" steps, " + Program.TIMED_IN_ORDER), lines.getFirst());
            assertEquals(branches ? List.of("1", "2") : List.of(), lines.stream().filter(l -> l.contains(" k.conv1 "))
                    .map(l -> l.strip().split(" +")[1]).filter(w -> !w.startsWith("k")).toList());
        }
    }
}
