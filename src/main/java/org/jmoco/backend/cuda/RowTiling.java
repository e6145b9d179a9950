package org.jmoco.backend.cuda;

import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.tensor.DType;

/**
 * How the threads of a launch lie on a feature map that is read group by group; kernels/common/rows.cuh says what a thread does.
 *
 * @param suffix of the kernel's name: {@code bf16x8}
 * @param pack channels of a thread
 * @param threadsX packs side by side in a block, a power of two
 * @param tiles blocks side by side, to cover all channels
 * @param perChunk rows of a group that one block takes
 * @param chunks blocks for each group and tile
 */
record RowTiling(String suffix, int groups, int groupSize, Divisor pixels, int channels, int pack, int threadsX, int tiles,
        int perChunk, int chunks) {
    static final int THREADS = 256;
    /** Packs side by side in a block, where there are as many: from a line of 128 bytes in packs of 16 up to a whole warp. */
    private static final int[] WIDTHS = {32, 16, 8};

    /**
     * As many chunks as one wave of blocks holds: with fewer, multiprocessors idle; with some more, they idle at the end.
     *
     * @param groups of {@code groupSize} rows, over images of {@code pixels} rows
     * @param vectors false if some address is not aligned to 16
     * @param resident blocks that the device holds at once
     * @param ahead rows that a thread takes at once; chunks are whole multiples of what a block takes so
     */
    static RowTiling of(int groups, int groupSize, int pixels, int channels, DType type, boolean vectors, int resident,
            int ahead) {
        int wide = 16 / type.bytes;
        int pack = vectors && channels % wide == 0 ? wide : 1;
        int packs = channels / pack;
        int threadsX = threadsX(packs, pack);
        int tiles = Math.ceilDiv(packs, threadsX);
        int mostChunks = Math.clamp(resident / ((long) tiles * groups), 1, groupSize);
        int unit = THREADS / threadsX * ahead;
        int perChunk = Math.ceilDiv(Math.ceilDiv(groupSize, mostChunks), unit) * unit;
        return new RowTiling(type + (pack == 1 ? "" : "x" + pack), groups, groupSize, Divisor.of(pixels), channels, pack,
                threadsX, tiles, perChunk, Math.ceilDiv(groupSize, perChunk));
    }

    /** All packs of a row if they are few; else the width that leaves the fewest threads without work. */
    private static int threadsX(int packs, int pack) {
        int narrow = pack == 1 ? WIDTHS[0] : WIDTHS[WIDTHS.length - 1];
        if (packs <= narrow) {
            return Integer.highestOneBit(2 * packs - 1); // the next power of two
        }
        int best = WIDTHS[0];
        for (int width : WIDTHS) {
            if (width >= narrow && Math.ceilDiv(packs, width) * width < Math.ceilDiv(packs, best) * best) {
                best = width;
            }
        }
        return best;
    }

    Dim grid() {
        return new Dim(chunks, tiles, groups);
    }

    Dim block() {
        return Dim.of(threadsX, THREADS / threadsX);
    }

    /** @param words f32 numbers for each group, chunk and channel */
    long partialBytes(int words) {
        return 4L * words * groups * chunks * channels;
    }

    /** One byte for each pack of the map. */
    long signBytes() {
        return (long) groups * groupSize * (channels / pack);
    }

    /** A launch over the whole map; {@code arguments} are followed by the kernels' common ones. */
    Launch launch(CudaContext cuda, String module, String kernel, Object... arguments) {
        Object[] all = java.util.Arrays.copyOf(arguments, arguments.length + 6, Object[].class);
        Object[] common = {groupSize, pixels.d(), pixels.magic(), pixels.shift(), channels, perChunk};
        System.arraycopy(common, 0, all, arguments.length, common.length);
        return new Launch(cuda.kernel(module, kernel + "_" + suffix), grid(), block(), 0, all);
    }
}
