package org.jmoco.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
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
                if (random.nextInt(2) == 0) { // fit for Winograd, with other paddings where the image allows them
                    int pad = Math.min(h, w) < 3 ? 1 : random.nextInt(3);
                    all.add(new ConvProblem(n, h, w, 16 + 16 * random.nextInt(3), 16 * (1 + random.nextInt(4)), 3, 3, 1, pad));
                    all.add(new ConvProblem(n, h, w, 16 * (1 + random.nextInt(4)), 16 + 16 * random.nextInt(3), 3, 3, 2, pad));
                    all.add(new ConvProblem(n, h, w, 16, 32, 1, 1, 1 + random.nextInt(3), 0));
                }
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

    private static List<ConvMethod> methods(ConvProblem p, boolean gradient) {
        return Arrays.stream(ConvMethod.values()).filter(m -> m.supports(p, gradient)).toList();
    }

    @Test
    void smallIntegersAreExactlyRight() {
        int seed = 1;
        EnumMap<ConvMethod, Integer> used = new EnumMap<>(ConvMethod.class);
        for (ConvProblem p : problems()) {
            ConvCase data = ConvCase.integers(p, seed++);
            ConvCase.Exact y = data.y();
            ConvCase.Exact dx = data.dx();
            ConvCase.Exact dw = data.dw();
            for (ConvMethod m : methods(p, false)) {
                // G of F(8x8) is not made of dyadic fractions: 0 may come out as 1e-13. Every other whole number must be hit.
                data.check("forward", m, y, 0, data.forward(TWO, m), m == ConvMethod.WINOGRAD_8X8 ? 1e-6 : 0);
                used.merge(m, 1, Integer::sum);
            }
            for (ConvMethod m : methods(p, true)) {
                data.check("backward data", m, dx, 0, data.backwardData(TWO, m), 0);
                data.check("backward data onto", m, dx, 5, data.backwardDataOnto(5, TWO, m), 0);
                data.check("backward weights", m, dw, 0, data.backwardWeights(TWO, m), 0);
                data.check("backward weights onto", m, dw, -7, data.backwardWeightsOnto(-7, TWO, m), 0);
            }
        }
        if (MachineCode.supported()) {
            for (ConvMethod m : ConvMethod.values()) {
                assertTrue(used.getOrDefault(m, 0) > 10, () -> m + " of " + used);
            }
        }
    }

    @Test
    void roundingErrorsStayWithinTheBoundOfASum() {
        for (ConvProblem p : List.of(
                new ConvProblem(4, 8, 8, 64, 64, 3, 3, 1, 1),
                new ConvProblem(5, 7, 9, 32, 48, 3, 3, 1, 1),
                new ConvProblem(33, 4, 4, 64, 64, 3, 3, 1, 1),
                new ConvProblem(97, 16, 16, 16, 16, 3, 3, 1, 1),
                new ConvProblem(2, 6, 6, 128, 192, 3, 3, 1, 1),
                new ConvProblem(3, 16, 16, 32, 64, 3, 3, 2, 1),
                new ConvProblem(3, 16, 16, 32, 64, 1, 1, 2, 0),
                new ConvProblem(2, 33, 31, 3, 64, 3, 3, 1, 1))) {
            ConvCase data = ConvCase.normals(p, 7);
            ConvCase.Exact y = data.y();
            ConvCase.Exact dx = data.dx();
            ConvCase.Exact dw = data.dw();
            // Rounding of a sum of t terms, one after the other, is at most t units of 2^-24; random signs make it
            // sqrt(t), and 4 of these are not exceeded by chance.
            for (ConvMethod m : methods(p, false)) {
                data.check("forward", m, y, 0, data.forward(TWO, m), 4 * Math.sqrt(9 * p.c()));
            }
            for (ConvMethod m : methods(p, true)) {
                data.check("backward data", m, dx, 0, data.backwardData(TWO, m), 4 * Math.sqrt(9 * p.k()));
                data.check("backward weights", m, dw, 0, data.backwardWeights(TWO, m), 4 * Math.sqrt(p.ySize() / p.k()));
            }
        }
    }

    /** Half a unit of f32 for the one rounding; what f64 adds is a part in 10^12 of the sum's terms at most. */
    @Test
    void forwardInF64RoundsOnce() {
        assumeTrue(MachineCode.supported(), "no AVX2 here: forward is oneDNN's, in f32");
        for (ConvProblem p : List.of(
                new ConvProblem(3, 8, 8, 64, 64, 3, 3, 1, 1),
                new ConvProblem(2, 7, 9, 512, 48, 3, 3, 1, 1),
                new ConvProblem(3, 16, 16, 32, 64, 1, 1, 2, 0),
                new ConvProblem(2, 33, 31, 3, 64, 3, 3, 1, 1),
                new ConvProblem(2, 33, 31, 3, 64, 7, 7, 2, 3))) {
            ConvCase data = ConvCase.normals(p, 13);
            ConvCase.Exact y = data.y();
            for (ConvMethod m : methods(p, false)) {
                if (m == ConvMethod.DIRECT || m == ConvMethod.WINOGRAD_STRIDE_2) {
                    continue;
                }
                float[] got = data.forward(TWO, m);
                for (int i = 0; i < got.length; i++) {
                    double exact = y.sums()[i];
                    double error = Math.abs(got[i] - exact);
                    assertTrue(error <= Math.ulp((float) exact) / 2 + 1e-12 * y.magnitudes()[i],
                            "forward " + m + " " + p + ": element " + i + " is " + got[i] + ", exact " + exact);
                }
            }
        }
    }

    @Test
    void threadCountDoesNotChangeABit() {
        for (ConvProblem p : List.of(
                new ConvProblem(33, 8, 8, 32, 48, 3, 3, 1, 1),
                new ConvProblem(17, 5, 7, 16, 16, 3, 3, 1, 1),
                new ConvProblem(97, 16, 16, 16, 16, 3, 3, 1, 1),
                new ConvProblem(19, 9, 9, 16, 32, 3, 3, 2, 1),
                new ConvProblem(19, 9, 9, 16, 32, 1, 1, 2, 0),
                new ConvProblem(18, 12, 12, 3, 16, 3, 3, 1, 1))) {
            ConvCase data = ConvCase.normals(p, 11);
            for (ConvMethod m : methods(p, false)) {
                sameForAnyNumberOfThreads("forward " + m + " " + p, workers -> data.forward(workers, m));
            }
            for (ConvMethod m : methods(p, true)) {
                sameForAnyNumberOfThreads("backward data " + m + " " + p, workers -> data.backwardData(workers, m));
                sameForAnyNumberOfThreads("backward weights " + m + " " + p, workers -> data.backwardWeights(workers, m));
            }
        }
    }

    @Test
    void theInstructionSetDoesNotChangeABit() {
        assumeTrue(MachineCode.supported() && InstructionSet.widest() == InstructionSet.AVX512, "no AVX-512 here");
        List<ConvProblem> problems = new ArrayList<>(problems());
        problems.add(new ConvProblem(70, 8, 8, 64, 64, 3, 3, 1, 1)); // several blocks and slabs
        problems.add(new ConvProblem(97, 16, 16, 16, 16, 3, 3, 1, 1)); // shares of the batch
        problems.add(new ConvProblem(9, 16, 16, 16, 48, 3, 3, 1, 1));
        problems.add(new ConvProblem(130, 4, 4, 288, 144, 3, 3, 1, 1)); // products in parts, long chunks
        problems.add(new ConvProblem(16, 8, 8, 16, 1024, 3, 3, 1, 1)); // a whole block of the largest tiles, long rows
        int seed = 40;
        for (ConvProblem p : problems) {
            ConvCase data = ConvCase.normals(p, seed++);
            for (ConvMethod m : methods(p, false)) {
                assertArrayEquals(data.forward(m.forward(p, InstructionSet.AVX2, TWO)),
                        data.forward(m.forward(p, InstructionSet.AVX512, TWO)), () -> "forward " + m + " " + p);
            }
            for (ConvMethod m : methods(p, true)) {
                assertArrayEquals(data.backwardData(m.backwardData(p, false, InstructionSet.AVX2, TWO)),
                        data.backwardData(m.backwardData(p, false, InstructionSet.AVX512, TWO)),
                        () -> "backward data " + m + " " + p);
                assertArrayEquals(data.backwardWeights(m.backwardWeights(p, false, InstructionSet.AVX2, TWO)),
                        data.backwardWeights(m.backwardWeights(p, false, InstructionSet.AVX512, TWO)),
                        () -> "backward weights " + m + " " + p);
            }
        }
    }

    private static void sameForAnyNumberOfThreads(String what, Function<Workers, float[]> run) {
        float[] expected;
        try (Workers one = new Workers(1)) {
            expected = run.apply(one);
        }
        for (int threads = 2; threads <= 4; threads++) {
            try (Workers several = new Workers(threads)) {
                assertArrayEquals(expected, run.apply(several), what);
            }
        }
    }

    @Test
    void oddShapesGoToTheDirectKernels() {
        for (boolean gradient : new boolean[] {false, true}) {
            assertEquals(ConvMethod.DIRECT, ConvMethod.of(new ConvProblem(8, 32, 32, 64, 24, 3, 3, 1, 1), gradient));
            assertEquals(ConvMethod.DIRECT, ConvMethod.of(new ConvProblem(8, 32, 32, 64, 64, 3, 3, 3, 1), gradient));
            assertEquals(ConvMethod.DIRECT, ConvMethod.of(new ConvProblem(8, 32, 32, 64, 64, 7, 7, 2, 3), gradient));
        }
        assertEquals(ConvMethod.DIRECT, ConvMethod.of(new ConvProblem(8, 32, 32, 3, 64, 3, 3, 1, 1), true));
        assumeTrue(MachineCode.supported(), "no AVX2 here: every shape goes to the direct kernels");
        ConvProblem p = new ConvProblem(8, 32, 32, 64, 64, 3, 3, 1, 1);
        assertEquals(ConvMethod.PATCHES, ConvMethod.of(new ConvProblem(8, 32, 32, 3, 64, 3, 3, 1, 1), false));
        for (boolean gradient : new boolean[] {false, true}) {
            assertEquals(ConvMethod.WINOGRAD_4X4, ConvMethod.of(p, gradient));
            assertEquals(gradient ? ConvMethod.WINOGRAD_4X4 : ConvMethod.WINOGRAD_8X8,
                    ConvMethod.of(new ConvProblem(128, 16, 16, 64, 64, 3, 3, 1, 1), gradient));
            assertEquals(ConvMethod.WINOGRAD_4X4, ConvMethod.of(new ConvProblem(128, 8, 8, 64, 64, 3, 3, 1, 1), gradient));
            assertEquals(ConvMethod.WINOGRAD_2X4, ConvMethod.of(new ConvProblem(8, 2, 4, 64, 64, 3, 3, 1, 1), gradient));
            assertEquals(ConvMethod.WINOGRAD_2X2, ConvMethod.of(new ConvProblem(8, 2, 2, 64, 64, 3, 3, 1, 1), gradient));
            assertEquals(ConvMethod.WINOGRAD_STRIDE_2, ConvMethod.of(new ConvProblem(8, 9, 9, 64, 128, 3, 3, 2, 1), gradient));
            assertEquals(ConvMethod.POINTWISE, ConvMethod.of(new ConvProblem(8, 9, 9, 64, 128, 1, 1, 2, 0), gradient));
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
