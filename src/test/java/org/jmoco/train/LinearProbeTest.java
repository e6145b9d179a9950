package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;
import org.jmoco.train.FinetuneConfig.Head;
import org.jmoco.train.FinetuneConfig.OptimizerKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A frozen encoder stays bit for bit what it was, and a changed one does not pass. */
class LinearProbeTest {
    private static final CheckpointPolicy OFTEN = new CheckpointPolicy(1, 3);

    @TempDir
    Path folder;

    /** Splits 1, so that num_batches_tracked counts in pretraining and must not count in the probe. */
    private static ResNet18.Config encoder(boolean mlp) {
        return new ResNet18.Config(ResNet18.Stem.CIFAR, 4, 16, 1, mlp);
    }

    private static FinetuneConfig config(Head head, boolean frozen, OptimizerKind optimizer, ResNet18.Config network) {
        return new FinetuneConfig(network, head, frozen, optimizer, Fixture.BATCH, Fixture.EPOCHS, LearningRate.constant(1e-2), 0,
                1, Fixture.views(), Fixture.PHANTOMS.normalisation(), 1);
    }

    private static FinetuneConfig probe(OptimizerKind optimizer) {
        return config(Head.FRESH, true, optimizer, encoder(false).withDim(2));
    }

    private Pretrained pretrained(boolean mlp) {
        Path out = folder.resolve("pretrained" + mlp);
        Fixture.pretrain(Fixture.pretraining(encoder(mlp), 0.99, 0.03), 1,
                Fixture.into(out, new CheckpointPolicy(3, 0), TrainListener.SILENT), t -> {
            t.initialize();
            t.train();
        });
        return Pretrained.load(out);
    }

    @Test
    void everythingBeforeTheLastLayerStaysBitForBit() {
        for (boolean mlp : new boolean[] {false, true}) {
            Pretrained start = pretrained(mlp);
            assertTrue(start.tensors().get("bn1.num_batches_tracked").get(0) > 0,
                    "the counter never moved, so this test shows less");
            for (OptimizerKind optimizer : OptimizerKind.values()) {
                Path out = folder.resolve("probe" + mlp + optimizer);
                Fixture.finetune(probe(optimizer), 2, Fixture.into(out, OFTEN, TrainListener.SILENT), t -> {
                    t.initializeFrom(start);
                    t.train();
                    assertTrue(t.frozenProof().contains("120 frozen tensors unchanged"), t.frozenProof());
                });
                Map<String, HostTensor> end = Fixture.latest(out).tensors();
                start.tensors().forEach((name, t) -> {
                    if (name.matches("(conv1|bn1|layer).*")) {
                        assertTrue(t.bitEquals(end.get(name)), name);
                    }
                });
                assertFalse(end.keySet().stream()
                        .anyMatch(n -> n.startsWith("fc.0") || n.matches("(adam\\.m|velocity)\\.(conv|bn|layer).*")),
                        "only the last layer has moments: " + end.keySet());
            }
        }
    }

    @Test
    void aProbeLearns() {
        Pretrained start = pretrained(false);
        double[] losses = new double[2];
        FinetuneConfig c = probe(OptimizerKind.ADAM);
        FinetuneConfig longer = new FinetuneConfig(c.network(), c.head(), true, c.optimizer(), c.batch(), 30, c.learningRate(), 0,
                1, c.views(), c.normalisation(), 1);
        Fixture.finetune(longer, 2, new RunOutput(null, CheckpointPolicy.DEFAULT, new TrainListener() {
            @Override
            public void epoch(EpochRecord e) {
                losses[e.epoch() == 1 ? 0 : 1] = e.loss();
            }
        }), t -> {
            t.initializeFrom(start);
            t.train();
        });
        assertTrue(losses[1] < losses[0], "loss of the first and the last epoch: " + losses[0] + ", " + losses[1]);
    }

    @Test
    void aChangedFrozenWeightIsAnErrorThatNamesIt() {
        try (Backend backend = CpuBackend.open(1)) {
            SupervisedTrainer[] t = new SupervisedTrainer[1];
            t[0] = new SupervisedTrainer(backend, probe(OptimizerKind.ADAM), Fixture.labelled(), 1,
                    new RunOutput(null, CheckpointPolicy.DEFAULT, new TrainListener() {
                        @Override
                        public void epoch(EpochRecord e) {
                            Map<String, HostTensor> w = t[0].step().network().weights().download(backend);
                            w.get("layer2.1.bn1.weight").floats()[3] = Math.nextUp(w.get("layer2.1.bn1.weight").floats()[3]);
                            t[0].step().network().weights().upload(backend, w);
                        }
                    }));
            backend.allocate();
            t[0].initialize();
            UserError e = assertThrows(UserError.class, t[0]::train);
            assertTrue(e.getMessage().contains("the frozen tensor layer2.1.bn1.weight has changed"), e.getMessage());
        }
    }

    @Test
    void itResumesBitForBitAndOnlyWithTheWeightsItBeganWith() throws IOException {
        Path whole = folder.resolve("whole");
        Path killed = folder.resolve("killed");
        run(whole, TrainListener.SILENT, false);
        assertThrows(Fixture.Killed.class, () -> run(killed, Fixture.dyingAt(2, 2), false));
        run(killed, TrainListener.SILENT, true);
        assertArrayEquals(Files.readAllBytes(Fixture.latest(whole).file()), Files.readAllBytes(Fixture.latest(killed).file()));
        Checkpoint c = Fixture.latest(whole);
        c.tensors().get("conv1.weight").floats()[0] += 1;
        Fixture.finetune(probe(OptimizerKind.SGD), 1, RunOutput.NONE, t -> {
            UserError e = assertThrows(UserError.class, () -> t.resume(c));
            assertTrue(e.getMessage().contains("not those that the run began with"), e.getMessage());
        });
    }

    private static void run(Path out, TrainListener listener, boolean resume) {
        Fixture.finetune(probe(OptimizerKind.SGD), 1, Fixture.into(out, OFTEN, listener), t -> {
            if (resume) {
                t.resume(Fixture.latest(out));
            } else {
                t.initialize();
            }
            t.train();
        });
    }

    @Test
    void aProjectionOfTwoLayersIsTakenOverOrReplaced() {
        Pretrained start = pretrained(true);
        assertEquals(encoder(true), start.architecture(1));
        Fixture.finetune(config(Head.PROJECTION, false, OptimizerKind.ADAM, encoder(true)), 1, RunOutput.NONE,
                t -> t.initializeFrom(start));
        Fixture.finetune(config(Head.FRESH, false, OptimizerKind.ADAM, encoder(false).withDim(2)), 1, RunOutput.NONE,
                t -> t.initializeFrom(start));
        Fixture.finetune(config(Head.PROJECTION, false, OptimizerKind.ADAM, encoder(false)), 1, RunOutput.NONE, t -> {
            UserError e = assertThrows(UserError.class, () -> t.initializeFrom(start));
            assertTrue(e.getMessage().contains("its projection has two layers (--mlp)"), e.getMessage());
        });
    }

    @Test
    void freezingAndTheProjectionAsClassifierExcludeEachOther() {
        UserError e = assertThrows(UserError.class, () -> config(Head.PROJECTION, true, OptimizerKind.ADAM, encoder(false)));
        assertTrue(e.getMessage().contains("--freeze"), e.getMessage());
    }
}
