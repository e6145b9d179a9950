package org.jmoco.backend.cpu;

import org.jmoco.backend.cpu.WinogradKernel.Strided;
import org.jmoco.backend.cpu.WinogradKernel.Table;

/**
 * The filters' gradient of a 3 x 3 convolution of stride 1 by Winograd's method: with V = B^T x B and dM = A dy A^T of all
 * tiles, dU[f] = dM[f]^T V[f], summed over the tiles, and dw = G^T dU G.
 *
 * <p>The batch is worked through in rounds of a few megabytes of V and dM, which stay in the last-level cache. In a round
 * the workers first transform the tiles, then add the products, one frequency and block of filters per task. So there is
 * one sum per element, over the tiles in their order, whatever the number of workers, and no partial sums to keep.
 */
final class WinogradWeights implements ConvKernel {
    /** Tiles that one task transforms. */
    private static final int TASK_TILES = 32;
    /** Filters in a task's product: with all of them the few large tasks of the last layers would not share out evenly. */
    private static final int BLOCK_FILTERS = 128;

    private final ConvProblem problem;
    private final WinogradTile tile;
    private final Workers workers;
    private final int tiles;
    private final int roundTiles;
    private final int filterBlock;
    private final long xPitch; // bytes between frequencies of V
    private final long yPitch; // of dM
    private final long filterPitch; // of dU
    private final WinogradAddresses xPixels;
    private final WinogradAddresses yPixels;
    private final MachineCode xKernel;
    private final MachineCode yKernel;
    private final MachineCode filterKernel;
    private final WinogradGemm first; // overwrites dU
    private final WinogradGemm middle; // adds to dU
    private final WinogradGemm last; // adds to dU, with fewer tiles
    private final Workers.Task transformTask = this::transformTiles;
    private final Workers.Task productTask = this::addProduct;
    private final Workers.Task filterTask = this::transformFilters;

    private final Scratch layout = new Scratch();
    private final long zeroOffset;
    private final long vOffset;
    private final long mOffset;
    private final long uOffset;
    private final long tableOffset;
    private final long tableBytes;

    private long scratch;
    private long x;
    private long dy;
    private long dw;
    private int roundFirst;
    private int roundCount;

    WinogradWeights(ConvProblem problem, WinogradTile tile, Workers workers) {
        this.problem = problem;
        this.tile = tile;
        this.workers = workers;
        int c = problem.c();
        int k = problem.k();
        int down = WinogradGrid.tiles(problem.outH(), tile.outH());
        int across = WinogradGrid.tiles(problem.outW(), tile.outW());
        tiles = problem.n() * down * across;
        roundTiles = WinogradGrid.roundTiles(tile, c + k, tiles);
        filterBlock = k % BLOCK_FILTERS == 0 ? BLOCK_FILTERS : k;
        xPitch = WinogradGrid.pitch(roundTiles, c);
        yPitch = WinogradGrid.pitch(roundTiles, k);
        filterPitch = 4L * c * k + NativeMemory.ALIGNMENT;

        xPixels = new WinogradAddresses(problem.h(), problem.w(), c, down, across, tile.outH(), tile.outW(),
                tile.inH(), tile.inW(), problem.pad());
        yPixels = new WinogradAddresses(problem.outH(), problem.outW(), k, down, across, tile.outH(), tile.outW(),
                tile.outH(), tile.outW(), 0);
        xKernel = WinogradKernel.transform(tile.input, Table.of(tile.inH(), tile.inW()),
                new Strided(xPitch, tile.inH(), tile.inW(), false, 4L * c), 4 * c, false);
        yKernel = WinogradKernel.transform(tile.outputGradient, Table.of(tile.outH(), tile.outW()),
                new Strided(yPitch, tile.inH(), tile.inW(), false, 4L * k), 4 * k, false);
        filterKernel = WinogradKernel.transform(tile.filterGradient,
                new Strided(filterPitch, tile.inH(), tile.inW(), false, 4L * c),
                new Strided(4L * c, 3, 3, false, 36L * c), 4 * c, false);

        int frequencies = tile.frequencies();
        zeroOffset = layout.region(4L * Math.max(c, k));
        vOffset = layout.region(frequencies * xPitch);
        mOffset = layout.region(frequencies * yPitch);
        uOffset = layout.region(frequencies * filterPitch);
        tableBytes = Scratch.roundUp(xPixels.tableBytes(TASK_TILES));
        tableOffset = layout.region(tableBytes * workers.count());
        Dnnl.oneThread();
        first = product(roundTiles, false);
        int rounds = (tiles + roundTiles - 1) / roundTiles;
        int lastTiles = tiles - (rounds - 1) * roundTiles;
        middle = rounds > 1 ? product(roundTiles, true) : first;
        last = rounds > 1 && lastTiles < roundTiles ? product(lastTiles, true) : middle;
    }

