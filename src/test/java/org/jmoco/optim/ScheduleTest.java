package org.jmoco.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Values by hand, at the ends, in the middle and at each corner. */
class ScheduleTest {
    private static void assertRate(double expected, Schedule s, int epoch) {
        assertEquals(expected, s.learningRate(epoch), 1e-15, "epoch " + epoch);
    }

    @Test
    void cosineCountsEpochsFromOneAndEndsAtZero() {
        Schedule s = Schedule.cosine(0.03, 4);
        assertRate(0.015 * (1 + Math.sqrt(0.5)), s, 1);
        assertRate(0.015, s, 2);
        assertRate(0.015 * (1 - Math.sqrt(0.5)), s, 3);
        assertRate(0, s, 4);
    }

    @Test
    void stepFallsInTheEpochOfEachMilestone() {
        Schedule s = Schedule.step(0.5, 0.1, List.of(3, 5));
        double[] expected = {0.5, 0.5, 0.05, 0.05, 0.005, 0.005};
        for (int e = 1; e <= expected.length; e++) {
            assertRate(expected[e - 1], s, e);
        }
    }

    @Test
    void warmUpRisesInALineToTheOtherScheduleAndLeavesTheRestAlone() {
        Schedule s = Schedule.warmUp(4, Schedule.constant(0.2));
        double[] expected = {0.05, 0.1, 0.15, 0.2, 0.2, 0.2};
        for (int e = 1; e <= expected.length; e++) {
            assertRate(expected[e - 1], s, e);
        }
        Schedule cosine = Schedule.warmUp(1, Schedule.cosine(1, 10));
        assertRate(Schedule.cosine(1, 10).learningRate(1), cosine, 1);
        assertRate(0.5, cosine, 5);
    }
}
