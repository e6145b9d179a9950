package org.jmoco.backend.cpu;

import org.jmoco.backend.BatchNormGeometry;

/**
 * How a batch norm walks through N x H x W x C: groups, runs, chunks and periods.
 *
 * <p>The pixels of one group lie in runs of contiguous memory: one image each, or the whole batch where there is one group.
 * Within a run, {@link #period} floats are handled as a row: several pixels side by side, so many that the row is a whole
 * number of vectors whatever C is. Per-channel constants are repeated to that length, per-channel sums are folded from it.
 *
 * <p>A chunk is the piece of a group whose sums one task makes: part of a run or several runs, about {@link #CHUNK} floats.
 * The cut depends on the problem alone.
 */
final class NormLayout {
    /** 128 KiB: a quarter of an L2 cache; the largest layer of ResNet-18 on a batch of 128 32x32 images has 256 of them. */
    private static final int CHUNK = 1 << 16;

    /** 4 KiB: each row begins in another page, and constants of a row (16 KiB) fit half of an L1 cache. */
    private static final int SHORTEST_PERIOD = 1024;

    final int groups;
    final int channels;
    /** Pixels of a group. */
    final int groupPixels;
    /** Runs of a group and pixels in each. */
    final int runs;
    final int runPixels;
    /** Floats of a row; a multiple of C and of the vector length. */
    final int period;
    /** Pixels of a row. */
    final int rowPixels;
    /** Chunks of a group. */
    final int chunks;

    private final int partsOfRun; // 1 where a chunk is whole runs
    private final int partPixels;
    private final int runsOfChunk;

    NormLayout(BatchNormGeometry g) {
        this(g.splits(), g.c(), g.splits() == 1 ? 1 : g.n() / g.splits(),
                g.splits() == 1 ? g.n() * g.h() * g.w() : g.h() * g.w());
    }

    /** One group, for loops that do not care about groups. */
    static NormLayout ungrouped(BatchNormGeometry g) {
        return new NormLayout(1, g.c(), 1, g.n() * g.h() * g.w());
    }

    private NormLayout(int groups, int channels, int runs, int runPixels) {
        this.groups = groups;
        this.channels = channels;
        this.runs = runs;
        this.runPixels = runPixels;
        groupPixels = Math.multiplyExact(runs, runPixels);
        int pixels = Simd.LANES / gcd(Simd.LANES, channels);
        while (pixels * channels < SHORTEST_PERIOD) {
            pixels *= 2;
        }
        rowPixels = pixels;
        period = pixels * channels;
        long runFloats = (long) runPixels * channels;
        if (runFloats >= CHUNK) {
            int wanted = (int) ((runFloats + CHUNK - 1) / CHUNK);
            int rows = (runPixels / wanted + rowPixels) / rowPixels;
            partPixels = rows * rowPixels;
            partsOfRun = (runPixels + partPixels - 1) / partPixels;
            runsOfChunk = 1;
            chunks = runs * partsOfRun;
        } else {
            partPixels = runPixels;
            partsOfRun = 1;
            runsOfChunk = (int) Math.min(runs, CHUNK / runFloats);
            chunks = (runs + runsOfChunk - 1) / runsOfChunk;
        }
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /** First run of a chunk. */
    int firstRun(int chunk) {
        return chunk / partsOfRun * runsOfChunk;
    }

    /** The run behind a chunk's last. */
    int endRun(int chunk) {
        return Math.min(runs, firstRun(chunk) + runsOfChunk);
    }

    /** First pixel, within each of its runs, of a chunk. */
    int firstPixel(int chunk) {
        return chunk % partsOfRun * partPixels;
    }

    /** Pixels that a chunk takes of each of its runs. */
    int pixels(int chunk) {
        return Math.min(partPixels, runPixels - firstPixel(chunk));
    }

    /** Distance in bytes, from the tensor's start, of a pixel of a run of a group: image run G + group. */
    long offset(int group, int run, int pixel) {
        return (((long) run * groups + group) * runPixels + pixel) * channels * Float.BYTES;
    }

    /** Distance of pixel {@code i} of a group, counted through its runs. */
    long offsetOfGroupPixel(int group, int i) {
        return offset(group, i / runPixels, i % runPixels);
    }
}