    /** dU = dM^T V of one frequency and block of filters, for {@code rows} tiles. */
    private WinogradGemm product(int rows, boolean accumulate) {
        int c = problem.c();
        int k = problem.k();
        return new WinogradGemm(
                Dnnl.strided(new long[] {filterBlock, rows}, new long[] {1, k}),
                Dnnl.strided(new long[] {rows, c}, new long[] {c, 1}),
                Dnnl.strided(new long[] {filterBlock, c}, new long[] {c, 1}), accumulate, workers, layout);
    }

    @Override
    public long scratchBytes() {
        return layout.bytes();
    }

    @Override
    public void bind(long scratch) {
        this.scratch = scratch;
        first.bind(scratch);
        middle.bind(scratch);
        last.bind(scratch);
    }

    @Override
    public void run(long x, long dy, long dw) {
        this.x = x;
        this.dy = dy;
        this.dw = dw;
        NativeMemory.ALL.asSlice(scratch + zeroOffset, 4L * Math.max(problem.c(), problem.k())).fill((byte) 0);
        int products = tile.frequencies() * (problem.k() / filterBlock);
        for (roundFirst = 0; roundFirst < tiles; roundFirst += roundTiles) {
            roundCount = Math.min(roundTiles, tiles - roundFirst);
            workers.run((roundCount + TASK_TILES - 1) / TASK_TILES, transformTask);
            workers.run(products, productTask);
        }
        workers.run(problem.k() / WinogradForward.FILTER_STEP, filterTask);
    }

    private void transformTiles(int task, int worker) {
        int from = task * TASK_TILES;
        int count = Math.min(TASK_TILES, roundCount - from);
        long table = scratch + tableOffset + worker * tableBytes;
        long zeros = scratch + zeroOffset;
        xPixels.fill(table, roundFirst + from, count, x, zeros);
        xKernel.call(table, scratch + vOffset + 4L * problem.c() * from, count);
        yPixels.fill(table, roundFirst + from, count, dy, zeros);
        yKernel.call(table, scratch + mOffset + 4L * problem.k() * from, count);
    }

    private void addProduct(int task, int worker) {
        int f = task % tile.frequencies();
        int filter = task / tile.frequencies() * filterBlock;
        WinogradGemm gemm = roundFirst == 0 ? first : roundCount == roundTiles ? middle : last;
        gemm.run(worker, scratch + mOffset + f * yPitch + 4L * filter, scratch + vOffset + f * xPitch,
                scratch + uOffset + f * filterPitch + 4L * filter * problem.c());
    }

    private void transformFilters(int task, int worker) {
        int filter = task * WinogradForward.FILTER_STEP;
        filterKernel.call(scratch + uOffset + 4L * problem.c() * filter, dw + 36L * problem.c() * filter,
                WinogradForward.FILTER_STEP);
    }

    @Override
    public String describe() {
        return "Winograd " + tile + ", rounds of " + roundTiles + " tiles";
    }

    @Override
    public void close() {
        xPixels.close();
        yPixels.close();
        xKernel.close();
        yKernel.close();
        filterKernel.close();
        first.close();
        if (middle != first) {
            middle.close();
        }
        if (last != middle) {
            last.close();
        }
    }
}
