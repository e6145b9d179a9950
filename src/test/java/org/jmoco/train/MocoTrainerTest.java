package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoStep;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MocoTrainerTest {
    private static final int DIM = 16;

    @TempDir
    Path folder;

    /** Sees the step's buffers after every step of a short run. */
    private interface AfterStep {
        void look(Backend backend, MocoStep step, int number);
    }

    /** Runs all epochs and looks at the buffers before the first step (number 0) and after each. */
    private static void watch(PretrainConfig config, AfterStep look) {
        try (Backend backend = CpuBackend.open(1)) {
            MocoTrainer[] t = new MocoTrainer[1];
            int[] steps = new int[1];
            RunOutput output = new RunOutput(null, CheckpointPolicy.DEFAULT, new TrainListener() {
                @Override
                public void step(StepRecord s) {
                    look.look(backend, t[0].step(), ++steps[0]);
                }
            });
            t[0] = new MocoTrainer(backend, config, Fixture.PHANTOMS.pretraining(), null, 1, output);
            backend.allocate();
            t[0].initialize();
            look.look(backend, t[0].step(), 0);
            t[0].train();
            assertEquals(4 * Fixture.EPOCHS, steps[0]);
        }
    }

    private static float[] row(float[] rows, int i) {
        return Arrays.copyOfRange(rows, i * DIM, (i + 1) * DIM);
    }

    /** A head that stands still, or keys at wrong places or in wrong order, would show here. */
    @Test
    void theQueueHoldsTheLastKeysInOrder() {
        List<float[]> ring = new ArrayList<>(); // what the queue should be, row by row
        int[] head = new int[1];
        watch(Fixture.pretraining(), (backend, step, number) -> {
            float[] queue = backend.download(step.queue().keys()).floats();
            if (number == 0) {
                for (int i = 0; i < Fixture.QUEUE; i++) {
                    ring.add(row(queue, i));
                }
            } else {
                float[] keys = backend.download(step.keys().getFirst()).floats();
                for (int i = 0; i < Fixture.BATCH; i++) {
                    ring.set((head[0] + i) % Fixture.QUEUE, row(keys, i));
                }
                head[0] = (head[0] + Fixture.BATCH) % Fixture.QUEUE;
            }
            assertEquals(head[0], backend.get(step.queue().head()));
            for (int i = 0; i < Fixture.QUEUE; i++) {
                assertArrayEquals(ring.get(i), row(queue, i), "row " + i + " after step " + number);
            }
        });
    }

    /** k = m k + (1 - m) q with the query weights from before the step; m = 0 would copy them, m = 1 leave k alone. */
    @Test
    void keyWeightsAreTheMovingAverageOfQueryWeights() {
        double m = 0.9;
        double[][] before = new double[2][]; // query, key
        double[] farthest = new double[1]; // between key and query weights
        watch(Fixture.pretraining(Fixture.encoder(), m, 0.1), (backend, step, number) -> {
            double[] q = backend.download(step.pair().query().weights().flat()).toF64().doubles();
            double[] k = backend.download(step.pair().key().weights().flat()).toF64().doubles();
            if (number > 0) {
                for (int i = 0; i < k.length; i++) {
                    double expected = m * before[1][i] + (1 - m) * before[0][i];
                    // Four roundings to f32 (m, 1 - m and the operations), each at most 2^-24 of values no larger than these.
                    double tolerance = 4 * 0x1p-24 * (Math.abs(before[1][i]) + Math.abs(before[0][i])) + Float.MIN_NORMAL;
                    assertEquals(expected, k[i], tolerance, "weight " + i + " after step " + number);
                    farthest[0] = Math.max(farthest[0], Math.abs(k[i] - before[0][i]));
                }
            }
            before[0] = q;
            before[1] = k;
        });
        assertTrue(farthest[0] > 1e-3, "the key encoder never lagged behind: as if m were 0");
    }

    /** Running statistics come from each encoder's own passes; the momentum update must not touch them. */
    @Test
    void theEncodersKeepStatisticsOfTheirOwn() {
        watch(Fixture.pretraining(), (backend, step, number) -> {
            HostTensor q = backend.download(step.pair().query().statistics().flat());
            HostTensor k = backend.download(step.pair().key().statistics().flat());
            assertEquals(number == 0, q.bitEquals(k), "after step " + number);
        });
    }

    @Test
    void trainedWeightsAreTakenOverByBothEncodersBitForBit() {
        Fixture.pretrain(Fixture.pretraining(), 1, Fixture.into(folder, new CheckpointPolicy(3, 0), TrainListener.SILENT), t -> {
            t.initialize();
            t.train();
        });
        Pretrained start = Pretrained.load(folder);
        try (Backend backend = CpuBackend.open(1)) {
            MocoTrainer t = new MocoTrainer(backend, Fixture.pretraining(), Fixture.PHANTOMS.pretraining(), null, 1,
                    RunOutput.NONE);
            backend.allocate();
            t.initializeFrom(start);
            for (ResNet18 e : new ResNet18[] {t.step().pair().query(), t.step().pair().key()}) {
                requireSame(start.tensors(), e.weights().download(backend));
                requireSame(start.tensors(), e.statistics().download(backend));
            }
        }
    }

    static void requireSame(Map<String, HostTensor> expected, Map<String, HostTensor> found) {
        assertFalse(found.isEmpty());
        found.forEach((name, t) -> assertTrue(expected.get(name).bitEquals(t), name + " was changed on the way"));
    }

    @Test
    void aRunThatDivergesStopsWithItsLastGoodCheckpoint() {
        UserError[] e = new UserError[1];
        PretrainConfig wild = Fixture.pretraining(Fixture.encoder(), 0.99, 1e30);
        Fixture.pretrain(wild, 1, Fixture.into(folder, new CheckpointPolicy(1, 1), TrainListener.SILENT), t -> {
            t.initialize();
            e[0] = assertThrows(UserError.class, t::train);
        });
        assertTrue(e[0].getMessage().contains("training has diverged"), e[0].getMessage());
        for (Path file : CheckpointStore.forReading(folder).files()) {
            CheckpointStore.load(file).tensors().forEach((name, t) -> {
                for (int i = 0; i < t.size(); i++) {
                    assertTrue(Double.isFinite(t.get(i)), name + " in " + file + " is not finite");
                }
            });
        }
    }

    @Test
    void fewerImagesThanABatchAreRefused() {
        try (Backend backend = CpuBackend.open(1)) {
            ImageSet few = Fixture.PHANTOMS.pretraining().subset(new int[] {0, 1, 2});
            UserError e = assertThrows(UserError.class,
                    () -> new MocoTrainer(backend, Fixture.pretraining(), few, null, 1, RunOutput.NONE));
            assertTrue(e.getMessage().contains("--batch 8 is larger than the 3 images"), e.getMessage());
            assertEquals(2, e.exitCode());
        }
    }

    /** Names that other programs rely on, and nothing but what a resumed run needs. */
    @Test
    void aCheckpointHasTorchvisionsNames() {
        Fixture.pretrain(Fixture.pretraining(), 1, Fixture.into(folder, new CheckpointPolicy(3, 0), TrainListener.SILENT), t -> {
            t.initialize();
            t.train();
        });
        Map<String, HostTensor> tensors = Fixture.latest(folder).tensors();
        assertEquals("4x3x3x3", tensors.get("conv1.weight").shape().toString());
        assertEquals("16x32", tensors.get("key.fc.weight").shape().toString());
        assertEquals("8x4x1x1", tensors.get("velocity.layer2.0.downsample.0.weight").shape().toString());
        assertEquals("20x16", tensors.get("queue").shape().toString());
        // With splits the counter stays, as in the published code.
        assertEquals(0, tensors.get("layer4.1.bn2.num_batches_tracked").get(0));
        // 62 weights, 20 norms with 3 buffers each; twice; 62 velocities; queue and head.
        assertEquals(2 * (62 + 60) + 62 + 2, tensors.size());
    }
}
