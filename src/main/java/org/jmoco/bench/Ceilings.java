package org.jmoco.bench;

import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * What this machine reaches at best, measured in the same run as the rows that are compared with it.
 *
 * @param copyBytesPerSecond bytes read plus bytes written by a copy that no cache holds
 * @param flopsPerSecond of a large matrix product in the backend's precision
 */
public record Ceilings(double copyBytesPerSecond, double flopsPerSecond) {
    /** Larger than any last-level cache here (an H200's second level has 50 MB, a server processor's third up to 512). */
    private static final int COPY_FLOATS = 1 << 26;

    /**
     * The product is the gradient of a 1 x 1 convolution, dx = dy w: rows (N H W) x K by K x C, which every backend gives to its fastest
     * f32 product. On a CPU 4096 x 1024 by 1024 x 1024, on a GPU 65536 x 4096 by 4096 x 4096: long enough that its start does not show.
     */
    private static final ConvGeometry PRODUCT_CPU = new ConvGeometry(16, 16, 16, 1024, 1024, 1, 1, 1, 0);
    private static final ConvGeometry PRODUCT_GPU = new ConvGeometry(256, 16, 16, 4096, 4096, 1, 1, 1, 0);

    /** @param open opens the backend; two are opened one after the other, so that their memory is never held together */
    public static Ceilings measure(java.util.function.Supplier<Backend> open, int samples) {
        Stopwatch watch = new Stopwatch(samples, 2);
        double copy;
        try (Backend b = open.get()) {
            Buffer src = b.declare(Region.INPUT, "src", Shape.of(COPY_FLOATS));
            Buffer dst = b.declare(Region.OUTPUT, "dst", Shape.of(COPY_FLOATS));
            Recorder rec = b.record("copy");
            rec.copy("copy", dst, src);
            Program p = rec.finish();
            b.allocate();
            copy = (src.bytes() + dst.bytes()) / watch.time(b, p).median() * 1e9;
        }
        try (Backend b = open.get()) {
            ConvGeometry g = b.name().equals("cuda") ? PRODUCT_GPU : PRODUCT_CPU;
            Buffer dx = b.declare(Region.OUTPUT, "dx", g.x());
            Buffer dy = b.declare(Region.INPUT, "dy", g.y());
            Buffer weights = b.declare(Region.PARAMETERS, "w", Shape.of(Math.toIntExact(g.filter().size())));
            Recorder rec = b.record("product");
            rec.conv2dBackwardData("product", g, dx, dy, weights.reshape(g.filter()), false);
            Program p = rec.finish();
            b.allocate();
            b.upload(dy, halves(dy.shape()));
            b.upload(weights, halves(weights.shape()));
            double nanos = watch.time(b, p).median();
            double last = b.download(dx).get(Math.toIntExact(dx.size()) - 1);
            if (last != g.k() * 0.25) {
                throw new IllegalStateException("the matrix product that sets the ceiling is wrong: " + last + ", expected " + g.k() * 0.25);
            }
            return new Ceilings(copy, g.flops() / nanos * 1e9);
        }
    }

    private static HostTensor halves(Shape shape) {
        float[] v = new float[Math.toIntExact(shape.size())];
        java.util.Arrays.fill(v, 0.5f);
        return HostTensor.of(shape, v);
    }

    /** Nanoseconds that the operation takes at least: limited by memory or by arithmetic. */
    double floorNanos(double bytes, double flops) {
        return Math.max(bytes / copyBytesPerSecond, flops / flopsPerSecond) * 1e9;
    }
}
