package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.InfoNceTiles.Cut;
import org.jmoco.backend.cuda.InfoNceWorks.Contrast;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.ptx.BlockOrder;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.Bf16;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Each kernel of InfoNCE, as it ships, on the PTX machine against the reference backend: whole tiles and parts of tiles, one part
 * of the queue and several, rows at addresses that vectors can and can not load. Results and workspace are poisoned before. The
 * yardstick with stored logits is one of the ways, so fused and stored agree within their bounds.
 */
class InfoNceKernelsTest {
    /** N, M, D. */
    private static final int[][] SIZES = {{1, 1, 1}, {7, 13, 5}, {33, 130, 64}, {33, 13, 33}, {7, 130, 128}, {2, 1, 100}};
    private static final double EPS = 0x1p-24;

    /** A way to compute: what rounds the operands of products, and how far features may go. */
    private record Way(String name, double roundoff, int width, BiFunction<Rig, Contrast, Work> work) {}

    private static final List<Way> WAYS = List.of(
            new Way("stored", 0, 600, (rig, c) -> new InfoNceStored(rig, c)),
            new Way("naive", 0, 600, (rig, c) -> new InfoNceWorks(rig).naive(c)),
            tiled("f32", Precision.F32, 0, 512),
            tiled("tf32", Precision.TF32, 0x1p-11, 256),
            tiled("bf16", Precision.BF16, Bf16.ROUNDOFF, 256));

    /** In parts of one tile each, so that even a short queue has several and the last is not whole. */
    private static Way tiled(String name, Precision precision, double roundoff, int width) {
        return new Way(name, roundoff, width, (rig, c) -> {
            InfoNceTiles tiles = InfoNceTiles.choose(precision, c.d(), rig.gpu.info());
            assertTrue(tiles.entry().contains(name), tiles.entry());
            return new InfoNceWorks(rig).tiled(c, tiles, new Cut(tiles.keys(), Math.ceilDiv(c.m(), tiles.keys())));
        });
    }

    // ---- data --------------------------------------------------------------------------------------------------

    /** Rows of unit length. Every other key is its query, every third key is in the queue as well: a tie. */
    private record Data(int n, int m, int d, double temperature, float[] q, float[] k, float[] queue, boolean exact) {
        Data(int n, int m, int d, double temperature, float[] q, float[] k, float[] queue) {
            this(n, m, d, temperature, q, k, queue, false);
        }

        /** Elements are 1/16 or -1/16, which rounding to tf32 or bf16 leaves as they are. Rows have a length of at most 1. */
        static Data ofSigns(int n, int m, int d, double temperature) {
            Data random = of(n, m, d, temperature);
            for (float[] x : new float[][] {random.q, random.k, random.queue}) {
                for (int i = 0; i < x.length; i++) {
                    x[i] = x[i] < 0 ? -0x1p-4f : 0x1p-4f;
                }
            }
            return new Data(n, m, d, temperature, random.q, random.k, random.queue, true);
        }

        static Data of(int n, int m, int d, double temperature) {
            Philox random = new Philox(n * 31 + m, Philox.Purpose.TEST, 0, d);
            float[] q = rows(random, n, d);
            float[] k = rows(random, n, d);
            float[] queue = rows(random, m, d);
            for (int i = 0; i < n; i += 2) {
                System.arraycopy(q, i * d, k, i * d, d);
            }
            for (int i = 0; i < n; i += 3) {
                System.arraycopy(k, i * d, queue, i * 7 % m * d, d);
            }
            return new Data(n, m, d, temperature, q, k, queue);
        }

        private static float[] rows(Philox random, int n, int d) {
            float[] x = new float[n * d];
            for (int i = 0; i < n; i++) {
                double squares = 0;
                for (int j = 0; j < d; j++) {
                    x[i * d + j] = 2 * random.nextFloat() - 1;
                    squares += x[i * d + j] * x[i * d + j];
                }
                for (int j = 0; j < d; j++) {
                    x[i * d + j] /= (float) Math.sqrt(squares);
                }
            }
            return x;
        }

        @Override
        public String toString() {
            return "n" + n + " m" + m + " d" + d + " t" + temperature;
        }
    }

    private record Result(double loss, int correct, double[] dq) {}

