package org.jmoco.backend.cuda;

import org.jmoco.backend.ViewGeometry;
import org.jmoco.tensor.UserError;

/**
 * Shared memory of a block of kernels/views.cu: weights of both axes, a strip of rows resized along x, the picture. The strip may
 * be short, then rows at its ends are resized twice. A picture that leaves no room for two blocks on a multiprocessor lies in
 * global memory as a whole.
 *
 * @param tapsX     places for weights of an output pixel along x
 * @param tapsY     along y
 * @param stripRows rows that the strip holds
 * @param stripBytes bytes of the strip, which is also scratch for the blur and the table of normalised values
 * @param bytes     of everything in shared memory
 * @param outside   true if the picture is not among it
 */
record ViewLayout(int tapsX, int tapsY, int stripRows, int stripBytes, int bytes, boolean outside) {
    /** What every device gives a block without asking (CUDA C++ Programming Guide, technical specifications). */
    private static final int PLAIN = 48 << 10;

    /** Static shared memory of the kernel, at most: draws and a sum. */
    private static final int STATIC = 256;

    /** Shared memory that the system keeps of each block, from compute capability 8.0 on (CUDA C++ Programming Guide). */
    private static final int RESERVED = 1024;

    /** Normalised values of three channels, f32. */
    private static final int TABLE = 3 * 256 * Float.BYTES;

    /**
     * A strip of so many times an output row's input rows resizes about one row in 15 twice. More would cost blocks: views of
     * 128 x 128 leave room for three on a multiprocessor of an H100 with this strip, for one with the whole box.
     */
    private static final int ENOUGH = 8;

    /** @param limit largest shared memory of a block on the device, as {@link GpuInfo#sharedBytesPerBlock()} */
    static ViewLayout of(ViewGeometry g, int limit) {
        ViewLayout inside = of(g, limit, false);
        return inside != null && 2L * (inside.bytes + STATIC + RESERVED) <= limit ? inside : outside(g, limit);
    }

    private static ViewLayout outside(ViewGeometry g, int limit) {
        ViewLayout l = of(g, limit, true);
        if (l == null || g.size() >= 2048) {
            throw UserError.failed("random views of " + g.size() + " x " + g.size() + " pixels from images of up to "
                    + g.tallest() + " x " + g.widest() + " take more shared memory on the GPU than the " + limit
                    + " bytes that this one has for a block; lower --image, or let the host make the views: --feed host");
        }
        return l;
    }

    /** @return null if that does not fit */
    private static ViewLayout of(ViewGeometry g, int limit, boolean outside) {
        long size = g.size();
        int tapsX = taps(g.widest(), g.size());
        int tapsY = taps(g.tallest(), g.size());
        long fixed = STATIC + Integer.BYTES * size * (4 + tapsX + tapsY) + (outside ? 0 : 3 * size * size);
        long least = Math.min(tapsY, g.tallest());
        long scratch = Math.max(TABLE, 2 * size); // the blur takes two lines at least
        long row = 3 * size;
        if (fixed + Math.max(scratch, least * row) > limit) {
            return null;
        }
        int plain = Math.min(PLAIN, limit);
        long rows = Math.min(g.tallest(), Math.max(0, plain - fixed) / row);
        long enough = Math.min(g.tallest(), ENOUGH * least);
        if (rows < enough || fixed + scratch > plain) {
            rows = Math.min(enough, (limit - fixed) / row);
        }
        int strip = Math.toIntExact(Math.max(scratch, rows * row));
        return new ViewLayout(tapsX, tapsY, (int) rows, strip, Math.toIntExact(fixed - STATIC + strip), outside);
    }

    /** As BilinearAxis of org.jmoco.augment: 2 ceil(support) + 1. */
    private static int taps(int in, int size) {
        return 2 * Math.max(1, Math.ceilDiv(in, size)) + 1;
    }
}
