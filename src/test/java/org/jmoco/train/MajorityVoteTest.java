package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class MajorityVoteTest {
    @Test
    void mostEpochsDecideNotTheMean() {
        MajorityVote vote = new MajorityVote(1, 2);
        vote.add(new float[] {0.5f - 0x1p-6f, 0.5f + 0x1p-6f});
        vote.add(new float[] {0.5f - 0x1p-6f, 0.5f + 0x1p-6f});
        vote.add(new float[] {1, 0});
        assertArrayEquals(new int[] {1}, vote.predicted());
        assertEquals((1 + 0x1p-5) / 3, vote.probability(1)[0]);
        assertEquals(3, vote.epochs());
    }

    @Test
    void aTieGoesToTheHigherMeanAndThenToTheLowerClass() {
        MajorityVote vote = new MajorityVote(3, 3);
        // Image 0: one vote for 1, one for 2, class 2 surer. Image 1: all equal. Image 2: equal means, one vote each.
        vote.add(new float[] {0, 0.75f, 0.25f, 0.5f, 0.5f, 0, 0, 0.75f, 0.25f});
        vote.add(new float[] {0, 0, 1, 0.5f, 0.5f, 0, 0, 0.25f, 0.75f});
        assertArrayEquals(new int[] {2, 0, 1}, vote.predicted());
        assertArrayEquals(new double[] {0, 0.375, 0.625}, vote.probability()[0]);
    }

    @Test
    void goesOnFromItsState() {
        MajorityVote whole = new MajorityVote(2, 2);
        MajorityVote first = new MajorityVote(2, 2);
        float[][] epochs = {{0.9f, 0.1f, 0.2f, 0.8f}, {0.4f, 0.6f, 0.7f, 0.3f}, {0.3f, 0.7f, 0.1f, 0.9f}};
        for (float[] e : epochs) {
            whole.add(e);
        }
        first.add(epochs[0]);
        MajorityVote resumed = new MajorityVote(2, 2);
        resumed.restore(first.epochs(), first.votes(), first.sums());
        resumed.add(epochs[1]);
        resumed.add(epochs[2]);
        assertArrayEquals(whole.predicted(), resumed.predicted());
        assertArrayEquals(whole.sums(), resumed.sums());
        assertThrows(IllegalArgumentException.class, () -> resumed.restore(1, new int[1], new double[4]));
        assertThrows(IllegalArgumentException.class, () -> resumed.add(new float[3]));
    }
}