    private static Result reference(Data data, double lossBefore, int correctBefore) {
        try (Backend b = ReferenceBackend.open(DType.F64, 1)) {
            Buffer loss = b.declare(Region.OUTPUT, "loss", Shape.SCALAR);
            Buffer correct = b.memory().declare(Region.OUTPUT, "correct", DType.I32, Shape.SCALAR);
            Buffer dq = b.declare(Region.OUTPUT, "dq", Shape.of(data.n, data.d));
            Buffer q = b.declare(Region.INPUT, "q", Shape.of(data.n, data.d));
            Buffer k = b.declare(Region.INPUT, "k", Shape.of(data.n, data.d));
            Buffer queue = b.declare(Region.INPUT, "queue", Shape.of(data.m, data.d));
            Recorder rec = b.record("reference");
            rec.infoNce("loss", loss, correct, dq, q, k, queue, data.temperature, true);
            Program program = rec.finish();
            b.allocate();
            b.set(loss, lossBefore);
            b.set(correct, correctBefore);
            b.upload(q, HostTensor.of(q.shape(), data.q));
            b.upload(k, HostTensor.of(k.shape(), data.k));
            b.upload(queue, HostTensor.of(queue.shape(), data.queue));
            program.run();
            return new Result(b.get(loss), (int) b.get(correct), b.download(dq).doubles());
        }
    }

    // ---- device ------------------------------------------------------------------------------------------------

    /**
     * A device with the operands in its memory; buffers start {@code shift} floats behind an address that vectors can load from.
     */
    private static final class Rig implements CudaContext {
        private final EmulatedGpu gpu;
        private final KernelLibrary kernels;
        private final Backend names = ReferenceBackend.open(DType.F32, 1); // declares buffers, computes nothing
        private final int shift;

        Rig(EmulatedGpu gpu, int shift) {
            this.gpu = gpu;
            gpu.countTraffic(false);
            this.shift = shift;
            kernels = new KernelLibrary(gpu);
        }

        Buffer buffer(String name, DType type, Shape shape, float[] values) {
            Buffer b = names.memory().declare(Region.INPUT, name, type, shape);
            long address = gpu.allocate(b.bytes() + 4L * shift, name) + 4L * shift;
            b.place(null, address);
            if (values != null) {
                gpu.upload(address, MemorySegment.ofArray(values));
            } else {
                gpu.memory().poison(address, b.bytes());
            }
            return b;
        }

        Result run(Way way, Data data, float[] lossBefore, int[] correctBefore) {
            Contrast c = new Contrast(buffer("loss", DType.F32, Shape.SCALAR, lossBefore),
                    buffer("correct", DType.I32, Shape.SCALAR, null), buffer("dq", DType.F32, Shape.of(data.n, data.d), null),
                    buffer("q", DType.F32, Shape.of(data.n, data.d), data.q),
                    buffer("k", DType.F32, Shape.of(data.n, data.d), data.k),
                    buffer("queue", DType.F32, Shape.of(data.m, data.d), data.queue), data.temperature, lossBefore != null);
            if (correctBefore != null) {
                gpu.upload(c.correct().address(), MemorySegment.ofArray(correctBefore));
            }
            Work work = way.work.apply(this, c);
            long scratch = gpu.allocate(work.scratchBytes(), "scratch");
            gpu.memory().poison(scratch, work.scratchBytes());
            work.bind(scratch);
            work.run();
            float[] loss = new float[1];
            int[] correct = new int[1];
            float[] dq = new float[data.n * data.d];
            gpu.download(MemorySegment.ofArray(loss), c.loss().address());
            gpu.download(MemorySegment.ofArray(correct), c.correct().address());
            gpu.download(MemorySegment.ofArray(dq), c.dq().address());
            double[] wide = new double[dq.length];
            for (int i = 0; i < dq.length; i++) {
                wide[i] = dq[i];
            }
            return new Result(loss[0], correct[0], wide);
        }

        @Override
        public Gpu gpu() {
            return gpu;
        }

        @Override
        public Kernel kernel(String module, String entry) {
            return kernels.kernel(module, entry);
        }

        @Override
        public Precision precision() {
            return Precision.F32;
        }

        @Override
        public long computeAddress(Buffer weights) {
            return weights.address();
        }

        @Override
        public boolean hasComputeCopy(Buffer parameters) {
            return false;
        }
    }

