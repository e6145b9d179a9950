package org.jmoco.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
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
        assertEquals("reference: nested loops in Java, f32 with f64 sums, 2 threads", ReferenceBackend.open(DType.F32, 2).describe());
        assertEquals(2, assertThrows(UserError.class, () -> ReferenceBackend.open(DType.BF16, 1)).exitCode());
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
