package org.jmoco.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The three convolution plans against plain loops, at sizes where tiles, chunks and vectors do not divide. */
class ConvTest {
    private static final Workers TWO = new Workers(2);

    @AfterAll
    static void stop() {
        TWO.close();
    }

    /** Awkward sizes: all small images, channels around the vector length, odd batches, strides and filters. */
    private static List<ConvProblem> problems() {
        List<ConvProblem> all = new ArrayList<>();
        int[] channels = {1, 3, 7, 8, 16, 24, 33};
        int[] batches = {1, 2, 5};
        Random random = new Random(20250);
        for (int h = 1; h <= 13; h++) {
            for (int w = 1; w <= 13; w += 1 + random.nextInt(3)) {
                int n = batches[random.nextInt(3)];
                int c = channels[random.nextInt(channels.length)];
                int k = channels[random.nextInt(channels.length)];
                all.add(new ConvProblem(n, h, w, c, k, 3, 3, 1, 1));
                if (random.nextInt(3) == 0) {
                    all.add(new ConvProblem(n, h, w, c, k, 3, 3, 2, 1));
                    all.add(new ConvProblem(n, h, w, c, k, 1, 1, 1 + random.nextInt(2), 0));
                }
            }
        }
        all.add(new ConvProblem(2, 13, 11, 3, 8, 7, 7, 2, 3));
        all.add(new ConvProblem(1, 32, 31, 3, 16, 7, 7, 2, 3));
        all.add(new ConvProblem(2, 9, 9, 8, 8, 3, 3, 1, 0));
        all.add(new ConvProblem(1, 8, 6, 16, 16, 2, 3, 1, 1));
        all.add(new ConvProblem(37, 4, 4, 16, 16, 3, 3, 1, 1));
        all.add(new ConvProblem(19, 3, 5, 16, 32, 3, 3, 2, 1));
        return all;
    }

    /** Rounding of a sum of t terms added one after the other is at most t units in the last place; sums here are blocked. */
    private static double terms(ConvProblem p) {
        return p.r() * p.s() * p.c() + 16;
    }

    @Test
    void smallIntegersAreExactlyRight() {
        int seed = 1;
        for (ConvProblem p : problems()) {
            ConvCase data = ConvCase.integers(p, seed++);
            data.check("forward", data.y(), 0, data.forward(TWO), 0);
            ConvCase.Exact dx = data.dx();
            data.check("backward data", dx, 0, data.backwardData(TWO), 0);
            data.check("backward data onto", dx, 5, data.backwardDataOnto(5, TWO), 0);
            data.check("backward weights", data.dw(), 0, data.backwardWeights(TWO), 0);
        }
    }

    @Test
    void roundingErrorsStayWithinTheBoundOfASum() {
        for (ConvProblem p : List.of(
                new ConvProblem(4, 8, 8, 64, 64, 3, 3, 1, 1),
                new ConvProblem(5, 7, 9, 32, 40, 3, 3, 1, 1),
                new ConvProblem(33, 4, 4, 64, 64, 3, 3, 1, 1),
                new ConvProblem(3, 16, 16, 32, 64, 3, 3, 2, 1),
                new ConvProblem(3, 16, 16, 32, 64, 1, 1, 2, 0),
                new ConvProblem(2, 33, 31, 3, 64, 3, 3, 1, 1))) {
            ConvCase data = ConvCase.normals(p, 7);
            data.check("forward", data.y(), 0, data.forward(TWO), terms(p));
            data.check("backward data", data.dx(), 0, data.backwardData(TWO), terms(p));
            data.check("backward weights", data.dw(), 0, data.backwardWeights(TWO), terms(p) + p.ySize() / p.k());
        }
    }

    @Test
    void threadCountDoesNotChangeABit() {
        for (ConvProblem p : List.of(
                new ConvProblem(33, 8, 8, 32, 48, 3, 3, 1, 1),
                new ConvProblem(17, 5, 7, 16, 16, 3, 3, 1, 1),
                new ConvProblem(19, 9, 9, 16, 32, 3, 3, 2, 1),
                new ConvProblem(19, 9, 9, 16, 32, 1, 1, 2, 0),
                new ConvProblem(18, 12, 12, 3, 16, 3, 3, 1, 1))) {
            ConvCase data = ConvCase.normals(p, 11);
            float[] y;
            float[] dx;
            float[] dw;
            try (Workers one = new Workers(1)) {
                y = data.forward(one);
                dx = data.backwardData(one);
                dw = data.backwardWeights(one);
            }
            for (int threads = 2; threads <= 4; threads++) {
                try (Workers several = new Workers(threads)) {
                    assertArrayEquals(y, data.forward(several), () -> "forward " + p);
                    assertArrayEquals(dx, data.backwardData(several), () -> "backward data " + p);
                    assertArrayEquals(dw, data.backwardWeights(several), () -> "backward weights " + p);
                }
            }
        }
    }

    @Test
    void problemStringAndSizes() {
        ConvProblem p = new ConvProblem(128, 32, 30, 64, 96, 3, 3, 2, 1);
        assertEquals("n128 h32 w30 c64 k96 r3 s3 st2 pd1", p.toString());
        assertEquals(16, p.outH());
        assertEquals(15, p.outW());
        assertEquals(2.0 * 128 * 16 * 15 * 96 * 9 * 64, p.flops());
    }

    @Test
    void impossibleProblemsAreNamed() {
        String message = assertThrows(IllegalArgumentException.class,
                () -> new ConvProblem(1, 2, 9, 3, 8, 7, 7, 2, 0)).getMessage();
        assertTrue(message.contains("n1 h2 w9 c3 k8 r7 s7 st2 pd0") && message.contains("larger"), message);
        assertThrows(IllegalArgumentException.class, () -> new ConvProblem(0, 2, 9, 3, 8, 3, 3, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new ConvProblem(1, 2, 9, 3, 8, 1, 1, 1, 1));
    }
}
