package org.jmoco.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * What this machine reaches at best, measured in the same run as the rows that are compared with it.
 *
 * @param copyBytesPerSecond bytes read plus bytes written by a copy that no cache holds
 * @param sgemmFlopsPerSecond of a large product of f32 matrices, as the linear layer calculates it (cuBLAS on a GPU)
 * @param mapFlopsPerSecond of a large product of matrices in the feature maps' type, bf16 with {@code --precision bf16}
 */
public record Ceilings(double copyBytesPerSecond, double sgemmFlopsPerSecond, double mapFlopsPerSecond) {
    private static final int SAMPLES = 7;

    /**
     * How large the copy and the products are.
     *
     * @param copyFloats larger than a last-level cache
     * @param rows a multiple of 256, @param inner both other sizes: the product is rows x inner by inner x inner
     */
    record Sizes(int copyFloats, int rows, int inner) {
        /** 268 MB are copied: an H200's second level has 50 MB, most processors' third 16 to 100. */
        private static final Sizes CPU = new Sizes(1 << 26, 4096, 1024);
        /** 2.2 TFLOP: long enough that the start of a launch does not show. */
        private static final Sizes CUDA = new Sizes(1 << 26, 65536, 4096);
        /** Its loops take nanoseconds for each operation. */
        private static final Sizes REFERENCE = new Sizes(1 << 22, 256, 64);

        static Sizes of(String backend) {
            return switch (backend) {
                case "cuda" -> CUDA;
                case "reference" -> REFERENCE;
                default -> CPU;
            };
        }

        /**
         * The gradient of a 1 x 1 convolution, dx = dy w, is a plain product, rows (N H W) x K by K x C, which every backend
         * gives to its fastest code in the feature maps' type.
         */
        ConvGeometry product() {
            return new ConvGeometry(rows / 256, 16, 16, inner, inner, 1, 1, 1, 0);
        }

        double flops() {
            return 2.0 * rows * inner * inner;
        }
    }

    /** Bytes and operations alone, where it does not matter how the products were calculated. */
    public Ceilings(double copyBytesPerSecond, double flopsPerSecond) {
        this(copyBytesPerSecond, flopsPerSecond, flopsPerSecond);
    }

    /** The faster of both products: what operations are compared with. */
    public double flopsPerSecond() {
        return Math.max(sgemmFlopsPerSecond, mapFlopsPerSecond);
    }

    /**
     * @param open opens the backend; each ceiling has a fresh one, so that their memory is never held together
     * @param warmUps hears how each warm-up ended
     */
    public static Ceilings measure(Supplier<Backend> open, WarmUps warmUps) {
        Sizes sizes;
        try (Backend b = open.get()) {
            sizes = Sizes.of(b.name());
        }
        return measure(open, new Stopwatch(SAMPLES, 1), sizes, warmUps);
    }

    static Ceilings measure(Supplier<Backend> open, Stopwatch watch, Sizes sizes, WarmUps warmUps) {
        return new Ceilings(copy(open, watch, sizes, warmUps), sgemm(open, watch, sizes, warmUps),
                mapProduct(open, watch, sizes, warmUps));
    }

    private static double nanos(String what, Backend b, Program p, Stopwatch watch, WarmUps warmUps) {
        Stopwatch.Timing t = watch.time(b, p::run);
        warmUps.add(what, t.warmUp());
        return t.median();
    }

    private static double copy(Supplier<Backend> open, Stopwatch watch, Sizes sizes, WarmUps warmUps) {
        try (Backend b = open.get()) {
            Buffer src = b.declare(Region.INPUT, "src", Shape.of(sizes.copyFloats));
            Buffer dst = b.declare(Region.OUTPUT, "dst", Shape.of(sizes.copyFloats));
            Recorder rec = b.record("copy");
            rec.copy("copy", dst, src);
            Program p = rec.finish();
            b.allocate();
            b.upload(src, halves(src.shape()));
            double nanos = nanos("ceiling copy", b, p, watch, warmUps);
            requireLast("copy", b.download(dst), 0.5);
            return (src.bytes() + dst.bytes()) / nanos * 1e9;
        }
    }

    private static double sgemm(Supplier<Backend> open, Stopwatch watch, Sizes sizes, WarmUps warmUps) {
        try (Backend b = open.get()) {
            Buffer dx = b.declare(Region.OUTPUT, "dx", Shape.of(sizes.rows, sizes.inner));
            Buffer dy = b.declare(Region.INPUT, "dy", Shape.of(sizes.rows, sizes.inner));
            Buffer w = b.declare(Region.PARAMETERS, "w", Shape.of(sizes.inner, sizes.inner));
            Recorder rec = b.record("sgemm");
            rec.linearBackwardData("sgemm", dx, dy, w);
            return product(b, rec, watch, sizes, warmUps, dx, dy, w);
        }
    }

    private static double mapProduct(Supplier<Backend> open, Stopwatch watch, Sizes sizes, WarmUps warmUps) {
        try (Backend b = open.get()) {
            ConvGeometry g = sizes.product();
            Buffer dx = b.declare(Region.OUTPUT, "dx", g.x());
            Buffer dy = b.declare(Region.INPUT, "dy", g.y());
            Buffer w = b.memory().declare(Region.PARAMETERS, "w", b.real(), g.filter());
            Recorder rec = b.record("product");
            rec.conv2dBackwardData("product", g, dx, dy, w, false);
            return product(b, rec, watch, sizes, warmUps, dx, dy, w);
        }
    }

    private static double product(Backend b, Recorder rec, Stopwatch watch, Sizes sizes, WarmUps warmUps, Buffer dx, Buffer dy,
            Buffer w) {
        Program p = rec.finish();
        b.allocate();
        b.upload(dy, halves(dy.shape()));
        b.upload(w, halves(w.shape()));
        double nanos = nanos("ceiling product", b, p, watch, warmUps);
        requireLast("matrix product", b.download(dx), sizes.inner * 0.25);
        return sizes.flops() / nanos * 1e9;
    }

    private static void requireLast(String what, HostTensor got, double expected) {
        double last = got.get(got.size() - 1);
        if (last != expected) {
            throw new IllegalStateException("the " + what + " that sets the ceiling is wrong: " + last + ", expected "
                    + expected);
        }
    }

    private static HostTensor halves(Shape shape) {
        HostTensor t = HostTensor.zeros(DType.F32, shape);
        Arrays.fill(t.floats(), 0.5f);
        return t;
    }

    /** Nanoseconds that the operation takes at least: limited by memory or by arithmetic. */
    double floorNanos(double bytes, double flops) {
        return Math.max(bytes / copyBytesPerSecond, flops / flopsPerSecond()) * 1e9;
    }

    /** For the head of a result. */
    public Map<String, Object> toMap() {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("copy_gb_per_s", copyBytesPerSecond * 1e-9);
        m.put("sgemm_gflop_per_s", sgemmFlopsPerSecond * 1e-9);
        m.put("product_gflop_per_s", mapFlopsPerSecond * 1e-9);
        return m;
    }
}
