package org.jmoco.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PhantomTest {
    private static final int N = 1000;
    private static double[][] features; // of N slices: mean and deviation of the grey values
    private static final int SIZE = 64;

    @Test
    void sliceIsAPureFunctionOfSeedNumberAndSize() {
        byte[] once = Phantom.slice(5, 17, SIZE).rgb();
        Phantom.slice(5, 18, SIZE);
        assertArrayEquals(once, Phantom.slice(5, 17, SIZE).rgb());
        assertFalse(Arrays.equals(once, Phantom.slice(6, 17, SIZE).rgb()));
        assertFalse(Arrays.equals(once, Phantom.slice(5, 19, SIZE).rgb()));
        ImageSet train = Phantom.dataSet(5, SIZE, 3, 20, 4, 6).split("train");
        ImageSet again = Phantom.dataSet(5, SIZE, 0, 20, 0, 0).split("train");
        assertEquals(train.contentHash(), again.contentHash(), "other splits' counts must not matter");
    }

    @Test
    void lesionsChangeTheLungsOnly() {
        int seen = 0;
        for (int i = 0; i < 200; i++) {
            byte[] without = PhantomSlice.draw(3, i, SIZE, false);
            byte[] with = PhantomSlice.draw(3, i, SIZE, true);
            int changed = 0;
            int clearly = 0;
            for (int p = 0; p < with.length; p++) {
                int d = (with[p] & 0xff) - (without[p] & 0xff);
                changed += d != 0 ? 1 : 0;
                clearly += d >= 15 ? 1 : 0; // 15 of 255 on top of noise of 2 to 12
            }
            assertTrue(changed > 0 && changed < with.length / 3, "slice " + i + ": " + changed + " pixels changed");
            seen += clearly >= 20 ? 1 : 0;
        }
        assertTrue(seen > 150, "lesions stand out in only " + seen + " of 200 slices");
        assertTrue(seen < 200, "no faint lesion in 200 slices: the task is too easy");
    }

    @BeforeAll
    static void measure() {
        features = IntStream.range(0, N).parallel().mapToObj(PhantomTest::meanAndDeviation).toArray(double[][]::new);
    }

    /** With 500 slices of each class the AUC of a feature without information has a deviation of 0.018. */
    @Test
    void simpleStatisticsDoNotTellTheClasses() {
        double mean = auc(0);
        double deviation = auc(1);
        assertTrue(mean > 0.40 && mean < 0.65, "AUC of mean brightness " + mean);
        assertTrue(deviation > 0.35 && deviation < 0.65, "AUC of contrast " + deviation);
    }

    @Test
    void normalisationFitsThePixels() {
        Normalisation n = DatasetCard.load("phantom").normalisation();
        double sum = 0;
        double square = 0;
        for (double[] f : features) {
            sum += f[0] / 255;
            square += (f[0] * f[0] + f[1] * f[1]) / 255 / 255;
        }
        double mean = sum / N;
        double std = Math.sqrt(square / N - mean * mean);
        // Two digits are on the card; brightness differs by about 0.1 between slices, so the mean of 1000 is good to 0.003.
        assertEquals(mean, n.mean()[0], 0.015, "mean");
        assertEquals(std, n.std()[0], 0.015, "std");
    }

    @Test
    void dataSetIsBalancedAndMarked() {
        DataSet d = Phantom.dataSet(1, 33, 7, 10, 4, 6);
        assertTrue(d.phantom());
        assertEquals(Phantom.LESION, d.positive());
        assertEquals(Phantom.LESION, DatasetCard.load("phantom").positiveLabel());
        assertEquals(Phantom.CLASS_NAMES, DatasetCard.load("phantom").classes());
        assertArrayEquals(new int[] {5, 5}, d.split("train").classCounts());
        assertFalse(d.split("unlabelled").labelled());
        assertEquals(7, d.pretraining().size());
        assertEquals("phantom test: 6 images, 33x33, no lesion 3, lesion 3", d.split("test").toString());
        byte[] p = d.split("val").pixels(1);
        for (int i = 0; i < p.length; i += 3) {
            assertTrue(p[i] == p[i + 1] && p[i] == p[i + 2], "grey");
        }
    }

    @Test
    void impossibleSizesAreUsageErrors() {
        ImageSetTest.assertMessage("size 15 is outside 16 to 1024", () -> Phantom.dataSet(1, 15, 1, 1, 1, 1));
        ImageSetTest.assertMessage("all splits are empty", () -> Phantom.dataSet(1, 64, 0, 0, 0, 0));
        ImageSetTest.assertMessage("-1 slices", () -> Phantom.dataSet(1, 64, -1, 1, 1, 1));
    }

    private static double[] meanAndDeviation(int item) {
        byte[] g = PhantomSlice.draw(11, item, SIZE, Phantom.hasLesion(item));
        double sum = 0;
        double square = 0;
        for (byte b : g) {
            int v = b & 0xff;
            sum += v;
            square += v * v;
        }
        double mean = sum / g.length;
        return new double[] {mean, Math.sqrt(square / g.length - mean * mean)};
    }

    /** Odd rows are positive. */
    private static double auc(int column) {
        long wins = 0;
        for (int i = 1; i < features.length; i += 2) {
            for (int j = 0; j < features.length; j += 2) {
                wins += features[i][column] > features[j][column] ? 1 : 0;
            }
        }
        return 4.0 * wins / ((double) features.length * features.length);
    }
}
