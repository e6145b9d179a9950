package org.jmoco.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TicksTest {
    @Test
    void twoLossesOfAShortRunStandOnRoundMarks() {
        Ticks t = Ticks.around(5.149865781107256, 5.155107629154959);
        assertEquals(List.of("5.149", "5.150", "5.151", "5.152", "5.153", "5.154", "5.155", "5.156"), t.labels());
        assertEquals(0.866, t.place(5.149865781107256), 1e-3);
        assertEquals(7, t.place(5.156), 1e-9);
    }

    @Test
    void sharesAreFifths() {
        assertEquals(List.of("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"), Ticks.SHARES.labels());
    }

    @Test
    void ratesHaveTheirNought() {
        assertTrue(Ticks.around(0.001, 0.001).labels().contains("0.00100"), "a constant rate stands at a mark");
        assertEquals(List.of("0.000", "0.005", "0.010", "0.015", "0.020", "0.025", "0.030"), Ticks.around(0, 0.03).labels());
        assertEquals(List.of("0", "5e-6", "1e-5", "1.5e-5", "2e-5", "2.5e-5", "3e-5"), Ticks.around(0, 3e-5).labels());
    }

    @Test
    void aSingleScoreStandsBetweenSeveralMarksAndWithinItsBounds() {
        assertTrue(Ticks.around(0.565, 0.565).labels().size() >= 4);
        assertEquals("1.00", Ticks.around(1, 1).labels().getLast(), "no accuracy above 1");
        assertEquals("0.0", Ticks.around(0, 0).labels().getFirst());
        assertEquals("1.0", Ticks.around(0.2, 1).labels().getLast());
    }

    @Test
    void epochsAreWhole() {
        assertEquals(List.of("0", "1"), Ticks.counting(1).labels());
        assertEquals(List.of("0", "1", "2", "3"), Ticks.counting(3).labels());
        assertEquals(List.of("0", "20", "40", "60", "80", "100", "120", "140"), Ticks.counting(140).labels());
    }

    @Test
    void whateverTheRangeMarksAreFewShortDifferentAndAround() {
        Random random = new Random(5);
        for (int i = 0; i < 20_000; i++) {
            double size = Math.pow(10, random.nextInt(18) - 8);
            double a = size * (random.nextDouble() - (i % 3 == 0 ? 0.5 : 0));
            double b = a + size * random.nextDouble() * Math.pow(10, -random.nextInt(9));
            String what = a + " .. " + b + " (seed 5, case " + i + ")";
            Ticks t = Ticks.around(a, b);
            List<String> labels = t.labels();
            assertTrue(labels.size() >= 4 && labels.size() <= 8, () -> what + ": " + labels);
            assertTrue(t.place(a) > -1e-6 && t.place(b) < t.steps() + 1e-6, () -> what + ": " + labels);
            assertEquals(labels.size(), new HashSet<>(labels).size(), () -> what + ": " + labels);
            for (String l : labels) {
                String digits = l.replaceAll("e.*", "").replaceAll("[-.]", "").replaceAll("^0+", "");
                digits = l.contains(".") ? digits : digits.replaceAll("0+$", "");
                assertTrue(digits.length() <= 4, () -> what + ": " + labels);
            }
            for (int k = 1; k < labels.size(); k++) {
                assertTrue(new BigDecimal(labels.get(k)).compareTo(new BigDecimal(labels.get(k - 1))) > 0,
                        () -> what + ": " + labels);
            }
        }
    }

    /** A curve begins at its first epoch, not at an epoch 0 that nobody trained. */
    @Test
    void fewEpochsBeginAtTheFirst() {
        assertEquals(List.of("1", "2"), Ticks.epochs(1, 2).labels());
        assertEquals(List.of("1", "2", "3", "4", "5", "6", "7", "8"), Ticks.epochs(1, 8).labels());
        assertEquals(0, Ticks.epochs(1, 8).place(1));
        assertEquals(List.of("0", "1", "2", "3"), Ticks.epochs(0, 3).labels());
    }

    @Test
    void aSingleEpochStandsInTheMiddle() {
        for (int epoch : new int[] {1, 10}) {
            Ticks t = Ticks.epochs(epoch, epoch);
            assertEquals(String.valueOf(epoch), t.labels().get(1));
            assertEquals((t.begin() + t.end()) / 2, t.place(epoch));
            assertEquals(1, t.length());
        }
    }

    /** Their marks are round numbers apart, so that the first epoch has none; the axis begins there all the same. */
    @Test
    void manyEpochsBeginAtTheFirstBetweenRoundMarks() {
        for (int last : new int[] {9, 20, 33, 140, 500}) {
            Ticks t = Ticks.epochs(1, last);
            assertTrue(t.begin() > 0 && t.begin() <= 1, last + " epochs begin at " + t.begin());
            double drawn = t.begin() - 0.04 / 0.92 * t.length();
            assertTrue(t.place(1) <= t.begin() && t.place(1) > drawn, last + " epochs: the first is drawn");
            assertTrue(t.place(last) <= t.steps(), last + " epochs");
            assertEquals(t.steps() - t.begin(), t.length());
        }
        assertEquals(List.of("0", "2", "4", "6", "8", "10"), Ticks.epochs(1, 9).labels());
        assertEquals(0.5, Ticks.epochs(1, 9).begin());
        assertEquals(0, Ticks.epochs(0, 20).begin(), "with an epoch 0, as of an untrained network");
    }
}
