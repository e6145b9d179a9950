package org.jmoco.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.data.Phantom;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.train.LearningRate;
import org.jmoco.train.PretrainConfig;
import org.junit.jupiter.api.Test;

class PretrainRunTest {
    private static final ImageSet IMAGES = Phantom.dataSet(1, 16, 20, 0, 0, 0).split(DataSet.UNLABELLED);

    @Test
    void aQueueLongerThanTheDataSetIsWarnedAbout() {
        assertEquals(Optional.empty(), PretrainRun.queueWarning(20, IMAGES));
        String warning = PretrainRun.queueWarning(50, IMAGES).orElseThrow();
        assertTrue(warning.contains("--queue 50 is longer than the 20 images") && warning.contains("2.5 keys")
                && warning.contains("--queue 20"), warning);
    }

    @Test
    void aCosineOverOneEpochIsWarnedAbout() {
        assertTrue(PretrainRun.rateWarning(config(1, LearningRate.cosine(0.03))).orElseThrow()
                .contains("nothing will be learnt"));
        assertEquals(Optional.empty(), PretrainRun.rateWarning(config(2, LearningRate.cosine(0.03))));
        assertEquals(Optional.empty(), PretrainRun.rateWarning(config(1, LearningRate.constant(0.03))));
    }

    private static PretrainConfig config(int epochs, LearningRate rate) {
        ViewRecipe views = ViewRecipe.of("phantom");
        MocoConfig moco = new MocoConfig(new ResNet18.Config(ResNet18.Stem.CIFAR, 2, 8, 1), 4, views.size(), 8, 0.99, 0.1, false,
                0.9, 0);
        return new PretrainConfig(moco, epochs, rate, 1, views, new Normalisation(new float[3], new float[] {1, 1, 1}), 1);
    }

    @Test
    void guessingIsTheLossOfEqualSimilarities() {
        assertEquals(Math.log(4097), PretrainRun.guessing(4096));
    }
}
