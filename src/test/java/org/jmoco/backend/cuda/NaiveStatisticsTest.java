package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.Test;

/**
 * What the head of kernels/batch_norm.cu says of the naive statistics: right near 0, and nothing left of the variance far from
 * it.
 */
class NaiveStatisticsTest {
    private static final int GROUPS = 2;
    private static final int CHANNELS = 3;
    private static final int PIXELS = 35;
    private static final int GROUP_SIZE = 3 * PIXELS;
    private static final float EPS = 1e-5f;

    @Test
    void agreesNearZero() {
        for (int gc = 0; gc < GROUPS * CHANNELS; gc++) {
            // L products of size 1, twice summed in f32: 2 L 2^-24 of the sum, and some roundings.
            assertEquals(1, naive(0)[gc] / exact(0)[gc], 4 * GROUP_SIZE * 0x1p-24);
        }
    }

    @Test
    void losesTheVarianceFarFromZero() {
        double worst = 0;
        for (int gc = 0; gc < GROUPS * CHANNELS; gc++) {
            worst = Math.max(worst, Math.abs(naive(1000)[gc] / exact(1000)[gc] - 1));
        }
        // a variance of 1/3 against squares of 10^6, each 2^-24 off: 0.06 for one rounding
        assertTrue(worst > 0.05, "off by " + worst);
    }

    /** Uniform on [-1, 1) around {@code mean}; image n, pixel i, channel c. */
    private static float[] x(float mean) {
        Philox random = new Philox(1, Philox.Purpose.TEST, 0, 0);
        float[] x = new float[GROUPS * GROUP_SIZE * CHANNELS];
        for (int i = 0; i < x.length; i++) {
            x[i] = mean + 2 * random.nextFloat() - 1;
        }
        return x;
    }

    private static float[] naive(float mean) {
        try (EmulatedGpu gpu = new EmulatedGpu(70)) {
            Kernel kernel = new KernelLibrary(gpu).kernel("batch_norm", "batch_norm_statistics_naive_f32");
            float[] x = x(mean);
            long at = gpu.allocate(4L * x.length, "x");
            gpu.upload(at, MemorySegment.ofArray(x));
            long saved = gpu.allocate(8L * GROUPS * CHANNELS, "saved");
            long invStd = saved + 4L * GROUPS * CHANNELS;
            gpu.launch(new Launch(kernel, Dim.of(CHANNELS, GROUPS), Dim.of(256), 0, saved, invStd, at, GROUP_SIZE, PIXELS,
                    CHANNELS, GROUPS, EPS));
            float[] result = new float[GROUPS * CHANNELS];
            gpu.download(MemorySegment.ofArray(result), invStd);
            return result;
        }
    }

    private static double[] exact(float mean) {
        float[] x = x(mean);
        double[] sum = new double[GROUPS * CHANNELS];
        double[] squares = new double[GROUPS * CHANNELS];
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < x.length; i++) {
                int gc = i / CHANNELS / PIXELS % GROUPS * CHANNELS + i % CHANNELS;
                if (pass == 0) {
                    sum[gc] += x[i];
                } else {
                    squares[gc] += Math.pow(x[i] - sum[gc] / GROUP_SIZE, 2);
                }
            }
        }
        double[] invStd = new double[GROUPS * CHANNELS];
        for (int gc = 0; gc < invStd.length; gc++) {
            invStd[gc] = 1 / Math.sqrt(squares[gc] / GROUP_SIZE + EPS);
        }
        return invStd;
    }
}
