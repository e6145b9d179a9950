package org.jmoco.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Phantom;
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
    void guessingIsTheLossOfEqualSimilarities() {
        assertEquals(Math.log(4097), PretrainRun.guessing(4096));
    }
}