    // ---- bounds ------------------------------------------------------------------------------------------------

    /** Of a product of two operands that are each rounded by u. */
    private static double ofProduct(double u) {
        return 2 * u + u * u;
    }

    /**
     * Largest error of a logit of rows of unit length: a chain of D fma, scaling and the exponential's argument, each relative to
     * absolute products that sum to 1 at most; and the rounding of the operands. A product of the tensor cores adds in an order
     * of its own, which 2 D covers as well.
     */
    private static double logitError(Way way, Data data) {
        double ofOperands = data.exact ? 0 : ofProduct(way.roundoff);
        return ((2 * data.d + 12) * EPS + ofOperands) / data.temperature;
    }

    private static void compare(Way way, Data data, Result expected, Result got) {
        String problem = "info_nce " + way.name + " " + data;
        double dl = logitError(way, data);
        double weight = 2 * dl + (2 * data.m + 16) * EPS;
        assertEquals(expected.loss, got.loss, weight + dl + 4 * EPS * Math.abs(expected.loss), problem + ": loss");
        double relative = weight + ofProduct(way.roundoff) + (2 * data.m + 8) * EPS;
        for (int i = 0; i < got.dq.length; i++) {
            double reach = Math.abs(data.k[i]);
            for (int j = 0; j < data.m; j++) {
                reach = Math.max(reach, Math.abs(data.queue[j * data.d + i % data.d]));
            }
            double bound = relative * reach / (data.temperature * data.n);
            assertEquals(expected.dq[i], got.dq[i], bound, problem + ": dq[" + i / data.d + "," + i % data.d + "]");
        }
        assertEquals(expected.correct, got.correct, undecided(way, data), problem + ": correct");
    }

