package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.tensor.DType;

/** The drills of {@link JCudaGpuDrill} that convolve, by either interface of cuDNN. */
final class ConvolutionDrill {
    private final JCudaGpuDrill drill;
    private final Gpu gpu;

    ConvolutionDrill(JCudaGpuDrill drill) {
        this.drill = drill;
        this.gpu = drill.gpu;
    }

    void convolutions() {
        ConvGeometry g = new ConvGeometry(2, 5, 4, 3, 2, 3, 2, 2, 1);
        for (Precision p : Precision.values()) {
            for (Dnn.Direction d : Dnn.Direction.values()) {
                convolution(g, d, p);
            }
        }
    }

    /** Small integers: exact in every precision. */
    private void convolution(ConvGeometry g, Dnn.Direction d, Precision p) {
        float[] x = integers(g.n() * g.h() * g.w() * g.c(), 5);
        float[] w = integers(g.k() * g.r() * g.s() * g.c(), 3);
        float[] y = integers(g.n() * g.p() * g.q() * g.k(), 4);
        float[] first = d == Dnn.Direction.BACKWARD_DATA ? y : x;
        float[] second = d == Dnn.Direction.BACKWARD_WEIGHTS ? y : w;
        float[] out = switch (d) {
            case FORWARD -> y;
            case BACKWARD_DATA -> x;
            case BACKWARD_WEIGHTS -> w;
        };
        DType type = p.featureMaps();
        try (Dnn.Convolution c = gpu.dnn().convolution(d, g, p)) {
            List<Dnn.Algorithm> algorithms = c.algorithms();
            assertEquals(List.of(1, 0), algorithms.stream().map(Dnn.Algorithm::id).toList(),
                    "each once, in cuDNN's order, without what does not apply");
            assertEquals(List.of(4096L, 0L), algorithms.stream().map(Dnn.Algorithm::workspaceBytes).toList());
            assertEquals(List.of(true, false), algorithms.stream().map(Dnn.Algorithm::deterministic).toList());
            long a = drill.device(type, first);
            long b = drill.device(type, second);
            long space = gpu.allocate(4096, "workspace");
            for (Dnn.Algorithm algorithm : algorithms) {
                for (int beta = 0; beta < 2; beta++) {
                    float[] start = new float[out.length];
                    Arrays.fill(start, 2);
                    long o = drill.device(type, start);
                    boolean needsSpace = algorithm.workspaceBytes() > 0;
                    c.run(algorithm, o, a, b, beta, needsSpace ? space : 0, needsSpace ? 4096 : 0);
                    float[] expected = reference(g, d, first, second, out.length);
                    for (int i = 0; i < expected.length; i++) {
                        expected[i] += beta * 2;
                    }
                    assertArrayEquals(expected, drill.floats(type, o, out.length), d + " " + p + " beta " + beta);
                }
            }
            assertThrows(IllegalArgumentException.class, () -> c.run(algorithms.getFirst(), a, a, a, 0.5f, space, 4096));
            String e = assertThrows(GpuException.class, () -> c.run(algorithms.getFirst(), a, a, b, 0, 0, 0)).getMessage();
            assertTrue(e.contains("CUDNN_STATUS_BAD_PARAM (2000): workspace is too small") && e.contains(d + " n2 h5"), e);
        }
    }

    void graphConvolutions() {
        ConvGeometry g = new ConvGeometry(2, 5, 4, 3, 2, 3, 2, 2, 1);
        for (Precision p : Precision.values()) {
            for (Dnn.Direction d : Dnn.Direction.values()) {
                graphConvolution(g, d, p, false);
                graphConvolution(g, d, p, true);
            }
        }
    }

