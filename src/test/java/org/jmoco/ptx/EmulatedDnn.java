package org.jmoco.ptx;

import java.util.List;
import java.util.stream.IntStream;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.cuda.Dnn;
import org.jmoco.backend.cuda.GpuException;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.tensor.DType;

/**
 * cuDNN's convolutions as plain loops, with what its documentation demands of the caller, and what the seam's {@link Dnn} demands
 * beyond that. The algorithms have cuDNN's numbers and names; those that are not deterministic in cuDNN add
 * in another order at each call here, so that a test which uses one by mistake sees two results.
 *
 * <p>Forward adds in f64 and rounds once; gradients are added in f32. What is tested here is jmoco and not how cuDNN rounds,
 * which nobody says; and the rounding of forward sums decides: an activation that it puts on the other side of its ReLU changes a
 * gradient by far more than any sum in f32 does. With forward sums in f32, in chains of 16 terms, step 1 of the golden fine-tune
 * file has gradients that are off by 9.6e-4 (norms) and 1.2e-2 (elements), with sums in f64 by 1.4e-4 and 1.8e-3, whatever the
 * gradients are added in.
 */
public final class EmulatedDnn implements Dnn {
    /** cuDNN's tensors must be aligned so that its kernels can load 16 bytes at once. */
    private static final int ALIGNMENT = 16;

    private static final int WORKSPACE_ALIGNMENT = 256;

    /** Their gradient stays in cache, and there are tasks enough for some cores. */
    private static final int FILTERS_PER_TASK = 8;

    private final LibraryHost host;
    private int calls;

    public EmulatedDnn(LibraryHost host) {
        this.host = host;
    }

    @Override
    public Convolution convolution(Direction direction, ConvGeometry g, Precision precision) {
        if (Math.max(g.x().size(), g.y().size()) > Integer.MAX_VALUE) {
            throw new GpuException("cudnnSetTensor4dDescriptor of " + (g.x().size() > Integer.MAX_VALUE ? "x" : "y") + ", "
                    + direction + " " + g + ": CUDNN_STATUS_NOT_SUPPORTED (3000)");
        }
        return new Loops(direction, g, precision, algorithms(direction, g), null);
    }

    @Override
    public Convolution graphConvolution(Direction direction, ConvGeometry g, Precision precision, boolean accumulate) {
        return new Loops(direction, g, precision, List.of(new Algorithm(100, "ENGINE_0_k2=6", 0, false),
                new Algorithm(101, "ENGINE_57", workspace(g) + 5, true)), accumulate ? 1f : 0f);
    }

    /** A workspace whose size is no round number. */
    private static long workspace(ConvGeometry g) {
        return 12L * g.k() + g.c() + 1;
    }

    private static List<Algorithm> algorithms(Direction direction, ConvGeometry g) {
        return switch (direction) {
            case FORWARD -> List.of(new Algorithm(1, "IMPLICIT_PRECOMP_GEMM", workspace(g), true));
            case BACKWARD_DATA -> List.of(new Algorithm(0, "ALGO_0", 0, false), new Algorithm(1, "ALGO_1", workspace(g), true));
            case BACKWARD_WEIGHTS -> List.of(new Algorithm(3, "ALGO_3", 0, false), new Algorithm(0, "ALGO_0", 0, false),
                    new Algorithm(1, "ALGO_1", workspace(g), true));
        };
    }

    /** sum[at + i] += factor v[from + i]. */
    private static void addScaled(float[] sum, int at, float factor, float[] v, int from, int length) {
        for (int i = 0; i < length; i++) {
            sum[at + i] += factor * v[from + i];
        }
    }

