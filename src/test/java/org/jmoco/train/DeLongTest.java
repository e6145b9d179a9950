package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.Test;

class DeLongTest {
    /**
     * The measurements of DeLong, DeLong and Clarke-Pearson (1988) on patients with ovarian cancer, those 43 without a missing
     * value: albumin, total protein, K-G score, and whether surgery helped.
     */
    private static final double[] OVARIAN = {
        3.0, 5.8, 10, 0, 3.2, 6.3, 5, 1, 3.9, 6.8, 3, 1, 2.8, 4.8, 6, 0, 3.2, 5.8, 3, 1, 0.9, 4.0, 5, 0, 2.5, 5.7, 8, 0,
        1.6, 5.6, 5, 1, 3.8, 5.7, 5, 1, 3.7, 6.7, 6, 1, 3.2, 5.4, 4, 1, 3.8, 6.6, 6, 1, 4.1, 6.6, 5, 1, 3.6, 5.7, 5, 1,
        4.3, 7.0, 4, 1, 3.6, 6.7, 4, 0, 2.3, 4.4, 6, 1, 4.2, 7.6, 4, 0, 4.0, 6.6, 6, 0, 3.5, 5.8, 6, 1, 3.8, 6.8, 7, 1,
        3.0, 4.7, 8, 0, 4.5, 7.4, 5, 1, 3.7, 7.4, 5, 1, 3.1, 6.6, 6, 1, 4.1, 8.2, 6, 1, 4.3, 7.0, 5, 1, 4.3, 6.5, 4, 1,
        3.2, 5.1, 5, 1, 2.6, 4.7, 6, 1, 3.3, 6.8, 6, 0, 1.7, 4.0, 7, 0, 3.7, 6.1, 5, 1, 3.3, 6.3, 7, 1, 4.2, 7.7, 6, 1,
        3.5, 6.2, 5, 1, 2.9, 5.7, 9, 0, 2.1, 4.8, 7, 1, 2.8, 6.2, 8, 0, 4.0, 7.0, 7, 1, 3.3, 5.7, 6, 1, 3.7, 6.9, 5, 1,
        3.6, 6.6, 5, 1};
    private static final int PATIENTS = OVARIAN.length / 4;
    private static final double[] ALBUMIN = column(0);
    private static final double[] PROTEIN = column(1);
    private static final double[] KG = column(2);

    /** Of f64 sums of at most 43 terms near 1, and the library's normal distribution. */
    private static final double TOLERANCE = 1e-13;

    private static double[] column(int which) {
        double[] out = new double[PATIENTS];
        for (int i = 0; i < PATIENTS; i++) {
            double v = OVARIAN[4 * i + which];
            out[i] = which == 2 ? 10 - v : v; // a low K-G score is good
        }
        return out;
    }

    private static boolean[] helped() {
        boolean[] out = new boolean[PATIENTS];
        for (int i = 0; i < PATIENTS; i++) {
            out[i] = OVARIAN[4 * i + 3] == 1;
        }
        return out;
    }

    private static void check(double difference, double error, double z, double p, DeLong found) {
        assertEquals(difference, found.difference(), TOLERANCE);
        assertEquals(error, found.error(), TOLERANCE);
        assertEquals(z, found.z(), 100 * TOLERANCE); // a quotient of small numbers
        assertEquals(p, found.p(), 100 * TOLERANCE);
        assertEquals(difference - 1.959963984540054 * error, found.low(), 1e-8); // the library's quantile is good to 1e-9
        assertEquals(difference + 1.959963984540054 * error, found.high(), 1e-8);
    }

    /** Computed with NumPy and SciPy from the paper's definitions, all pairs compared one by one. */
    @Test
    void thePapersOwnData() {
        check(0.010752688172043001, 0.09534361773009381, 0.11277826904452644, 0.9102063472010351,
                DeLong.test(helped(), List.of(ALBUMIN), List.of(KG)));
        check(0.08870967741935487, 0.05579122330933948, 1.5900292583207227, 0.1118282101206956,
                DeLong.test(helped(), List.of(ALBUMIN), List.of(PROTEIN)));
        check(0.07795698924731187, 0.1046095887181327, 0.7452183896579937, 0.456139707507473,
                DeLong.test(helped(), List.of(KG), List.of(PROTEIN)));
    }

    @Test
    void severalScoringsAreComparedByTheirMeanArea() {
        check(-0.03360215053763449, 0.09611774340480231, -0.3495936270176276, 0.7266436944075472,
                DeLong.test(helped(), List.of(ALBUMIN, PROTEIN), List.of(KG)));
        DeLong one = DeLong.test(helped(), List.of(ALBUMIN), List.of(KG));
        DeLong same = DeLong.test(helped(), List.of(ALBUMIN, ALBUMIN), List.of(KG, KG));
        check(one.difference(), one.error(), one.z(), one.p(), same);
    }

    @Test
    void aRowAgainstItselfShowsNoDifference() {
        DeLong d = DeLong.test(helped(), List.of(KG), List.of(KG));
        assertEquals(new DeLong(0, 0, 0, 1, 0, 0), d);
    }

    /** Where there is no difference, p falls below 0.05 in about 5 % of the cases. */
    @Test
    void withoutADifferenceItIsRightAboutChance() {
        int cases = 1000;
        int small = 0;
        for (int c = 0; c < cases; c++) {
            Philox random = new Philox(1, Philox.Purpose.TEST, 0, c);
            boolean[] positive = new boolean[100];
            double[] a = new double[100];
            double[] b = new double[100];
            for (int i = 0; i < 100; i++) {
                positive[i] = i % 2 == 0;
                double common = random.nextGaussian() + (positive[i] ? 1 : 0);
                a[i] = common + random.nextGaussian();
                b[i] = common + random.nextGaussian();
            }
            small += DeLong.test(positive, List.of(a), List.of(b)).p() < 0.05 ? 1 : 0;
        }
        // Binomial: 50 expected, deviation 6.9; four of them.
        assertEquals(50, small, 28);
    }

    @Test
    void tooFewImagesAreRefused() {
        double[] s = {1, 2, 3};
        assertThrows(IllegalArgumentException.class,
                () -> DeLong.test(new boolean[] {true, false, false}, List.of(s), List.of(s)));
    }
}