    /**
     * Rows whose positive and best negative differ, but by less than rounding may do. A tie is none of them: it stays one, save
     * beside cuBLAS.
     */
    private static int undecided(Way way, Data data) {
        double near = 2 * logitError(way, data) * data.temperature;
        int count = 0;
        for (int i = 0; i < data.n; i++) {
            double positive = dot(data.q, i, data.k, i, data.d);
            double best = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < data.m; j++) {
                best = Math.max(best, dot(data.q, i, data.queue, j, data.d));
            }
            boolean tie = best == positive && !way.name.equals("stored"); // cuBLAS sums in an order of its own
            count += !tie && Math.abs(best - positive) <= near ? 1 : 0;
        }
        return count;
    }

    private static double dot(float[] a, int i, float[] b, int j, int d) {
        double sum = 0;
        for (int c = 0; c < d; c++) {
            sum += (double) a[i * d + c] * b[j * d + c];
        }
        return sum;
    }

    // ---- tests -------------------------------------------------------------------------------------------------

    @TestFactory
    Stream<DynamicTest> everyWayComputesWhatTheReferenceDoes() {
        return WAYS.stream().map(way -> DynamicTest.dynamicTest(way.name, () -> {
            EmulatedGpu gpu = new EmulatedGpu(90);
            for (int[] s : SIZES) {
                for (int shift = 0; shift <= 1; shift++) {
                    Data data = Data.of(s[0], s[1], s[2], shift == 0 ? 0.1 : 0.05);
                    compare(way, data, reference(data, 0, 0), new Rig(gpu, shift).run(way, data, null, null));
                }
            }
        }));
    }

    @TestFactory
    Stream<DynamicTest> wideFeatures() {
        return WAYS.stream().flatMap(way -> Stream.of(130, 256, 301, 512, 600).filter(d -> d <= way.width).map(d ->
                DynamicTest.dynamicTest(way.name + " d" + d, () -> {
                    Data data = Data.of(3, 33, d, 0.1);
                    compare(way, data, reference(data, 0, 0), new Rig(new EmulatedGpu(90), 0).run(way, data, null, null));
                })));
    }

    /**
     * Operands that no rounding touches, so that a logit is as exact as in f32, and rows in every place of a tile: in rounded
     * operands' bounds there is room for one fragment that takes the wrong register. Each width with rows that vectors can load
     * and with rows that they can not.
     */
    @TestFactory
    Stream<DynamicTest> signsAreMultipliedExactly() {
        return WAYS.stream().filter(way -> way.roundoff > 0).flatMap(way -> Stream.of(64, 128, 256, 34, 66, 130).map(d ->
                DynamicTest.dynamicTest(way.name + " d" + d, () -> {
                    Data data = Data.ofSigns(130, 9600 / d, d, 0.05);
                    compare(way, data, reference(data, 0, 0), new Rig(new EmulatedGpu(90), 0).run(whole(way), data, null, null));
                })));
    }

    /** The tile for a device with little shared memory. */
    @Test
    void aSmallerTileOnAnOlderDevice() {
        Data data = Data.of(33, 70, 128, 0.1);
        EmulatedGpu turing = new EmulatedGpu(75);
        assertEquals("info_nce_f32_d128_small", InfoNceTiles.choose(Precision.F32, 128, turing.info()).entry());
        Way f32 = WAYS.get(2);
        compare(f32, data, reference(data, 0, 0), new Rig(turing, 0).run(f32, data, null, null));
    }

    @Test
    void accumulates() {
        Data data = Data.of(7, 13, 5, 0.1);
        Result expected = reference(data, 3, 5);
        for (Way way : WAYS) {
            compare(way, data, expected, new Rig(new EmulatedGpu(90), 0).run(way, data, new float[] {3}, new int[] {5}));
        }
    }

    /** Also a check that the orders run: a part's results must not meet another's. */
    @Test
    void theOrderOfBlocksDoesNotMatter() {
        Data data = Data.of(70, 100, 33, 0.1);
        for (Way way : WAYS) {
            EmulatedGpu gpu = new EmulatedGpu(90);
            Result forward = new Rig(gpu, 0).run(way, data, null, null);
            gpu.blockOrders(BlockOrder.FORWARD, BlockOrder.REVERSE, BlockOrder.SHUFFLED);
            Result any = new Rig(gpu, 0).run(way, data, null, null);
            assertEquals(forward.loss, any.loss, way.name);
            assertArrayEquals(forward.dq, any.dq, way.name);
        }
    }

    /**
     * A part of many tiles: buffers are used again, the next tile arrives while this one is worked on. Logits grow by more than
     * the slack from tile to tile: the reference of the exponentials has to follow, in every row at another time.
     */
    @TestFactory
    Stream<DynamicTest> aRisingQueueIsRescaled() {
        return WAYS.stream().flatMap(way -> Stream.of(8, 128, 256, 512).filter(d -> d <= way.width).map(d ->
                DynamicTest.dynamicTest(way.name + " d" + d, () -> {
                    Data data = rising(d);
                    compare(way, data, reference(data, 0, 0), new Rig(new EmulatedGpu(90), 0).run(whole(way), data, null, null));
                })));
    }

    private static Data rising(int d) {
        int n = d == 8 ? 40 : 17; // one warp has queries, or two
        int m = 200;
        Data random = Data.of(n, m, d, 0.05);
        float[] queue = new float[m * d];
        for (int j = 0; j < m; j++) {
            int like = j % n;
            for (int c = 0; c < d; c++) {
                queue[j * d + c] = random.q[like * d + c] * (2f * j / m - 1);
            }
        }
        return new Data(n, m, d, 0.05, random.q, random.k, queue);
    }

    /** The same way with the whole queue as one part. */
    private static Way whole(Way way) {
        if (way.name.equals("naive") || way.name.equals("stored")) {
            return way;
        }
        return new Way(way.name, way.roundoff, way.width, (rig, c) -> {
            InfoNceTiles tiles = InfoNceTiles.choose(Precision.valueOf(way.name.toUpperCase(java.util.Locale.ROOT)), c.d(),
                    rig.gpu.info());
            return new InfoNceWorks(rig).tiled(c, tiles, new Cut(Math.ceilDiv(c.m(), tiles.keys()) * tiles.keys(), 1));
        });
    }

    /** A NaN in a key that many queries see makes the loss NaN, never a plausible number. */
    @Test
    void notANumberShows() {
        Data data = Data.of(7, 13, 5, 0.1);
        data.queue[6 * 5 + 2] = Float.NaN;
        List<String> silent = new ArrayList<>();
        for (Way way : WAYS) {
            if (!Double.isNaN(new Rig(new EmulatedGpu(90), 0).run(way, data, null, null).loss)) {
                silent.add(way.name);
            }
        }
        assertEquals(List.of(), silent);
    }
}
