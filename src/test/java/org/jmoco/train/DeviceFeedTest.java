package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jmoco.augment.ViewBatch;
import org.jmoco.augment.ViewLoader;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.cuda.CudaBackend;
import org.jmoco.backend.cuda.CudaOptions;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

/**
 * The feed's kernels on the PTX machine against the loader of the host: the same batches, run after run, without a word from the
 * host.
 */
class DeviceFeedTest {
    private static final Normalisation HALF = Fixture.half();

    /** Images of several sizes, labelled 0, 1, 2 by turns. */
    private static ImageSet ragged(int n, int largest) {
        List<Image> images = new ArrayList<>();
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            Philox random = new Philox(3, Philox.Purpose.TEST, 1, i);
            int height = 1 + random.nextInt(largest);
            int width = 1 + random.nextInt(largest);
            byte[] rgb = new byte[3 * height * width];
            for (int k = 0; k < rgb.length; k++) {
                rgb[k] = (byte) random.nextInt();
            }
            images.add(new Image("ragged " + i, height, width, rgb));
            labels[i] = i % 3;
        }
        return ImageSet.of("ragged", images).withLabels(labels, List.of("a", "b", "c"));
    }

    /** A program of nothing but the feed: two views, a permutation, labels; the "loss" is what the test uploads. */
    private static final class Rig implements AutoCloseable {
        final Backend backend = CudaBackend.open(new EmulatedGpu(80), CudaOptions.of(Precision.F32));
        final DeviceFeed feed;
        final Buffer view1;
        final Buffer view2;
        final Buffer shuffle;
        final Buffer labels;
        final Buffer loss = backend.declare(Region.OUTPUT, "loss", Shape.SCALAR);
        final Buffer correct = backend.memory().declare(Region.OUTPUT, "correct", DType.I32, Shape.SCALAR);
        final Program program;

        Rig(ImageSet images, ViewRecipe recipe, ViewLoader.Options loading) {
            int n = loading.batch();
            feed = new DeviceFeed(backend, images, recipe, HALF, loading);
            view1 = backend.declare(Region.INPUT, "view1", Shape.of(n, recipe.size(), recipe.size(), 3));
            view2 = backend.declare(Region.INPUT, "view2", view1.shape());
            shuffle = backend.memory().declare(Region.INPUT, "shuffle", DType.I32, Shape.of(n));
            labels = backend.memory().declare(Region.INPUT, "labels", DType.I32, Shape.of(n));
            feed.addTable(shuffle, (epoch, s, batch) -> permutation(loading, epoch, s));
            feed.addTable(labels, (epoch, s, batch) -> Arrays.stream(batch).map(images::label).toArray());
            Recorder rec = backend.record("feed");
            feed.recordInputs(rec, List.of(Philox.Purpose.VIEW_QUERY, Philox.Purpose.VIEW_KEY), List.of(view1, view2));
            feed.recordResults(rec, loss, correct);
            program = rec.finish();
            backend.allocate();
        }

        static int[] permutation(ViewLoader.Options loading, int epoch, int step) {
            return new Philox(loading.seed(), Philox.Purpose.SHUFFLE, epoch, step).permutation(loading.batch());
        }

        @Override
        public void close() {
            backend.close();
        }
    }

    @Test
    void everyBatchIsTheLoaders() {
        ImageSet images = ragged(23, 40);
        ViewLoader.Options loading = new ViewLoader.Options(99, 5, 1);
        ViewRecipe recipe = ViewRecipe.of("cifar10").withSize(7);
        int steps = ViewLoader.steps(images.size(), loading);
        assertEquals(4, steps);
        try (Rig rig = new Rig(images, recipe, loading);
                ViewLoader loader = ViewLoader.pairs(images, recipe, HALF, loading, 1, 2)) {
            // From the middle of epoch 1 to the middle of epoch 3.
            for (int[] part : new int[][] {{1, 2, 4}, {2, 0, 4}, {3, 0, 2}}) {
                rig.feed.begin(part[0], part[1]);
                for (int s = part[1]; s < part[2]; s++) {
                    rig.backend.set(rig.loss, 0.25 * s + part[0]);
                    rig.backend.set(rig.correct, 10 * part[0] + s);
                    rig.program.run();
                    ViewBatch expected = loader.next();
                    String at = "epoch " + part[0] + " step " + s;
                    assertTrue(expected.query().bitEquals(rig.backend.download(rig.view1)), "view 1, " + at);
                    assertTrue(expected.key().bitEquals(rig.backend.download(rig.view2)), "view 2, " + at);
                    assertTrue(expected.labels().bitEquals(rig.backend.download(rig.labels)), "labels, " + at);
                    assertArrayEquals(Rig.permutation(loading, part[0], s), rig.backend.download(rig.shuffle).ints(), at);
                }
                List<EpochLoop.StepResult> results = rig.feed.results(part[1], part[2] - part[1]);
                for (int s = part[1]; s < part[2]; s++) {
                    assertEquals(new EpochLoop.StepResult(0.25 * s + part[0], 10 * part[0] + s), results.get(s - part[1]));
                }
            }
        }
    }

    /** Images that lie across the pieces in which the set is uploaded; their boxes are small, so that this takes no time. */
    @Test
    void aSetOfSeveralPiecesIsWhole() {
        List<Image> large = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            byte[] rgb = new byte[3 * 2000 * 2011]; // three in 36.2 MB; a piece has 33.6
            for (int k = 0; k < rgb.length; k++) {
                rgb[k] = (byte) ((k * 0x9E3779B9 >>> 24) + i);
            }
            large.add(new Image("large " + i, 2000, 2011, rgb));
        }
        ImageSet images = ImageSet.of("large", large).withLabels(new int[4], List.of("one"));
        ViewLoader.Options loading = new ViewLoader.Options(5, 4, 1);
        ViewRecipe recipe = new ViewRecipe("small boxes", 0, new ViewRecipe.Crop(5, 1e-5, 1e-4), 0.5, ViewRecipe.Jitter.NONE, 0,
                ViewRecipe.Blur.NONE, ViewRecipe.Evaluation.EXACT);
        try (Rig rig = new Rig(images, recipe, loading);
                ViewLoader loader = ViewLoader.pairs(images, recipe, HALF, loading, 1, 0)) {
            for (int epoch = 1; epoch <= 4; epoch++) {
                rig.feed.begin(epoch, 0);
                rig.program.run();
                ViewBatch expected = loader.next();
                assertTrue(expected.query().bitEquals(rig.backend.download(rig.view1)), "view 1, epoch " + epoch);
                assertTrue(expected.key().bitEquals(rig.backend.download(rig.view2)), "view 2, epoch " + epoch);
            }
        }
    }

    /** The memory table has a line for the images, which tells how to do without. */
    @Test
    void theImagesStandInTheMemoryTable() {
        ImageSet images = ragged(10, 30);
        try (Rig rig = new Rig(images, ViewRecipe.of("phantom").withSize(4), new ViewLoader.Options(1, 4, 1))) {
            String line = rig.backend.memory().table().lines().filter(l -> l.contains("data ")).findFirst().orElse("");
            assertTrue(line.contains("--feed host"), rig.backend.memory().table());
            assertTrue(rig.backend.memory().bytes(Region.DATA) >= images.bytes() + 16L * images.size());
            assertEquals("views by the device, from 10 images in its memory (0.0 MB), losses read every 50 steps",
                    rig.feed.describe(50));
        }
    }

    @Test
    void aSetThatDoesNotFitIsRefusedWithAWayOut() {
        ImageSet images = ragged(300, 64);
        try (Backend backend = CudaBackend.open(new EmulatedGpu(80, 100_000), CudaOptions.of(Precision.F32))) {
            DeviceFeed feed = new DeviceFeed(backend, images, ViewRecipe.of("phantom").withSize(4), HALF,
                    new ViewLoader.Options(1, 4, 1));
            Buffer view = backend.declare(Region.INPUT, "view", Shape.of(4, 4, 4, 3));
            Recorder rec = backend.record("feed");
            feed.recordInputs(rec, List.of(Philox.Purpose.VIEW_TRAIN), List.of(view));
            rec.finish();
            UserError e = assertThrows(UserError.class, backend::allocate);
            assertTrue(e.getMessage().contains("--feed host"), e.getMessage());
        }
    }

    @Test
    void whoMakesTheViews() {
        try (Backend cpu = CpuBackend.open(1);
                Backend cuda = CudaBackend.open(new EmulatedGpu(80), CudaOptions.of(Precision.F32))) {
            assertFalse(new FeedOptions(FeedOptions.Where.AUTO, 50).onDevice(cpu));
            assertFalse(new FeedOptions(FeedOptions.Where.HOST, 50).onDevice(cuda));
            assertTrue(new FeedOptions(FeedOptions.Where.AUTO, 50).onDevice(cuda));
            assertTrue(new FeedOptions(FeedOptions.Where.DEVICE, 50).onDevice(cuda));
            UserError e = assertThrows(UserError.class, () -> new FeedOptions(FeedOptions.Where.DEVICE, 50).onDevice(cpu));
            assertEquals("--feed device: the cpu backend does not make views; take --feed host, or --backend cuda.",
                    e.getMessage());
        }
        assertThrows(UserError.class, () -> new FeedOptions(FeedOptions.Where.AUTO, 0));
    }
}
