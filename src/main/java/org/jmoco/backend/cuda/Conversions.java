package org.jmoco.backend.cuda;

import org.jmoco.backend.cuda.Launch.Dim;

/** Launches of the kernels in {@code kernels/elementwise.cu} that turn f32 into the feature maps' type, bf16 or f16, and back. */
final class Conversions {
    private static final String MODULE = "elementwise";

    /** Geometry of that file: 256 threads, 2 packs of 4 elements each. */
    private static final int THREADS = 256;

    private static final int TILE = THREADS * 2 * 4;

    private Conversions() {}

    /** dst (narrow) = src (f32), rounded to nearest even. */
    static Launch narrow(CudaContext cuda, long dst, long src, long n) {
        return launch(cuda, "convert_f32_" + cuda.precision().featureMaps(), dst, src, n);
    }

    /** dst (f32) = src (narrow), exactly; or dst += src in f32. */
    static Launch widen(CudaContext cuda, long dst, long src, long n, boolean accumulate) {
        return launch(cuda, (accumulate ? "add_" : "convert_") + cuda.precision().featureMaps() + "_f32", dst, src, n);
    }

    private static Launch launch(CudaContext cuda, String entry, long dst, long src, long n) {
        int count = Math.toIntExact(n);
        return new Launch(cuda.kernel(MODULE, entry), Dim.of(Math.ceilDiv(count, TILE)), Dim.of(THREADS), 0, dst, src, count);
    }
}
