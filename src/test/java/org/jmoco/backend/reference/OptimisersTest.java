package org.jmoco.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OptimisersTest {
    private static final Shape ONE = Shape.of(1);

    /** Worked out with pencil and paper after torch.optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.01), w = 1. */
    @Test
    void sgdAsPyTorch() {
        double[] gradients = {0.5, -0.25, 1};
        double[] velocities = {0.51, 0.21849, 1.20591251}; // g = 0.51, -0.24051, 1.00927151
        double[] weights = {0.949, 0.927151, 0.806559749};
        try (Rig rig = new Rig(DType.F64)) {
            Buffer w = rig.real("w", ONE, 1);
            Buffer dw = rig.real("dw", ONE, 0);
            Buffer v = rig.real("velocity", ONE, 0);
            Buffer lr = rig.real("learningRate", Shape.SCALAR, 0.1);
            Program p = rig.record(rec -> rec.sgd("sgd", w, dw, v, lr, 0.9, 0.01));
            rig.start();
            for (int t = 0; t < 3; t++) {
                rig.set(dw, gradients[t]);
                p.run();
                assertEquals(velocities[t], rig.get(v)[0], 1e-15);
                assertEquals(weights[t], rig.get(w)[0], 1e-15);
            }
        }
    }

    /** The learning rate is outside the velocity: a change of rate acts on the whole step at once, and is read in every run. */
    @Test
    void sgdReadsTheLearningRateInEachRun() {
        try (Rig rig = new Rig(DType.F64)) {
            Buffer w = rig.real("w", ONE, 0);
            Buffer dw = rig.real("dw", ONE, 1);
            Buffer v = rig.real("velocity", ONE, 0);
            Buffer lr = rig.real("learningRate", Shape.SCALAR, 1);
            Program p = rig.record(rec -> rec.sgd("sgd", w, dw, v, lr, 0.5, 0));
            rig.start();
            p.run();
            assertEquals(-1, rig.get(w)[0]);
            rig.set(lr, 0.25);
            p.run(); // v = 1.5
            assertEquals(-1.375, rig.get(w)[0]);
        }
    }

    /**
     * Kingma and Ba 2015, algorithm 1, with its corrected moments; torch.optim.Adam(lr=0.1, weight_decay=0.01) is the same
     * rearranged. By hand for step 1: g = 0.51, m^ = g, v^ = g^2, so w = 1 - 0.1 / (1 + 1e-8 / 0.51).
     */
    @Test
    void adamAsPyTorch() {
        double[] gradients = {0.5, -0.25, 1, 0};
        try (Rig rig = new Rig(DType.F64)) {
            Buffer w = rig.real("w", ONE, 1);
            Buffer dw = rig.real("dw", ONE, 0);
            Buffer m = rig.real("m", ONE, 0);
            Buffer v = rig.real("v", ONE, 0);
            Buffer lr = rig.real("learningRate", Shape.SCALAR, 0.1);
            Buffer step = rig.ints("step", Shape.SCALAR, 0);
            Program p = rig.record(rec -> rec.adam("adam", w, dw, m, v, lr, step, 0.9, 0.999, 1e-8, 0.01));
            rig.start();
            double weight = 1;
            double first = 0;
            double second = 0;
            for (int t = 1; t <= gradients.length; t++) {
                rig.set(dw, gradients[t - 1]);
                p.run();
                double g = gradients[t - 1] + 0.01 * weight;
                first = 0.9 * first + 0.1 * g;
                second = 0.999 * second + 0.001 * g * g;
                double corrected1 = first / (1 - Math.pow(0.9, t));
                double corrected2 = second / (1 - Math.pow(0.999, t));
                weight -= 0.1 * corrected1 / (Math.sqrt(corrected2) + 1e-8);
                assertEquals(weight, rig.get(w)[0], 1e-14);
                assertEquals(t, rig.getInts(step)[0]);
                if (t == 1) {
                    assertEquals(1 - 0.1 / (1 + 1e-8 / 0.51), rig.get(w)[0], 1e-14);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "F64"})
    void momentumUpdate(DType real) {
        double[] key = {1.1, -2.3, 1e-38, 0.1f, -0.0, 3e38};
        double[] query = {0.7, 5.9, 1, 1e30, 4, -3e38};
        try (Rig rig = new Rig(real)) {
            Shape shape = Shape.of(key.length);
            Buffer q = rig.real("query", shape, query);
            Buffer kept = rig.real("kept", shape, key);
            Buffer copied = rig.real("copied", shape, key);
            Buffer half = rig.real("half", shape, key);
            rig.run(rec -> {
                rec.momentumUpdate("m = 1", kept, q, 1);
                rec.momentumUpdate("m = 0", copied, q, 0);
                rec.momentumUpdate("m = 0.75", half, q, 0.75);
            });
            double[] expected = real == DType.F32 ? HostTensor.of(shape, key).toF32().toF64().doubles() : key;
            double[] queries = real == DType.F32 ? HostTensor.of(shape, query).toF32().toF64().doubles() : query;
            for (int i = 0; i < key.length; i++) {
                assertEquals(expected[i], rig.get(kept)[i], 0, "m = 1 keeps");
                assertEquals(queries[i], rig.get(copied)[i], 0, "m = 0 copies");
                double mixed = 0.75 * expected[i] + 0.25 * queries[i];
                assertEquals(real == DType.F32 ? (float) mixed : mixed, rig.get(half)[i], 0);
            }
        }
    }

    /** Every element of a long array is reached, whatever the pieces it is cut into. */
    @Test
    void longArrays() {
        int n = 3 * (1 << 14) + 7;
        Shape shape = Shape.of(n);
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        try (Rig rig = new Rig(DType.F32)) {
            Buffer k = rig.real("key", shape, new double[n]);
            Buffer q = rig.real("query", shape, ones);
            rig.run(rec -> rec.momentumUpdate("momentum", k, q, 0.5));
            double[] halves = new double[n];
            Arrays.fill(halves, 0.5);
            assertArrayEquals(halves, rig.get(k));
        }
    }

    @Test
    void f32RoundsOnceWhenItStores() {
        try (Rig rig = new Rig(DType.F32)) {
            Buffer x = rig.real("x", Shape.of(1, 3), 1, 0x1p-24, 0x1p-24);
            Buffer w = rig.real("w", Shape.of(1, 3), 1, 1, 1);
            Buffer b = rig.real("b", ONE, 0);
            Buffer y = rig.result("y", Shape.of(1, 1));
            rig.run(rec -> rec.linearForward("fc", y, x, w, b));
            // In f32 throughout, 1 + 2^-24 would round to 1 twice.
            assertTrue(rig.get(y)[0] == 1 + 0x1p-23, "sums must be f64");
        }
    }
}
