package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.junit.jupiter.api.Test;

/**
 * MoCo learns without labels what a random encoder does not see. Textures and not phantoms: phantoms want more steps than a test
 * has time for. m is 0.9 and the queue short because 640 steps are few: at 0.99 the keys would lag behind for most of the run.
 */
class MocoLearnsTest {
    @Test
    void pretrainingLiftsKnnAccuracyFarAboveARandomEncoder() {
        MocoConfig moco = new MocoConfig(new ResNet18.Config(ResNet18.Stem.CIFAR, 8, 32, 1), 32, Fixture.SIZE, 128, 0.9, 0.1, false,
                0.9, 1e-4);
        int epochs = 40;
        PretrainConfig config =
                new PretrainConfig(moco, epochs, LearningRate.cosine(0.1), 1, Fixture.textureViews(), Fixture.half(), epochs);
        ImageSet images = Fixture.textures(512, 0).withoutLabels();
        KnnMonitor.Task task = new KnnMonitor.Task(Fixture.textures(200, 1), Fixture.textures(200, 2), Fixture.textureViews(),
                Fixture.half(), 10, 0.1, 2);
        try (Backend backend = CpuBackend.open(2)) {
            MocoTrainer t = new MocoTrainer(backend, config, images, task, 2, RunOutput.NONE);
            backend.allocate();
            t.initialize();
            double random = t.monitor().measure();
            t.train();
            double trained = t.monitor().measure();
            // Seen: 0.42 to 0.94, 0.41 to 0.70, 0.50 to 0.86 with seeds 1, 2, 3. An accuracy over 200 images has a deviation of
            // 0.035 at most, a difference of two 0.05: 0.15 is three deviations.
            assertTrue(trained > random + 0.15, "random " + random + ", after pretraining " + trained);
        }
    }
}
