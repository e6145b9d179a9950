package org.jmoco.backend.cuda;

import org.jmoco.backend.ViewGeometry;
import org.jmoco.tensor.UserError;

/**
 * Shared memory of a block of kernels/views.cu: weights of both axes, a strip of rows resized along x, the picture. The picture
 * has to be there as a whole; the strip may be short, then rows at its ends are resized twice.
 *
 * @param tapsX     places for weights of an output pixel along x
 * @param tapsY     along y
 * @param stripRows rows that the strip holds
 * @param stripBytes bytes of the strip, which is also scratch for the blur and the table of normalised values
 * @param bytes     of everything
 */
record ViewLayout(int tapsX, int tapsY, int stripRows, int stripBytes, int bytes) {
    /** What every device gives a block without asking (CUDA C++ Programming Guide, technical specifications). */
    private static final int PLAIN = 48 << 10;

    /** Static shared memory of the kernel, at most: draws and a sum. */
    private static final int STATIC = 256;

    /** Normalised values of three channels, f32. */
    private static final int TABLE = 3 * 256 * Float.BYTES;

    /**
     * A strip of so many times an output row's input rows resizes about one row in 15 twice. More would cost blocks: views of
     * 128 x 128 leave room for three on a multiprocessor of an H100 with this strip, for one with the whole box.
     */
    private static final int ENOUGH = 8;

    /** @param limit largest shared memory of a block on the device, as {@link GpuInfo#sharedBytesPerBlock()} */
    static ViewLayout of(ViewGeometry g, int limit) {
        int size = g.size();
        int tapsX = taps(g.widest(), size);
        int tapsY = taps(g.tallest(), size);
        long fixed = STATIC + (long) Integer.BYTES * size * (4 + tapsX + tapsY) + 3L * size * size;
        long least = Math.min(tapsY, g.tallest());
        long scratch = Math.max(TABLE, 2L * size); // the blur takes two lines at least
        long row = 3L * size;
        long needed = fixed + Math.max(scratch, least * row);
        if (needed > limit || size >= 2048) {
            throw UserError.failed("random views of " + size + " x " + size + " pixels from images of up to " + g.tallest() + " x "
                    + g.widest() + " take " + needed + " bytes of shared memory on the GPU, but this one has " + limit
                    + " for a block; lower --image, or let the host make the views: --feed host");
        }
        int plain = Math.min(PLAIN, limit);
        long rows = Math.min(g.tallest(), Math.max(0, plain - fixed) / row);
        long enough = Math.min(g.tallest(), ENOUGH * least);
        if (rows < enough || fixed + scratch > plain) {
            rows = Math.min(enough, (limit - fixed) / row);
        }
        int strip = Math.toIntExact(Math.max(scratch, rows * row));
        int bytes = Math.toIntExact(fixed - STATIC + strip);
        return new ViewLayout(tapsX, tapsY, (int) rows, strip, bytes);
    }

    /** As BilinearAxis of org.jmoco.augment: 2 ceil(support) + 1. */
    private static int taps(int in, int size) {
        return 2 * Math.max(1, Math.ceilDiv(in, size)) + 1;
    }
}
