package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.jmoco.train.LearningRate.Shape;
import org.junit.jupiter.api.Test;

class LearningRateTest {
    @Test
    void aCosineOverOneEpochIsWarnedAbout() {
        String warning = LearningRate.cosine(0.03).warning(1).orElseThrow();
        assertTrue(warning.contains("nothing will be learnt") && warning.contains("cosine from 0.03 over 1 epoch)"), warning);
        assertEquals(Optional.empty(), LearningRate.cosine(0.03).warning(2));
        assertEquals(Optional.empty(), LearningRate.constant(0.03).warning(1));
    }

    @Test
    void theCourseNamesFirstHighestAndLastRate() {
        assertEquals("learning rate, cosine: 1.50e-02 in epoch 1, 0 in epoch 2, which moves no weights",
                LearningRate.cosine(0.03).course(2));
        assertEquals("learning rate, cosine: 0 in every epoch, which moves no weights",
                LearningRate.cosine(0.03).course(1));
        assertEquals("learning rate, constant: 1.00e-04 in every epoch", LearningRate.constant(1e-4).course(7));
        assertEquals("learning rate, step at [3, 4] after 2 epochs of warm-up: 2.50e-01 in epoch 1, 5.00e-01 in epoch 2,"
                + " 5.00e-03 in epoch 5", LearningRate.of(Shape.STEP, 0.5, 2, List.of(), 5).course(5));
    }

    @Test
    void ratesAreReadable() {
        assertEquals(List.of("0", "3.00e-04", "1.23e-07"),
                List.of(LearningRate.text(0), LearningRate.text(3e-4), LearningRate.text(1.234e-7)));
    }

    /** 60 and 80 % as published; of few epochs the first is at the full rate and no epoch takes two tenths at once. */
    @Test
    void stepsOfFewEpochsBeginAtTheFullRate() {
        assertEquals(List.of(60, 80), LearningRate.of(Shape.STEP, 1, 0, List.of(), 100).milestones());
        assertEquals(List.of(2, 3), LearningRate.of(Shape.STEP, 1, 0, List.of(), 4).milestones());
        for (int epochs = 1; epochs <= 12; epochs++) {
            double last = 1;
            for (int e = 1; e <= epochs; e++) {
                double rate = LearningRate.of(Shape.STEP, 1, 0, List.of(), epochs).schedule(epochs).learningRate(e);
                assertTrue(e == 1 ? rate == 1 : rate > 0.09 * last, "epoch " + e + " of " + epochs + ": " + rate);
                last = rate;
            }
        }
    }
}
