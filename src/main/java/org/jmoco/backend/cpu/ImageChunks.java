package org.jmoco.backend.cpu;

/**
 * A batch cut into chunks of equal size and perhaps a shorter last one. The cut depends on the problem alone, so results
 * do not depend on the number of threads.
 *
 * @param images images of the batch
 * @param size images of a full chunk
 */
record ImageChunks(int images, int size) {
    /** Chunks of a batch: enough for 16 workers, few enough that the cost of a call does not show. */
    private static final int TARGET = 16;
    /** A oneDNN call costs about 1 microsecond, at most 1 % of this many operations. */
    private static final double MIN_FLOPS = 10e6;

    static ImageChunks of(ConvProblem p) {
        double perImage = p.flops() / p.n();
        int size = Math.max((p.n() + TARGET - 1) / TARGET, (int) Math.min(p.n(), Math.ceil(MIN_FLOPS / perImage)));
        return new ImageChunks(p.n(), size);
    }

    int count() {
        return (images + size - 1) / size;
    }

    /** Images of the last chunk, 1 to {@code size}. */
    int lastSize() {
        return images - (count() - 1) * size;
    }

    /** Whether chunk {@code i} is the shorter last one. */
    boolean isShort(int i) {
        return i == count() - 1 && lastSize() != size;
    }

    /** Images of chunk {@code i}. */
    int sizeOf(int i) {
        return i == count() - 1 ? lastSize() : size;
    }
}
