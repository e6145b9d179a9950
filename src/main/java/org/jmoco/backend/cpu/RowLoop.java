package org.jmoco.backend.cpu;

/**
 * One pass of batch norm over rows of {@link NormLayout#period} floats. Implementations hold the operands; offsets into all of
 * them are the same, in bytes.
 *
 * <p>Each tensor is read in order, one row after the other: with several rows of one 4 KiB page in flight the processor's
 * prefetchers lose the thread, which cost half of the speed. Constants and sums are arrays of one row that stay in the L1 cache.
 * Loop variables are long and count bytes, so that no access needs a conversion.
 *
 * <p>Why objects with a virtual method and not one method per case: C2 stops inlining at 18,000 nodes, some 40 vector
 * operations, and what it then calls boxes every vector (ten times slower, and it allocates: AllocationTest notices). Behind
 * a virtual call of many targets every loop is compiled on its own.
 */
abstract class RowLoop {
    /** Rows that may be added in f32 before the sums are drained into f64: the rounding error of a sum of 64 terms. */
    static final int RUN = 64;

    static final int F32 = Float.BYTES;

    /** Bytes from one array of constants, or sums, to the next. */
    final long stride;

    RowLoop(NormLayout layout) {
        stride = (long) layout.period * F32;
    }

    /**
     * @param at offset of the first row
     * @param rowBytes whole vectors, at most {@link #stride}
     * @param constants arrays of per-channel constants
     * @param sums two arrays to add to
     */
    abstract void rows(long at, int rows, long rowBytes, long constants, long sums);

    /** The same for {@code count} floats, fewer than a vector; constants and sums begin with theirs. */
    abstract void few(long at, int count, long constants, long sums);
}
