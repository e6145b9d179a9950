package org.jmoco.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;

/**
 * Runs one recorded operation on CPU backends of 1, 2 and 3 threads, with outputs poisoned beforehand, and insists on the same
 * bits from all three.
 */
final class Rig {
    /** Records one or more steps over the buffers of a rig, by name. */
    interface Recording {
        void record(Recorder rec, Map<String, Buffer> buffers);
    }

    private static final int SEED = 7;

    private final Map<String, HostTensor> contents = new LinkedHashMap<>();
    private int item;

    /** An operand with f32 values. */
    Rig with(String name, Shape shape, float... values) {
        contents.put(name, HostTensor.of(shape, values));
        return this;
    }

    Rig ints(String name, Shape shape, int... values) {
        contents.put(name, HostTensor.of(shape, values));
        return this;
    }

    /** An operand with normal random values around {@code mean}. */
    Rig random(String name, Shape shape, double mean, double deviation) {
        return with(name, shape, normal(Math.toIntExact(shape.size()), mean, deviation));
    }

    Rig random(String name, Shape shape) {
        return random(name, shape, 0, 1);
    }

    /** An output: NaN, or a value that no result has, before the run. */
    Rig poisoned(String name, Shape shape) {
        float[] nan = new float[Math.toIntExact(shape.size())];
        java.util.Arrays.fill(nan, Float.NaN);
        return with(name, shape, nan);
    }

    Rig poisonedInts(String name, Shape shape) {
        int[] odd = new int[Math.toIntExact(shape.size())];
        java.util.Arrays.fill(odd, Integer.MIN_VALUE + 1);
        return ints(name, shape, odd);
    }

    float[] normal(int n, double mean, double deviation) {
        Philox random = new Philox(SEED, Philox.Purpose.TEST, 0, item++);
        float[] v = new float[n];
        for (int i = 0; i < n; i++) {
            v[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return v;
    }

    /** Small integers: sums of their products are exact in f32. */
    float[] integers(int n, int bound) {
        Philox random = new Philox(SEED, Philox.Purpose.TEST, 0, item++);
        float[] v = new float[n];
        for (int i = 0; i < n; i++) {
            v[i] = random.nextInt(2 * bound + 1) - bound;
        }
        return v;
    }

    float[] floats(String name) {
        return contents.get(name).floats();
    }

    /** The values of all operands after one run. */
    Map<String, HostTensor> run(Recording recording) {
        List<Map<String, HostTensor>> results = new ArrayList<>();
        for (int threads = 1; threads <= 3; threads++) {
            results.add(run(threads, recording));
        }
        for (int t = 1; t < results.size(); t++) {
            for (String name : contents.keySet()) {
                assertTrue(results.get(0).get(name).bitEquals(results.get(t).get(name)),
                        name + " differs between 1 and " + (t + 1) + " threads");
            }
        }
        return results.get(0);
    }

    private Map<String, HostTensor> run(int threads, Recording recording) {
        try (CpuBackend backend = CpuBackend.open(threads)) {
            Map<String, Buffer> buffers = new LinkedHashMap<>();
            contents.forEach((name, value) -> buffers.put(name, backend.memory().declare(
                    value.dtype() == DType.I32 ? Region.STATE : Region.INPUT, name, value.dtype(), value.shape())));
            Recorder rec = backend.record("test");
            recording.record(rec, buffers);
            Program program = rec.finish();
            backend.allocate();
            buffers.forEach((name, b) -> backend.upload(b, contents.get(name)));
            program.run();
            Map<String, HostTensor> out = new LinkedHashMap<>();
            buffers.forEach((name, b) -> out.put(name, backend.download(b)));
            return out;
        }
    }

    /** Compares with values in f64; {@code bound} of element i is the largest difference allowed. */
    static void assertClose(String what, double[] expected, HostTensor actual, java.util.function.IntToDoubleFunction bound) {
        assertEquals(expected.length, actual.size(), what);
        for (int i = 0; i < expected.length; i++) {
            double difference = Math.abs(expected[i] - actual.get(i));
            if (!(difference <= bound.applyAsDouble(i))) {
                fail(what + "[" + i + "]: expected " + expected[i] + ", is " + actual.get(i) + ", off by " + difference
                        + ", allowed " + bound.applyAsDouble(i));
            }
        }
    }

    static void assertClose(String what, double[] expected, HostTensor actual, double bound) {
        assertClose(what, expected, actual, i -> bound);
    }
}
