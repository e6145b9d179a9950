package org.jmoco.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class StepProbeTest {
    /**
     * Two cores, published stage cifar10: a run took 1.94 s a step at 128; a dry run that measured at batch 8 told 4.0 s, so 0.25
     * s there.
     */
    @Test
    void costsThatDoNotDependOnTheBatchDoNotSpoilAPublishedStep() {
        double perImage = (1.94 - 0.25) / (128 - 8);
        double fixed = 0.25 - 8 * perImage;
        int batch = StepProbe.reduced(128, 8, 570_860_000_000L);
        double told = (fixed + batch * perImage) * 128 / batch;
        assertEquals(1.94, told, 1.94 / 3, "seconds told from batch " + batch);
    }

    @Test
    void aLargeStepIsMeasuredAtAMultipleOfItsSplits() {
        assertEquals(128, StepProbe.reduced(128, 8, 1_000_000_000L), "a small step whole");
        assertEquals(36, StepProbe.reduced(120, 12, 900_000_000_000L), "a third of it is 40, which 12 splits do not divide");
        assertEquals(8, StepProbe.reduced(128, 8, Long.MAX_VALUE), "one image a split at least");
    }
}
