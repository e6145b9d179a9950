package org.jmoco.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class ReferenceBackendTest {
    @Test
    void saysWhatItIs() {
        assertEquals("reference: nested loops in Java, f64, 1 thread", ReferenceBackend.open(DType.F64, 1).describe());
        assertEquals("reference: nested loops in Java, f32 with f64 sums, 2 threads",
                ReferenceBackend.open(DType.F32, 2).describe());
        assertEquals("reference: nested loops in Java, f32 with f64 sums and bf16 feature maps, 2 threads",
                ReferenceBackend.open(DType.F32, DType.BF16, 2).describe());
        assertEquals(2, assertThrows(UserError.class, () -> ReferenceBackend.open(DType.BF16, 1)).exitCode());
        assertEquals(2, assertThrows(UserError.class, () -> ReferenceBackend.open(DType.F64, DType.BF16, 1)).exitCode());
        assertEquals(2, assertThrows(UserError.class, () -> ReferenceBackend.open(DType.F32, 0)).exitCode());
    }

    @Test
    void convertsAndRoundsWhatComesIn() {
        Shape shape = Shape.of(2);
        try (Rig single = new Rig(DType.F32); Rig full = new Rig(DType.F64)) {
            Buffer s = single.real("s", shape, 0.1, 1 + 0x1p-30);
            Buffer f = full.real("f", shape, 0.1, 1 + 0x1p-30);
            single.start();
            full.start();
            assertArrayEquals(new float[] {0.1f, 1}, single.backend.download(s).floats());
            assertArrayEquals(new double[] {0.1, 1 + 0x1p-30}, full.backend.download(f).doubles());
            full.backend.upload(f, HostTensor.of(shape, new float[] {0.1f, 2}));
            assertArrayEquals(new double[] {0.1f, 2}, full.backend.download(f).doubles());
        }
    }

    /** 1 + 2^-8 lies half way between two bf16 numbers and is rounded to 1. */
    private static final float HALF_WAY = 1 + 0x1p-8f;

    @Test
    void inBf16MapsAreRoundedAndTheRestIsNot() {
        try (Backend b = ReferenceBackend.open(DType.F32, DType.BF16, 1)) {
            // All types in one region, in turns, so that one that lay in another's place would show.
            Buffer map1 = b.declare(Region.INPUT, "map1", Shape.of(1, 1, 1, 33));
            Buffer row1 = b.declare(Region.INPUT, "row1", Shape.of(33));
            Buffer ints = b.memory().declare(Region.INPUT, "ints", DType.I32, Shape.of(33));
            Buffer map2 = b.declare(Region.INPUT, "map2", Shape.of(1, 1, 1, 33));
            Buffer row2 = b.declare(Region.INPUT, "row2", Shape.of(33));
            b.allocate();
            Buffer[] reals = {map1, row1, map2, row2};
            for (int i = 0; i < reals.length; i++) {
                float[] v = new float[33];
                java.util.Arrays.fill(v, (1 << i) * HALF_WAY);
                b.upload(reals[i], HostTensor.of(reals[i].shape(), v));
            }
            b.upload(ints, HostTensor.of(Shape.of(33), new int[33]));
            for (int i = 0; i < reals.length; i++) {
                float expected = (1 << i) * (reals[i].dtype() == DType.BF16 ? 1 : HALF_WAY);
                for (float got : b.download(reals[i]).floats()) {
                    assertEquals(expected, got, reals[i].toString());
                }
            }
        }
    }

    @Test
    void inBf16ConvolutionsSeeRoundedFiltersAndAddRoundedGradients() {
        ConvGeometry g = new ConvGeometry(1, 1, 1, 1, 1, 1, 1, 1, 0);
        try (Backend b = ReferenceBackend.open(DType.F32, DType.BF16, 1)) {
            Buffer x = b.declare(Region.INPUT, "x", g.x());
            Buffer y = b.declare(Region.OUTPUT, "y", g.y());
            Buffer dx = b.declare(Region.OUTPUT, "dx", g.x());
            Buffer w = b.memory().declare(Region.PARAMETERS, "w", DType.F32, g.filter());
            Buffer dw = b.memory().declare(Region.GRADIENTS, "dw", DType.F32, g.filter());
            Recorder rec = b.record("p");
            rec.conv2dForward("c", g, y, x, w);
            rec.conv2dBackwardData("c", g, dx, y, w, false);
            rec.conv2dBackwardWeights("c", g, dw, x, y, true);
            Program p = rec.finish();
            b.allocate();
            b.set(x, 129); // 129 = 1.0078125 * 128 is a bf16 number, its square 16641 is rounded to 16640
            b.set(w.view("scalar", 0, Shape.SCALAR), 129 + 0.25);
            b.set(dw.view("scalar", 0, Shape.SCALAR), 0.25);
            p.run();
            assertEquals(16640, b.download(y).get(0), "129 times the rounded filter, rounded");
            assertEquals(2146304, b.download(dx).get(0), "16640 * 129 = 2146560, rounded to a multiple of 2^14");
            assertEquals(2146304 + 0.25, b.download(dw).get(0), "the product is rounded, the sum is not");
            assertEquals(129.25, b.download(w).get(0), "the filter itself stays");
        }
    }

    @Test
    void refusesValuesOfAnotherSizeOrKind() {
        try (Rig rig = new Rig(DType.F32)) {
            Buffer x = rig.real("x", Shape.of(2), 0, 0);
            Buffer i = rig.ints("i", Shape.of(2), 0, 0);
            rig.start();
            assertEquals("upload x f32 2: values are f32 3", assertThrows(IllegalArgumentException.class,
                    () -> rig.backend.upload(x, HostTensor.zeros(DType.F32, Shape.of(3)))).getMessage());
            assertThrows(IllegalArgumentException.class, () -> rig.backend.upload(x, HostTensor.zeros(DType.I32, Shape.of(2))));
            assertThrows(IllegalArgumentException.class, () -> rig.backend.upload(i, HostTensor.zeros(DType.F32, Shape.of(2))));
        }
    }

    @Test
    void holdsRealAndI32Only() {
        Backend backend = ReferenceBackend.open(DType.F64, 1);
        backend.memory().declare(Region.INPUT, "images", DType.U8, Shape.of(3));
        assertEquals("reference backend: holds f64 and i32, but images u8 3 is declared",
                assertThrows(IllegalArgumentException.class, backend::allocate).getMessage());
    }

    @Test
    void tooMuchMemoryIsTheUsersToPutRight() {
        Backend backend = ReferenceBackend.open(DType.F32, 1);
        backend.declare(Region.PARAMETERS, "huge", Shape.of(50_000, 50_000));
        UserError e = assertThrows(UserError.class, backend::allocate);
        assertEquals(1, e.exitCode());
        assertTrue(e.getMessage().contains("20000 MB") && e.getMessage().contains("lower --batch"), e.getMessage());
    }

    @Test
    void anErrorInAnyThreadReachesTheCaller() {
        try (Workers workers = new Workers(3)) {
            for (int failing = 0; failing < 7; failing++) {
                int bad = failing;
                RuntimeException e = assertThrows(RuntimeException.class, () -> workers.forEach(7, i -> {
                    if (i == bad) {
                        throw new IllegalStateException("task " + i);
                    }
                }));
                assertTrue(e.getMessage().contains("task " + bad), e.getMessage());
            }
        }
    }
}
