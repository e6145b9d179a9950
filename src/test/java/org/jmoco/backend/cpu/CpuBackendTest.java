package org.jmoco.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumMap;
import java.util.Map;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class CpuBackendTest {
    @Test
    void uploadsAndDownloadsEveryType() {
        try (CpuBackend backend = CpuBackend.open(1)) {
            Buffer real = backend.declare(Region.PARAMETERS, "real", Shape.of(3));
            Buffer ints = backend.memory().declare(Region.STATE, "ints", DType.I32, Shape.of(2));
            Buffer bytes = backend.memory().declare(Region.INPUT, "bytes", DType.U8, Shape.of(2));
            Buffer scalar = backend.declare(Region.INPUT, "scalar", Shape.SCALAR);
            backend.allocate();
            assertArrayEquals(new float[3], backend.download(real).floats(), "contents are zero after allocation");
            backend.upload(real, HostTensor.of(Shape.of(3), new double[] {0.1, -2, 1e300}));
            assertArrayEquals(new float[] {0.1f, -2, Float.POSITIVE_INFINITY}, backend.download(real).floats());
            backend.upload(real, HostTensor.of(Shape.of(3), new float[] {1, 2, 3}));
            assertArrayEquals(new float[] {1, 2, 3}, backend.download(real).floats());
            assertArrayEquals(new float[] {2, 3}, backend.download(real.view("tail", 1, Shape.of(2))).floats());
            backend.upload(ints, HostTensor.of(Shape.of(2), new int[] {-5, 7}));
            assertArrayEquals(new int[] {-5, 7}, backend.download(ints).ints());
            backend.upload(bytes, HostTensor.of(Shape.of(2), new byte[] {-1, 3}));
            assertArrayEquals(new byte[] {-1, 3}, backend.download(bytes).bytes());
            backend.set(scalar, 0.25);
            assertEquals(0.25, backend.get(scalar));
            assertThrows(IllegalArgumentException.class, () -> backend.upload(real, HostTensor.of(Shape.of(2), new float[2])));
            assertThrows(IllegalArgumentException.class, () -> backend.upload(ints, HostTensor.of(Shape.of(2), new long[2])));
        }
    }

    @Test
    void describesItself() {
        try (CpuBackend backend = CpuBackend.open(2)) {
            assertTrue(backend.describe().matches("cpu: 2 threads, oneDNN 3\\.\\d+\\.\\d+ \\(\\w.*\\), \\d+-bit vectors, .+"),
                    backend.describe());
        }
    }

    @Test
    void zeroThreadsAreAUsersError() {
        UserError e = assertThrows(UserError.class, () -> CpuBackend.open(0));
        assertEquals(2, e.exitCode());
    }

    @Test
    void tooMuchMemoryIsRefusedBeforeItIsTouched() {
        try (CpuBackend backend = CpuBackend.open(1)) {
            for (int i = 0; i < 64; i++) {
                backend.declare(Region.PARAMETERS, "w" + i, Shape.of(1 << 15, 1 << 15));
            }
            backend.declare(Region.STATE, "queue", Shape.of(1000));
            UserError e = assertThrows(UserError.class, backend::allocate);
            assertTrue(e.getMessage().contains("parameters 274,878, state 1"), e.getMessage());
            assertTrue(e.getMessage().contains("--batch"), e.getMessage());
            assertEquals(1, e.exitCode());
        }
    }

    @Test
    void memoryThatFitsIsNotRefused() {
        Map<Region, Long> arenas = new EnumMap<>(Region.class);
        arenas.put(Region.ACTIVATIONS, 1000L);
        Machine.requireMemory(arenas, 1000);
        assertThrows(UserError.class, () -> Machine.requireMemory(arenas, 999));
        assertTrue(Machine.availableBytes() > 1 << 20);
    }

    /** Forward and both gradients of a convolution through the recorder; dw is accumulated. */
    @Test
    void convolutionsAreWiredUp() {
        ConvGeometry g = new ConvGeometry(2, 3, 3, 1, 1, 3, 3, 1, 1);
        Rig rig = new Rig();
        rig.with("x", g.x(), rig.integers(18, 3)).with("w", g.filter(), rig.integers(9, 3)).with("dy", g.y(), rig.integers(18, 3))
                .with("dw", g.filter(), rig.integers(9, 3)).with("dx", g.x(), rig.integers(18, 3)).poisoned("y", g.y());
        double[] y = new double[18];
        double[] dx = HostTensor.of(g.x(), rig.floats("dx")).toF64().doubles();
        double[] dw = HostTensor.of(g.filter(), rig.floats("dw")).toF64().doubles();
        for (int n = 0; n < 2; n++) {
            for (int p = 0; p < 9; p++) {
                for (int f = 0; f < 9; f++) {
                    int h = p / 3 + f / 3 - 1;
                    int w = p % 3 + f % 3 - 1;
                    if (h >= 0 && h < 3 && w >= 0 && w < 3) {
                        int xi = n * 9 + h * 3 + w;
                        y[n * 9 + p] += rig.floats("x")[xi] * rig.floats("w")[f];
                        dx[xi] += rig.floats("dy")[n * 9 + p] * rig.floats("w")[f];
                        dw[f] += rig.floats("dy")[n * 9 + p] * rig.floats("x")[xi];
                    }
                }
            }
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> {
            rec.conv2dForward("conv", g, b.get("y"), b.get("x"), b.get("w"));
            rec.conv2dBackwardData("conv", g, b.get("dx"), b.get("dy"), b.get("w"), true);
            rec.conv2dBackwardWeights("conv", g, b.get("dw"), b.get("x"), b.get("dy"), true);
        });
        Rig.assertClose("y", y, out.get("y"), 0);
        Rig.assertClose("dx", dx, out.get("dx"), 0);
        Rig.assertClose("dw", dw, out.get("dw"), 0);
    }

    @Test
    void closingTwiceIsHarmlessAndUseAfterwardsIsRefused() {
        CpuBackend backend = CpuBackend.open(2);
        Buffer b = backend.declare(Region.PARAMETERS, "b", Shape.of(3));
        Recorder rec = backend.record("fill");
        rec.fill("fill", b, 1);
        rec.finish().steps();
        backend.allocate();
        backend.close();
        backend.close();
        assertThrows(IllegalStateException.class, () -> backend.download(b));
    }
}