    /** By each engine that may be taken, twice on the same operands and once on others. */
    private void graphConvolution(ConvGeometry g, Dnn.Direction d, Precision p, boolean accumulate) {
        float[] x = integers(g.n() * g.h() * g.w() * g.c(), 5);
        float[] w = integers(g.k() * g.r() * g.s() * g.c(), 3);
        float[] y = integers(g.n() * g.p() * g.q() * g.k(), 4);
        float[] first = d == Dnn.Direction.BACKWARD_DATA ? y : x;
        float[] second = d == Dnn.Direction.BACKWARD_WEIGHTS ? y : w;
        int size = d == Dnn.Direction.FORWARD ? y.length : d == Dnn.Direction.BACKWARD_DATA ? x.length : w.length;
        float[] once = reference(g, d, first, second, size);
        float beta = accumulate ? 1 : 0;
        String what = d + " " + p + " accumulate " + accumulate;
        try (Dnn.Convolution c = gpu.dnn().graphConvolution(d, g, p, accumulate)) {
            List<Dnn.Algorithm> engines = c.algorithms();
            List<String> expected = switch (p) {
                case F32 -> List.of("ENGINE_57_k2=0_k3=6", "ENGINE_3");
                case TF32 -> Collections.nCopies(12, "ENGINE_67"); // the first dozen of many
                default -> List.of("ENGINE_57_k2=0_k3=6", "ENGINE_3", "ENGINE_11");
            };
            assertEquals(expected, engines.stream().map(Dnn.Algorithm::name).toList(),
                    "in cuDNN's order, without what computes in less");
            assertEquals(p == Precision.TF32 ? List.of(131L, 131L) : List.of(512L, 0L),
                    engines.stream().limit(2).map(Dnn.Algorithm::workspaceBytes).toList());
            assertEquals(List.of(true, p == Precision.TF32),
                    engines.stream().limit(2).map(Dnn.Algorithm::deterministic).toList());
            long a = drill.device(p.featureMaps(), first);
            long b = drill.device(p.featureMaps(), second);
            long space = gpu.allocate(512, "workspace");
            for (Dnn.Algorithm engine : engines) {
                boolean needsSpace = engine.workspaceBytes() > 0;
                for (int other = 0; other < 2; other++) {
                    float[] start = new float[size];
                    Arrays.fill(start, 2);
                    long out = drill.device(p.featureMaps(), start);
                    for (int times = 1; times <= 2; times++) {
                        c.run(engine, out, a, b, beta, needsSpace ? space : 0, engine.workspaceBytes());
                        float[] sum = new float[size];
                        for (int i = 0; i < size; i++) {
                            sum[i] = accumulate ? 2 + times * once[i] : once[i];
                        }
                        assertArrayEquals(sum, drill.floats(p.featureMaps(), out, size), what + " " + engine);
                    }
                }
            }
            assertThrows(IllegalArgumentException.class, () -> c.run(engines.getFirst(), a, a, b, 1 - beta, space, 512));
            assertThrows(IllegalArgumentException.class,
                    () -> c.run(engines.getFirst(), a, a, b, beta, space, engines.getFirst().workspaceBytes() - 1));
        }
    }

    private static float[] integers(int n, int modulus) {
        float[] v = new float[n];
        for (int i = 0; i < n; i++) {
            v[i] = i * 7 % modulus - modulus / 2;
        }
        return v;
    }

    private static float[] reference(ConvGeometry g, Dnn.Direction d, float[] first, float[] second, int size) {
        float[] out = new float[size];
        for (int n = 0; n < g.n(); n++) {
            for (int p = 0; p < g.p(); p++) {
                for (int q = 0; q < g.q(); q++) {
                    for (int r = 0; r < g.r(); r++) {
                        for (int s = 0; s < g.s(); s++) {
                            int h = p * g.stride() - g.pad() + r;
                            int w = q * g.stride() - g.pad() + s;
                            for (int k = 0; k < g.k() && h >= 0 && h < g.h() && w >= 0 && w < g.w(); k++) {
                                for (int c = 0; c < g.c(); c++) {
                                    int ix = ((n * g.h() + h) * g.w() + w) * g.c() + c;
                                    int iw = ((k * g.r() + r) * g.s() + s) * g.c() + c;
                                    int iy = ((n * g.p() + p) * g.q() + q) * g.k() + k;
                                    switch (d) {
                                        case FORWARD -> out[iy] += first[ix] * second[iw];
                                        case BACKWARD_DATA -> out[ix] += first[iy] * second[iw];
                                        case BACKWARD_WEIGHTS -> out[iw] += first[ix] * second[iy];
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        return out;
    }
}
