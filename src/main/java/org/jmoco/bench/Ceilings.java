package org.jmoco.bench;

import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
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

    /** Rows, columns and depth of the product on a CPU and on a GPU: long enough that its start does not show. */
    private static final int PRODUCT_CPU = 1536;
    private static final int PRODUCT_GPU = 8192;

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
            int n = b.name().equals("cuda") ? PRODUCT_GPU : PRODUCT_CPU;
            Buffer x = b.declare(Region.INPUT, "x", Shape.of(n, n));
            Buffer w = b.declare(Region.PARAMETERS, "w", Shape.of(n, n));
            Buffer bias = b.declare(Region.PARAMETERS, "b", Shape.of(n));
            Buffer y = b.declare(Region.OUTPUT, "y", Shape.of(n, n));
            Recorder rec = b.record("product");
            rec.linearForward("product", y, x, w, bias);
            Program p = rec.finish();
            b.allocate();
            float[] ones = new float[n * n];
            java.util.Arrays.fill(ones, 0.5f);
            b.upload(x, HostTensor.of(x.shape(), ones));
            b.upload(w, HostTensor.of(w.shape(), ones));
            double nanos = watch.time(b, p).median();
            if (b.download(y).get(n * n - 1) != n * 0.25) {
                throw new IllegalStateException("the matrix product that sets the ceiling is wrong: " + b.download(y).get(n * n - 1));
            }
            return new Ceilings(copy, 2.0 * n * n * n / nanos * 1e9);
        }
    }

    /** Nanoseconds that the operation takes at least: limited by memory or by arithmetic. */
    double floorNanos(double bytes, double flops) {
        return Math.max(bytes / copyBytesPerSecond, flops / flopsPerSecond) * 1e9;
    }
}
