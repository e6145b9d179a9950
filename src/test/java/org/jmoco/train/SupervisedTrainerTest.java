package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;
import org.jmoco.train.FinetuneConfig.Head;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SupervisedTrainerTest {
    @TempDir
    Path folder;

    private Pretrained pretrained() {
        Fixture.pretrain(Fixture.pretraining(), 1, Fixture.into(folder, new CheckpointPolicy(3, 0), TrainListener.SILENT), t -> {
            t.initialize();
            t.train();
        });
        return Pretrained.load(folder);
    }

    private static SupervisedTrainer open(Backend backend, FinetuneConfig config) {
        SupervisedTrainer t = new SupervisedTrainer(backend, config, Fixture.labelled(), 1, RunOutput.NONE);
        backend.allocate();
        return t;
    }

    private static Map<String, HostTensor> network(Backend backend, SupervisedTrainer t) {
        Map<String, HostTensor> all = new LinkedHashMap<>(t.step().network().weights().download(backend));
        all.putAll(t.step().network().statistics().download(backend));
        return all;
    }

    @Test
    void pretrainedWeightsAndStatisticsAreTakenOverBitForBit() {
        Pretrained start = pretrained();
        try (Backend backend = CpuBackend.open(1)) {
            SupervisedTrainer t = open(backend, Fixture.finetuning(Head.PROJECTION));
            t.initializeFrom(start);
            MocoTrainerTest.requireSame(start.tensors(), network(backend, t));
        }
        try (Backend backend = CpuBackend.open(1)) {
            SupervisedTrainer t = open(backend, Fixture.finetuning(Head.FRESH));
            t.initializeFrom(start);
            Map<String, HostTensor> taken = network(backend, t);
            assertEquals("2x32", taken.remove("fc.weight").shape().toString());
            taken.remove("fc.bias");
            MocoTrainerTest.requireSame(start.tensors(), taken);
            assertTrue(taken.get("layer4.1.bn2.running_var").get(0) != 1,
                    "the statistics never moved, so this test shows nothing");
        }
    }

    @Test
    void anotherWidthIsRefusedWithTheOptionToChange() {
        Pretrained start = pretrained();
        ResNet18.Config wide = new ResNet18.Config(ResNet18.Stem.CIFAR, 8, 2, 2);
        FinetuneConfig c = Fixture.finetuning(Head.FRESH);
        try (Backend backend = CpuBackend.open(1)) {
            SupervisedTrainer t = open(backend, new FinetuneConfig(wide, c.head(), c.batch(), c.epochs(), c.learningRate(),
                    c.weightDecay(), c.seed(), c.views(), c.normalisation(), c.voteEpochs()));
            UserError e = assertThrows(UserError.class, () -> t.initializeFrom(start));
            assertTrue(e.getMessage().contains("trained with --width 4, this run has --width 8"), e.getMessage());
        }
    }

    /** Twenty epochs on 64 textures of two kinds: a network that trains at all tells rows from columns. */
    @Test
    void itLearnsAndTheVoteIsThatOfTheLastEpochs() {
        FinetuneConfig config = new FinetuneConfig(new ResNet18.Config(ResNet18.Stem.CIFAR, 4, 2, 2), Head.FRESH, 16, 20,
                LearningRate.constant(3e-3), 0, 1, Fixture.textureViews(), Fixture.half(), 5);
        SupervisedTrainer.Data data = new SupervisedTrainer.Data(rowsAndColumns(0, 64), rowsAndColumns(1, 40),
                rowsAndColumns(2, 100), 1);
        try (Backend backend = CpuBackend.open(2)) {
            SupervisedTrainer t = new SupervisedTrainer(backend, config, data, 1, RunOutput.NONE);
            backend.allocate();
            t.initialize();
            t.train();
            assertEquals(5, t.test().votes());
            assertEquals(5, t.val().votes());
            assertEquals(List.of(SupervisedTrainer.VAL_ACCURACY, SupervisedTrainer.VAL_AUC), t.measures());
            Metrics voted = t.test().voted().metrics(1, Metrics.Bootstrap.ofSeed(1));
            assertTrue(voted.get("AUC").value() > 0.9, voted.values().toString());
            Outcome last = t.test().last();
            assertArrayEquals(data.test().labels(), last.labels());
            assertEquals(1, last.probability()[0][0] + last.probability()[0][1], 1e-6);
            assertEquals(last.accuracy(), last.metrics(1, Metrics.Bootstrap.ofSeed(1)).get("accuracy").value());
            assertEquals(last.auc(1), last.metrics(1, Metrics.Bootstrap.ofSeed(1)).get("AUC").value());
        }
    }

    private static ImageSet rowsAndColumns(int part, int n) {
        ImageSet all = Fixture.textures(2 * n, part);
        int[] some = new int[n];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            some[i] = i / 2 * 4 + i % 2;
            labels[i] = i % 2;
        }
        return all.withoutLabels().subset(some).withLabels(labels, List.of("rows", "columns"));
    }

    @Test
    void setsOfOtherClassesOrWithoutLabelsAreRefused() {
        ImageSet labelled = rowsAndColumns(0, 8);
        UserError e = assertThrows(UserError.class,
                () -> new SupervisedTrainer.Data(labelled, labelled.withoutLabels(), null, 1));
        assertTrue(e.getMessage().contains("does not have the classes of"), e.getMessage());
        assertFalse(assertThrows(UserError.class, () -> new SupervisedTrainer.Data(labelled, Fixture.textures(8, 1), null, 1))
                .getMessage().isEmpty());
    }

    @Test
    void moreClassesThanOutputsAreRefused() {
        FinetuneConfig c = Fixture.finetuning(Head.FRESH);
        SupervisedTrainer.Data four = new SupervisedTrainer.Data(Fixture.textures(16, 0), null, null, -1);
        try (Backend backend = CpuBackend.open(1)) {
            UserError e = assertThrows(UserError.class, () -> new SupervisedTrainer(backend, c, four, 1, RunOutput.NONE));
            assertTrue(e.getMessage().contains("2 outputs but textures has 4 classes"), e.getMessage());
        }
    }
}