    /** sum += factor v[from ...]; the product of two f32 numbers is exact in f64. */
    private static void addScaled(double[] sum, double factor, float[] v, int from) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += factor * v[from + i];
        }
    }

    private record Operand(String name, long address, int size) {
        boolean overlaps(Operand o, int bytes) {
            return address < o.address + (long) o.size * bytes && o.address < address + (long) size * bytes;
        }
    }

    private final class Loops implements Convolution {
        private final Direction direction;
        private final ConvGeometry g;
        private final Precision precision;
        private final DType type;
        private final String call;
        private final List<Algorithm> algorithms;
        private final Float graphBeta; // null: every beta
        private boolean closed;

        Loops(Direction direction, ConvGeometry g, Precision precision, List<Algorithm> algorithms, Float graphBeta) {
            this.direction = direction;
            this.g = g;
            this.precision = precision;
            this.type = precision.featureMaps();
            this.algorithms = algorithms;
            this.graphBeta = graphBeta;
            this.call = switch (direction) {
                case FORWARD -> "cudnnConvolutionForward ";
                case BACKWARD_DATA -> "cudnnConvolutionBackwardData ";
                case BACKWARD_WEIGHTS -> "cudnnConvolutionBackwardFilter ";
            } + g + " " + type;
        }

        @Override
        public List<Algorithm> algorithms() {
            requireOpen();
            return algorithms;
        }

        @Override
        public void run(Algorithm algorithm, long out, long first, long second, float beta, long workspace, long workspaceBytes) {
            requireOpen();
            require(algorithms.contains(algorithm), algorithm + " is none of this problem's");
            require(workspaceBytes >= algorithm.workspaceBytes(),
                    "the workspace has " + workspaceBytes + " bytes, " + algorithm + " needs more");
            require(workspace % WORKSPACE_ALIGNMENT == 0, "the workspace is at 0x" + Long.toHexString(workspace));
            require((workspace == 0) == (algorithm.workspaceBytes() == 0),
                    "workspace 0x" + Long.toHexString(workspace) + " for " + algorithm);
            require(beta == 0 || beta == 1, "beta is " + beta);
            require(graphBeta == null || beta == graphBeta, "beta is " + beta + ", the graph was made for " + graphBeta);
            int x = Math.toIntExact(g.x().size());
            int w = Math.toIntExact(g.filter().size());
            int y = Math.toIntExact(g.y().size());
            Operand[] o = switch (direction) {
                case FORWARD -> new Operand[] {new Operand("y", out, y), new Operand("x", first, x), new Operand("w", second, w)};
                case BACKWARD_DATA -> new Operand[] {new Operand("dx", out, x), new Operand("dy", first, y),
                        new Operand("w", second, w)};
                case BACKWARD_WEIGHTS -> new Operand[] {new Operand("dw", out, w), new Operand("x", first, x),
                        new Operand("dy", second, y)};
            };
            for (Operand operand : o) {
                require(operand.address % ALIGNMENT == 0, operand.name + " is at 0x" + Long.toHexString(operand.address)
                        + ", not aligned to " + ALIGNMENT);
            }
            require(!o[0].overlaps(o[1], type.bytes) && !o[0].overlaps(o[2], type.bytes), o[0].name + " overlaps an input");
            host.enqueue(call, () -> carryOut(algorithm, o, beta, workspace));
        }

        private void carryOut(Algorithm algorithm, Operand[] o, float beta, long workspace) {
            if (algorithm.workspaceBytes() > 0) {
                host.scribble(call, workspace, algorithm.workspaceBytes());
            }
            float[] a = read(o[1]);
            float[] b = read(o[2]);
            int turn = algorithm.deterministic() ? 0 : calls++;
            float[] result = switch (direction) {
                case FORWARD -> forward(a, b);
                case BACKWARD_DATA -> backwardData(a, b, turn);
                case BACKWARD_WEIGHTS -> backwardWeights(a, b, turn);
            };
            if (beta == 1) {
                float[] before = host.read(call + " " + o[0].name, o[0].address, result.length, type);
                for (int i = 0; i < result.length; i++) {
                    result[i] += before[i];
                }
            }
            host.write(call + " " + o[0].name, o[0].address, result, type);
        }

        private float[] read(Operand o) {
            float[] v = host.read(call + " " + o.name, o.address, o.size, type);
            return precision == Precision.TF32 ? EmulatedBlas.cutToTf32(v) : v;
        }

        /** Where x lies for output pixel (p, q) and tap (r, s), or -1 in the padding. */
        private int pixel(int n, int p, int q, int r, int s) {
            int h = p * g.stride() + r - g.pad();
            int v = q * g.stride() + s - g.pad();
            return h < 0 || h >= g.h() || v < 0 || v >= g.w() ? -1 : ((n * g.h() + h) * g.w() + v) * g.c();
        }

        /** Each task is an output pixel: all filters at once. */
        private float[] forward(float[] x, float[] w) {
            float[] y = new float[Math.toIntExact(g.y().size())];
            int rsc = g.r() * g.s() * g.c();
            float[] taps = new float[w.length]; // [r,s,c][k]
            for (int k = 0; k < g.k(); k++) {
                for (int i = 0; i < rsc; i++) {
                    taps[i * g.k() + k] = w[k * rsc + i];
                }
            }
            IntStream.range(0, g.n() * g.p() * g.q()).parallel().forEach(npq -> {
                double[] sum = new double[g.k()];
                for (int tap = 0; tap < g.r() * g.s(); tap++) {
                    int from = pixel(npq / (g.p() * g.q()), npq / g.q() % g.p(), npq % g.q(), tap / g.s(), tap % g.s());
                    for (int c = 0; from >= 0 && c < g.c(); c++) {
                        addScaled(sum, x[from + c], taps, (tap * g.c() + c) * g.k());
                    }
                }
                for (int k = 0; k < g.k(); k++) {
                    y[npq * g.k() + k] = (float) sum[k];
                }
            });
            return y;
        }

        /** Each task is an image: scatters dy. The order of the taps and filters starts at {@code turn}. */
        private float[] backwardData(float[] dy, float[] w, int turn) {
            float[] dx = new float[Math.toIntExact(g.x().size())];
            int taps = g.r() * g.s();
            IntStream.range(0, g.n()).parallel().forEach(n -> {
                for (int pq = 0; pq < g.p() * g.q(); pq++) {
                    for (int t = 0; t < taps; t++) {
                        int tap = (t + turn) % taps;
                        int to = pixel(n, pq / g.q(), pq % g.q(), tap / g.s(), tap % g.s());
                        for (int i = 0; to >= 0 && i < g.k(); i++) {
                            int k = (i + turn) % g.k();
                            addScaled(dx, to, dy[(n * g.p() * g.q() + pq) * g.k() + k], w, (k * taps + tap) * g.c(), g.c());
                        }
                    }
                }
            });
            return dx;
        }

        /** Each task is some filters. The order of the output pixels starts at {@code turn}. */
        private float[] backwardWeights(float[] x, float[] dy, int turn) {
            float[] dw = new float[Math.toIntExact(g.filter().size())];
            int pixels = g.n() * g.p() * g.q();
            int taps = g.r() * g.s();
            IntStream.range(0, Math.ceilDiv(g.k(), FILTERS_PER_TASK)).parallel().forEach(task -> {
                int firstK = task * FILTERS_PER_TASK;
                int endK = Math.min(g.k(), firstK + FILTERS_PER_TASK);
                for (int i = 0; i < pixels; i++) {
                    int npq = (i + turn) % pixels;
                    for (int tap = 0; tap < taps; tap++) {
                        int from = pixel(npq / (g.p() * g.q()), npq / g.q() % g.p(), npq % g.q(), tap / g.s(), tap % g.s());
                        for (int k = firstK; from >= 0 && k < endK; k++) {
                            addScaled(dw, (k * taps + tap) * g.c(), dy[npq * g.k() + k], x, from, g.c());
                        }
                    }
                }
            });
            return dw;
        }

        private void requireOpen() {
            if (closed) {
                throw new GpuException(call + ": CUDNN_STATUS_BAD_PARAM: descriptors were destroyed");
            }
        }

        private void require(boolean condition, String message) {
            if (!condition) {
                throw new GpuException(call + ": CUDNN_STATUS_BAD_PARAM: " + message);
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
