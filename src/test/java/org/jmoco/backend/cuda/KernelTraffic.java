package org.jmoco.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.ptx.LaunchCounts;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/**
 * What the kernels of an operation move, counted while the PTX machine executes them, against what they have to move. Operands
 * are all zeros (views: the images' places are what they must be): beside views, whose draws are fixed, no kernel here branches
 * on data.
 *
 * @param problem the operation and its sizes
 * @param elements of the operand that bytes are counted per
 * @param fewest bytes per element that have to be moved if nothing of a map stays on the chip from launch to launch
 * @param slack what the test tolerates, as a multiple of {@code fewest}: constants that every thread loads, rows read again
 * @param coalesced what it tolerates of a kernel's sectors, as a multiple of the fewest
 * @param run runs the operation on a device and leaves its counts there
 */
record KernelTraffic(String problem, Precision precision, long elements, double fewest, double slack, double coalesced,
        Consumer<EmulatedGpu> run) {
    private static final long DEVICE_BYTES = 1L << 28;
    /** Vector kernels: whole sectors, every one needed; each thread also loads the constants of its channels. */
    static final double CONSTANTS = 1.13;
    /** A row that does not begin with a sector touches one more than it needs, and C = 33 fills two of three warps. */
    private static final double RAGGED = 1.5;

    /** What one operation did. @param kernels in order of first launch */
    record Measured(KernelTraffic of, List<LaunchCounts> kernels) {
        double bytesPerElement() {
            return kernels.stream().mapToDouble(this::bytesPerElement).sum();
        }

        double bytesPerElement(LaunchCounts k) {
            return (double) (k.globalBytesRead() + k.globalBytesWritten()) / of.elements;
        }

        double ratio() {
            return bytesPerElement() / of.fewest;
        }
    }

    Measured measure() {
        // a thread then has as many rows as at full size
        try (EmulatedGpu gpu = new EmulatedGpu(precision == Precision.F16 ? 70 : 90, DEVICE_BYTES, 1)) {
            run.accept(gpu);
            return new Measured(this, gpu.counts());
        }
    }

    // ---- the operations ----------------------------------------------------------------------------------------

    static List<KernelTraffic> all() {
        List<KernelTraffic> all = new ArrayList<>();
        for (Precision p : new Precision[] {Precision.F32, Precision.BF16, Precision.F16}) {
            addBatchNorm(all, p);
            addMaps(all, p);
            addOptimisers(all, p);
            OtherTraffic.addScalar(all, p);
            if (p != Precision.F32) {
                OtherTraffic.addNarrow(all, p);
            }
            OtherTraffic.addViews(all, p);
        }
        addRows(all);
        OtherTraffic.addRows(all);
        OtherTraffic.addProducts(all);
        addNaive(all);
        return all;
    }

    private static void addBatchNorm(List<KernelTraffic> all, Precision p) {
        int e = p.featureMaps().bytes;
        double perPack = e / 16.0; // a byte for each pack
        BatchNormGeometry wide = new BatchNormGeometry(16, 16, 16, 64, 2, 1e-5, 0.1);
        all.add(forward(p, wide, false, 3 * e, CONSTANTS, 1));
        all.add(forward(p, wide, true, 4 * e, CONSTANTS, 1));
        all.add(inference(p, wide, 2 * e, 1));
        all.add(backward(p, wide, true, false, 6 * e + 2 * perPack, CONSTANTS, 1));
        all.add(backward(p, wide, true, true, 7 * e, CONSTANTS, 1));
        all.add(backward(p, wide, false, false, 5 * e, CONSTANTS, 1));
        BatchNormGeometry awkward = new BatchNormGeometry(8, 13, 13, 33, 2, 1e-5, 0.1);
        all.add(forward(p, awkward, false, 3 * e, CONSTANTS, RAGGED));
        all.add(inference(p, awkward, 2 * e, RAGGED));
        all.add(backward(p, awkward, true, false, 6 * e + 2, CONSTANTS, RAGGED));
    }

    private static void addMaps(List<KernelTraffic> all, Precision p) {
        int e = p.featureMaps().bytes;
        Shape x = Shape.of(4, 16, 16, 64);
        all.add(operation("relu_fwd x" + x, p, x, 2 * e, 1, (b, rec) -> rec.reluForward("r", real(b, "y", x), real(b, "x", x))));
        all.add(operation("relu_bwd x" + x, p, x, 3 * e, 1, (b, rec) ->
                rec.reluBackward("r", real(b, "dx", x), real(b, "dy", x), real(b, "y", x))));
        // Windows of 3 x 3 at stride 2 overlap: a pixel is read 9 / 4 times, all but once from cache.
        ConvGeometry window = new ConvGeometry(2, 16, 16, 64, 64, 3, 3, 2, 1);
        double outputs = (double) window.y().size() / window.x().size();
        double windows = 9 / 4.0;
        all.add(operation("max_pool_fwd " + window, p, window.x(), e + (e + 4) * outputs, windows,
                (b, rec) -> rec.maxPoolForward("p", window,
                real(b, "y", window.y()), ints(b, "argmax", window.y()), real(b, "x", window.x()))));
        // And a pixel looks at up to 4 windows' gradients and winners.
        all.add(operation("max_pool_bwd " + window, p, window.x(), e + (e + 4) * outputs, 2 * windows,
                (b, rec) -> rec.maxPoolBackward("p", window,
                real(b, "dx", window.x()), real(b, "dy", window.y()), ints(b, "argmax", window.y()))));
        Shape pooled = Shape.of(4, 64);
        all.add(operation("avg_pool_fwd x" + x, p, x, e + 4.0 / 256, 1, (b, rec) ->
                rec.globalAvgPoolForward("p", real(b, "y", pooled), real(b, "x", x))));
        all.add(operation("avg_pool_bwd x" + x, p, x, e + 4.0 / 256, 1, (b, rec) ->
                rec.globalAvgPoolBackward("p", real(b, "dx", x), real(b, "dy", pooled))));
        all.add(operation("gather_rows x" + x, p, x, 2 * e, CONSTANTS, (b, rec) ->
                rec.gatherRows("g", real(b, "dst", x), real(b, "src", x), ints(b, "index", Shape.of(4)))));
    }

    private static void addOptimisers(List<KernelTraffic> all, Precision p) {
        Shape flat = Shape.of(70_001);
        int copy = p == Precision.F32 ? 0 : 2;
        all.add(operation("sgd x" + flat, p, flat, 20 + copy, CONSTANTS,
                (b, rec) -> rec.sgd("o", weights(b, "w", flat), real(b, "dw", flat),
                real(b, "velocity", flat), real(b, "lr", Shape.SCALAR), 0.9, 5e-4)));
        all.add(operation("adam x" + flat, p, flat, 28 + copy, CONSTANTS,
                (b, rec) -> rec.adam("o", weights(b, "w", flat), real(b, "dw", flat),
                real(b, "m", flat), real(b, "v", flat), real(b, "lr", Shape.SCALAR), ints(b, "step", Shape.SCALAR), 0.9, 0.999,
                1e-8, 0)));
        all.add(operation("momentum x" + flat, p, flat, 12 + copy, 1, (b, rec) ->
                rec.momentumUpdate("o", weights(b, "key", flat), weights(b, "query", flat), 0.99)));
    }

    /** Matrices of some kilobytes, f32 in every precision; their rows are read two or three times, all but once from cache. */
    private static void addRows(List<KernelTraffic> all) {
        Precision p = Precision.F32;
        Shape x = Shape.of(64, 128);
        Shape perRow = Shape.of(64);
        all.add(operation("l2_norm_fwd x" + x, p, x, 8, 1.6, (b, rec) ->
                rec.l2NormalizeForward("n", real(b, "y", x), real(b, "norm", perRow), real(b, "x", x))));
        all.add(operation("l2_norm_bwd x" + x, p, x, 12, 1.8, (b, rec) ->
                rec.l2NormalizeBackward("n", real(b, "dx", x), real(b, "dy", x), real(b, "y", x), real(b, "norm", perRow))));
        all.add(operation("softmax x" + x, p, x, 8, 2, (b, rec) -> rec.softmax("s", real(b, "p", x), real(b, "logits", x))));
        all.add(operation("cross_entropy x" + x, p, x, 8, 2.3,
                (b, rec) -> rec.softmaxCrossEntropy("c", real(b, "loss", Shape.SCALAR),
                ints(b, "correct", Shape.SCALAR), real(b, "dlogits", x), real(b, "logits", x), ints(b, "labels", perRow))));
        all.add(operation("enqueue x" + x, p, x, 8, CONSTANTS, (b, rec) ->
                rec.enqueue("q", real(b, "queue", Shape.of(256, 128)), ints(b, "head", Shape.SCALAR), real(b, "keys", x))));
        Shape flat = Shape.of(70_001);
        all.add(operation("flag_non_finite x" + flat, p, flat, 4, 1, (b, rec) ->
                rec.flagNonFinite("f", ints(b, "flag", Shape.SCALAR), real(b, "x", flat))));
    }

    /** The version of batch norm's statistics that its file keeps for comparison: it reads a sector for every element. */
    private static void addNaive(List<KernelTraffic> all) {
        BatchNormGeometry g = new BatchNormGeometry(16, 16, 16, 64, 2, 1e-5, 0.1);
        all.add(new KernelTraffic("statistics alone, naive, " + g, Precision.F32, g.x().size(), 4, 1.01, 8.1, gpu -> {
            Kernel naive = new KernelLibrary(gpu).kernel("batch_norm", "batch_norm_statistics_naive_f32");
            long x = gpu.allocate(4 * g.x().size(), "x");
            long saved = gpu.allocate(8 * g.saved().size(), "saved");
            gpu.launch(new Launch(naive, Dim.of(g.c(), g.splits()), Dim.of(256), 0, saved, saved + 4 * g.saved().size(), x,
                    g.groupSize(), g.h() * g.w(), g.c(), g.splits(), (float) g.eps()));
        }));
    }

    static Buffer real(CudaBackend b, String name, Shape shape) {
        return b.declare(Region.INPUT, name, shape);
    }

    private static Buffer weights(CudaBackend b, String name, Shape shape) {
        return b.declare(Region.PARAMETERS, name, shape);
    }

    static Buffer ints(CudaBackend b, String name, Shape shape) {
        return b.memory().declare(Region.INPUT, name, DType.I32, shape);
    }

    /** One operation of {@code shape}'s elements, on a backend whose operands all are zero. */
    static KernelTraffic operation(String problem, Precision p, Shape shape, double fewest, double slack,
            BiConsumer<CudaBackend, Recorder> record) {
        return operation(problem, p, shape, fewest, slack, 1, record);
    }

    static KernelTraffic operation(String problem, Precision p, Shape shape, double fewest, double slack, double coalesced,
            BiConsumer<CudaBackend, Recorder> record) {
        return new KernelTraffic(problem, p, shape.size(), fewest, slack, coalesced, gpu -> {
            CudaBackend b = CudaBackend.open(gpu, CudaOptions.of(p).withGraphs(false));
            Recorder rec = b.record("traffic");
            record.accept(b, rec);
            Program program = rec.finish();
            b.allocate();
            gpu.resetCounts();
            program.run();
        });
    }

    private static KernelTraffic forward(Precision p, BatchNormGeometry g, boolean residual, double fewest, double slack,
            double coalesced) {
        return operation("batch_norm_fwd " + g + (residual ? " add" : "") + " relu", p, g.x(), fewest, slack, coalesced,
                (b, rec) ->
                rec.batchNormForward("bn", g, real(b, "y", g.x()), real(b, "x", g.x()),
                        residual ? real(b, "residual", g.x()) : null, real(b, "gamma", g.perChannel()),
                        real(b, "beta", g.perChannel()), real(b, "runningMean", g.perChannel()),
                        real(b, "runningVar", g.perChannel()), real(b, "savedMean", g.saved()), real(b, "savedInvStd", g.saved()),
                        true));
    }

    private static KernelTraffic inference(Precision p, BatchNormGeometry g, double fewest, double coalesced) {
        return operation("batch_norm_inf " + g + " relu", p, g.x(), fewest, CONSTANTS, coalesced, (b, rec) ->
                rec.batchNormInference("bn", g, real(b, "y", g.x()), real(b, "x", g.x()), null, real(b, "gamma", g.perChannel()),
                        real(b, "beta", g.perChannel()), real(b, "runningMean", g.perChannel()),
                        real(b, "runningVar", g.perChannel()), true));
    }

    private static KernelTraffic backward(Precision p, BatchNormGeometry g, boolean relu, boolean residual, double fewest,
            double slack, double coalesced) {
        return operation("batch_norm_bwd " + g + (residual ? " add" : "") + (relu ? " relu" : ""), p, g.x(), fewest, slack,
                coalesced, (b, rec) ->
                rec.batchNormBackward("bn", g, real(b, "dx", g.x()), residual ? real(b, "dResidual", g.x()) : null,
                        real(b, "dgamma", g.perChannel()), real(b, "dbeta", g.perChannel()), real(b, "dy", g.x()),
                        real(b, "x", g.x()), relu ? real(b, "y", g.x()) : null, real(b, "gamma", g.perChannel()),
                        real(b, "savedMean", g.saved()), real(b, "savedInvStd", g.saved()), relu, false));
    }
}
