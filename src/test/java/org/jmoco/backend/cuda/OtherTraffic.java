package org.jmoco.backend.cuda;

import static org.jmoco.backend.cuda.KernelTraffic.ints;
import static org.jmoco.backend.cuda.KernelTraffic.operation;
import static org.jmoco.backend.cuda.KernelTraffic.real;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.ViewGeometry;
import org.jmoco.backend.ViewGeometry.Range;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.InfoNceWorks.Contrast;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.Shape;

/**
 * What {@link KernelTraffic} counts beside a step's large maps: variants for rows that vectors cannot load, conversions,
 * counters, and the kernels that arithmetic bounds, not bytes: InfoNCE, neighbours, views.
 */
final class OtherTraffic {
    /** Elements one by one, in rows that begin in mid-sector. */
    private static final double RAGGED = 1.85; // in numbers of two bytes; 1.4 in f32

    private OtherTraffic() {}

    /** Kernels and nothing else: no parameter has a copy. */
    private record Bare(Gpu gpu, KernelLibrary kernels, Precision precision) implements CudaContext {
        @Override
        public Kernel kernel(String module, String entry) {
            return kernels.kernel(module, entry);
        }

        @Override
        public long computeAddress(Buffer weights) {
            throw new AssertionError("no copies here");
        }

        @Override
        public boolean hasComputeCopy(Buffer parameters) {
            return false;
        }
    }

    // ---- maps of 33 channels ------------------------------------------------------------------------------------

    static void addScalar(List<KernelTraffic> all, Precision p) {
        int e = p.featureMaps().bytes;
        ConvGeometry window = new ConvGeometry(2, 16, 16, 33, 33, 3, 3, 2, 1);
        double pooling = e + (e + 4) * (double) window.y().size() / window.x().size();
        all.add(operation("max_pool_fwd " + window, p, window.x(), pooling, 9 / 4.0, RAGGED,
                (b, rec) -> rec.maxPoolForward("p", window,
                real(b, "y", window.y()), ints(b, "argmax", window.y()), real(b, "x", window.x()))));
        all.add(operation("max_pool_bwd " + window, p, window.x(), pooling, 9 / 2.0, RAGGED,
                (b, rec) -> rec.maxPoolBackward("p", window,
                real(b, "dx", window.x()), real(b, "dy", window.y()), ints(b, "argmax", window.y()))));
        Shape x = Shape.of(4, 15, 15, 33);
        Shape pooled = Shape.of(4, 33);
        double averages = e + 4.0 / 225;
        all.add(operation("avg_pool_fwd x" + x, p, x, averages, 1, RAGGED, (b, rec) ->
                rec.globalAvgPoolForward("p", real(b, "y", pooled), real(b, "x", x))));
        all.add(operation("avg_pool_bwd x" + x, p, x, averages, 1, RAGGED, (b, rec) ->
                rec.globalAvgPoolBackward("p", real(b, "dx", x), real(b, "dy", pooled))));
        // Each element also loads its row's index.
        all.add(operation("gather_rows x" + x, p, x, 2 * e, (2.0 * e + 4) / (2 * e), RAGGED, (b, rec) ->
                rec.gatherRows("g", real(b, "dst", x), real(b, "src", x), ints(b, "index", Shape.of(4)))));
    }

    /** Elementwise operations that exist for maps of two bytes alone. */
    static void addNarrow(List<KernelTraffic> all, Precision p) {
        Shape x = Shape.of(4, 16, 16, 64);
        all.add(operation("fill x" + x, p, x, 2, 1, (b, rec) -> rec.fill("f", real(b, "x", x), 1)));
        int n = 70_001;
        all.add(conversion("from f32 x" + n, p, n, 6, (cuda, wide, narrow) -> Conversions.narrow(cuda, narrow, wide, n)));
        all.add(conversion("to f32 x" + n, p, n, 6, (cuda, wide, narrow) -> Conversions.widen(cuda, wide, narrow, n, false)));
        all.add(conversion("add to f32 x" + n, p, n, 10, (cuda, wide, narrow) -> Conversions.widen(cuda, wide, narrow, n, true)));
    }

    @FunctionalInterface
    private interface Converting {
        Launch launch(CudaContext cuda, long wide, long narrow);
    }

    private static KernelTraffic conversion(String problem, Precision p, int n, double fewest, Converting converting) {
        return new KernelTraffic(problem, p, n, fewest, 1, 1, gpu -> {
            Bare cuda = new Bare(gpu, new KernelLibrary(gpu), p);
            long wide = zeros(gpu, 4L * n);
            long narrow = zeros(gpu, 2L * n);
            gpu.resetCounts();
            gpu.launch(converting.launch(cuda, wide, narrow));
        });
    }

    // ---- rows, counters -----------------------------------------------------------------------------------------

    static void addRows(List<KernelTraffic> all) {
        Precision p = Precision.F32;
        Shape x = Shape.of(64, 33);
        Shape perRow = Shape.of(64);
        all.add(operation("l2_norm_fwd x" + x, p, x, 8, 1.6, RAGGED, (b, rec) ->
                rec.l2NormalizeForward("n", real(b, "y", x), real(b, "norm", perRow), real(b, "x", x))));
        all.add(operation("l2_norm_bwd x" + x, p, x, 12, 2, RAGGED, (b, rec) ->
                rec.l2NormalizeBackward("n", real(b, "dx", x), real(b, "dy", x), real(b, "y", x), real(b, "norm", perRow))));
        all.add(operation("enqueue x" + x, p, x, 8, 1.19, RAGGED, (b, rec) ->
                rec.enqueue("q", real(b, "queue", Shape.of(256, 33)), ints(b, "head", Shape.SCALAR), real(b, "keys", x))));
        Shape row = Shape.of(1024);
        all.add(operation("select_row x" + row, p, row, 8, 1.5, (b, rec) ->
                rec.selectRow("s", real(b, "dst", row), real(b, "table", Shape.of(4, 1024)), ints(b, "index", Shape.SCALAR))));
        all.add(operation("store", p, Shape.SCALAR, 12, 1, 8, (b, rec) ->
                rec.store("s", real(b, "log", row), ints(b, "index", Shape.SCALAR), real(b, "value", Shape.SCALAR))));
        all.add(operation("increment", p, Shape.SCALAR, 8, 1, 8,
                (b, rec) -> rec.increment("i", ints(b, "counter", Shape.SCALAR))));
        all.add(operation("scale_loss x" + x, p, x, 8, KernelTraffic.CONSTANTS, (b, rec) ->
                rec.scaleLoss("s", real(b, "x", x), ints(b, "exponent", Shape.SCALAR))));
        all.add(operation("adapt_loss_scale", p, Shape.SCALAR, 24, 1, 8, (b, rec) -> rec.adaptLossScale("a",
                ints(b, "exponent", Shape.SCALAR), ints(b, "finite", Shape.SCALAR), ints(b, "nonFinite", Shape.SCALAR), 100)));
    }

    // ---- bound by arithmetic ------------------------------------------------------------------------------------

    /**
     * Per element of the queue or the bank, which is read once if the queries stay on the chip. Beyond that the
     * tiled ways move the queries once a block and partial sums of dq out and in, which weigh much at 16 queries and 128 keys.
     * The naive way reads the queue three times for every query. Similarities go through memory before the neighbours are
     * selected.
     */
    static void addProducts(List<KernelTraffic> all) {
        for (InfoNceTiles t : InfoNceTiles.all()) {
            Precision p = t.entry().contains("bf16") ? Precision.BF16 : t.entry().contains("tf32") ? Precision.TF32
                    : Precision.F32;
            all.add(contrast(t.entry().substring("info_nce_".length()), p, t.width(), 4 + 12.0 / 8, 1.85, RAGGED, cuda -> c ->
                    new InfoNceWorks(cuda).tiled(c, t, t.cut(c.n(), c.m(), cuda.gpu().info()))));
        }
        all.add(contrast("naive", Precision.F32, 64, 4 + 12.0 / 8, 47, 5.3, cuda -> c -> new InfoNceWorks(cuda).naive(c)));
        all.add(contrast("stored logits, without its products", Precision.F32, 64, 4.0 * 16 * 2 / 64 + 12.0 / 8, 1.75, RAGGED,
                cuda -> c ->
                new InfoNceStored(cuda, c)));
        int n = 16;
        int m = 256;
        int d = 64;
        int k = 8;
        Shape bank = Shape.of(m, d);
        all.add(operation("top_k n16 k8 of x" + bank, Precision.F32, bank, 4 + (4.0 * n * d + 8 * n * k) / (m * d), 4.9, RAGGED,
                (b, rec) ->
                rec.topK("k", ints(b, "index", Shape.of(n, k)), real(b, "similarity", Shape.of(n, k)),
                        real(b, "q", Shape.of(n, d)), real(b, "bank", bank))));
    }

    /** 16 queries against 128 keys of {@code d} features. */
    private static KernelTraffic contrast(String way, Precision p, int d, double fewest, double slack, double coalesced,
            Function<CudaContext, Function<Contrast, Work>> works) {
        int n = 16;
        int m = 128;
        return new KernelTraffic("info_nce n16 m128 d" + d + " " + way, p, (long) m * d, fewest, slack, coalesced, gpu -> {
            CudaBackend b = CudaBackend.open(gpu, CudaOptions.of(p).withGraphs(false));
            Shape queries = Shape.of(n, d);
            Contrast c = new Contrast(real(b, "loss", Shape.SCALAR), ints(b, "correct", Shape.SCALAR), real(b, "dq", queries),
                    real(b, "q", queries), real(b, "k", queries), real(b, "queue", Shape.of(m, d)), 0.1, false);
            b.allocate();
            Work work = works.apply(new Bare(gpu, new KernelLibrary(gpu), p)).apply(c);
            work.bind(gpu.allocate(work.scratchBytes(), "scratch"));
            gpu.resetCounts();
            work.run();
        });
    }

    /**
     * Two views of 16 x 16 of each of 4 images of 24 x 24, of which every box is the whole. The picture is on the chip, or is
     * not.
     */
    static void addViews(List<KernelTraffic> all, Precision p) {
        for (boolean outside : new boolean[] {false, true}) {
            String entry = "random_views_" + p.featureMaps() + (outside ? "_outside" : "");
            all.add(new KernelTraffic(entry + " n4 s16 from 24x24", p, 2L * 4 * 3 * 16 * 16,
                    24.0 * 24 / (16 * 16) + p.featureMaps().bytes, outside ? 12 : 3.1, 4.5, gpu -> views(gpu, entry, outside)));
        }
    }

    private static void views(EmulatedGpu gpu, String entry, boolean outside) {
        Range one = new Range(1, 1);
        Range factor = new Range(0.6, 1.4);
        ViewGeometry g = new ViewGeometry(16, 24, 24, one, one, 0.5, 1, factor, factor, factor, new Range(-0.1, 0.1), 0.2, 1,
                new Range(0.1, 2), List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
        ViewLayout layout = ViewLayout.of(g, gpu.info().sharedBytesPerBlock());
        int each = 3 * 24 * 24;
        long out = zeros(gpu, 2 * 4 * 4L * 3 * 16 * 16);
        long picture = zeros(gpu, 2 * 4 * 3L * 16 * 16);
        long table = words(gpu, 0, 0, 24, 24, each, 0, 24, 24, 2 * each, 0, 24, 24, 3 * each, 0, 24, 24);
        List<Object> a = new ArrayList<>(List.of(out, out + 4 * 4L * 3 * 16 * 16, picture, 4, 5, zeros(gpu, 4L * each), table,
                words(gpu, 0, 1, 2, 3), words(gpu, 1), 4));
        a.addAll(ViewWorks.recipe(g, 7, layout));
        Kernel kernel = new KernelLibrary(gpu).kernel("views", entry);
        gpu.resetCounts();
        gpu.launch(new Launch(kernel, Dim.of(4, 2), Dim.of(256), layout.bytes(), a.toArray()));
    }

    private static long zeros(EmulatedGpu gpu, long bytes) {
        return words(gpu, new int[Math.toIntExact(Math.ceilDiv(bytes, 4))]);
    }

    private static long words(EmulatedGpu gpu, int... values) {
        long at = gpu.allocate(4L * values.length, "operand");
        gpu.upload(at, MemorySegment.ofArray(values));
        return at;
    }
}
