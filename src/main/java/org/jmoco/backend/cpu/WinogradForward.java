package org.jmoco.backend.cpu;

import org.jmoco.backend.cpu.WinogradKernel.Strided;
import org.jmoco.backend.cpu.WinogradKernel.Table;

/**
 * A 3 x 3 convolution of stride 1 by Winograd's method, forward or backward data. The latter is the same thing with the
 * filters rotated by half a turn and their channels exchanged: dx = conv(dy, rot(w)^T) with padding 2 - pad.
 *
 * <p>First all filters are transformed, U[f] is C x K for each frequency f. Then each task takes a block of tiles through
 * all three stages while they are in the cache: V = B^T d B, M[f] = V[f] U[f], y = A^T M A. Blocks are cut from the tiles
 * of the whole batch by the problem's size alone.
 */
final class WinogradForward implements ConvKernel {
    /** Filters that one task transforms, and channels for which that count must be a multiple. */
    static final int FILTER_STEP = 16;
    /** Columns side by side in oneDNN's preferred layout of the second factor of an AVX2 product. */
    private static final int PANEL = 64;
    private static final String PANEL_TAG = "aCB16b64c";

    private final ConvProblem problem; // of the convolution that is computed, so exchanged for backward data
    private final WinogradTile tile;
    private final boolean backward;
    private final Workers workers;
    private final int tiles;
    private final int blockTiles;
    private final int blocks;
    private final int panel;
    private final long filterPitch; // bytes between frequencies of U
    private final long inputPitch; // of V
    private final long outputPitch; // of M
    private final WinogradAddresses inputs;
    private final WinogradAddresses outputs;
    private final MachineCode inputKernel;
    private final MachineCode outputKernel;
    private final MachineCode filterKernel;
    private final WinogradGemm full;
    private final WinogradGemm last; // for the shorter last block; the same as full if there is none
    private final Workers.Task filterTask = this::transformFilters;
    private final Workers.Task blockTask = this::runBlock;

    private final Scratch layout = new Scratch();
    private final long zeroOffset;
    private final long filterOffset;
    private final long workerOffset;
    private final long workerBytes;
    private final long mOffset; // within a worker's region, after V
    private final long inputTableOffset;
    private final long outputTableOffset;
    private final long wasteOffset;

    private long scratch;
    private long a;
    private long w;
    private long result;

    /**
     * @param given the convolution as its forward direction sees it
     * @param backward whether to compute dx from dy
     * @param accumulate whether to add to the result
     */
    WinogradForward(ConvProblem given, WinogradTile tile, boolean backward, boolean accumulate, Workers workers) {
        problem = backward ? new ConvProblem(given.n(), given.outH(), given.outW(), given.k(), given.c(), 3, 3, 1,
                2 - given.pad()) : given;
        this.tile = tile;
        this.backward = backward;
        this.workers = workers;
        int c = problem.c();
        int k = problem.k();
        int down = WinogradGrid.tiles(problem.outH(), tile.outH());
        int across = WinogradGrid.tiles(problem.outW(), tile.outW());
        tiles = problem.n() * down * across;
        blockTiles = WinogradGrid.blockTiles(tile, c + k, tiles);
        blocks = (tiles + blockTiles - 1) / blockTiles;
        int frequencies = tile.frequencies();
        panel = k % PANEL == 0 && c % 16 == 0 ? PANEL : k;
        filterPitch = 4L * c * k;
        inputPitch = WinogradGrid.pitch(blockTiles, c);
        outputPitch = WinogradGrid.pitch(blockTiles, k);

        inputs = new WinogradAddresses(problem.h(), problem.w(), c, down, across, tile.outH(), tile.outW(),
                tile.inH(), tile.inW(), problem.pad());
        outputs = new WinogradAddresses(problem.outH(), problem.outW(), k, down, across, tile.outH(), tile.outW(),
                tile.outH(), tile.outW(), 0);
        inputKernel = WinogradKernel.transform(tile.input, Table.of(tile.inH(), tile.inW()),
                new Strided(inputPitch, tile.inH(), tile.inW(), false, 4L * c), 4 * c, false);
        outputKernel = WinogradKernel.transform(tile.output, new Strided(outputPitch, tile.inH(), tile.inW(), false, 4L * k),
                Table.of(tile.outH(), tile.outW()), 4 * k, accumulate);
        filterKernel = backward
                ? WinogradKernel.transform(tile.filter, new Strided(4L * k, 3, 3, true, 36L * k),
                        new Strided(filterPitch, tile.inH(), tile.inW(), false, 4L * panel), 4 * panel, false)
                : WinogradKernel.transposingFilter(tile.filter, 4L * c, filterPitch, 4L * panel);

        zeroOffset = layout.region(4L * c);
        filterOffset = layout.region(frequencies * filterPitch);
        Dnnl.oneThread();
        full = product(blockTiles);
        int lastTiles = tiles - (blocks - 1) * blockTiles;
        last = lastTiles == blockTiles ? full : product(lastTiles);
        Scratch own = new Scratch();
        own.region(frequencies * inputPitch);
        mOffset = own.region(frequencies * outputPitch);
        inputTableOffset = own.region(inputs.tableBytes(blockTiles));
        outputTableOffset = own.region(outputs.tableBytes(blockTiles));
        wasteOffset = own.region(4L * k);
        workerBytes = own.bytes();
        workerOffset = layout.region(workerBytes * workers.count());
    }

    /** M = V U for a block of {@code rows} tiles, all frequencies. */
    private WinogradGemm product(int rows) {
        int f = tile.frequencies();
        int c = problem.c();
        int k = problem.k();
        return new WinogradGemm(
                Dnnl.strided(new long[] {f, rows, c}, new long[] {inputPitch / 4, c, 1}),
                panel == PANEL ? Dnnl.tagged(PANEL_TAG, f, c, k)
                        : Dnnl.strided(new long[] {f, c, k}, new long[] {(long) c * k, k, 1}),
                Dnnl.strided(new long[] {f, rows, k}, new long[] {outputPitch / 4, k, 1}), false, workers, layout);
    }

    @Override
    public long scratchBytes() {
        return layout.bytes();
    }

    @Override
    public void bind(long scratch) {
        this.scratch = scratch;
        full.bind(scratch);
        last.bind(scratch);
    }

    @Override
    public void run(long a, long w, long result) {
        this.a = a;
        this.w = w;
        this.result = result;
        NativeMemory.ALL.asSlice(scratch + zeroOffset, 4L * problem.c()).fill((byte) 0);
        workers.run((backward ? problem.c() : problem.k()) / FILTER_STEP, filterTask);
        workers.run(blocks, blockTask);
    }

    /** Filters {@code task * 16} to {@code task * 16 + 15} in the order of w. */
    private void transformFilters(int task, int worker) {
        int first = task * FILTER_STEP;
        long u = scratch + filterOffset;
        if (backward) { // a filter of w is a row of U, in pieces of a panel's width
            long from = w + 36L * problem.k() * first;
            long panelBytes = 4L * panel * problem.c();
            for (int p = 0; p < problem.k() / panel; p++) {
                filterKernel.call(from + 4L * panel * p, u + panelBytes * p + 4L * panel * first, FILTER_STEP);
            }
        } else { // a filter of w is a column of U
            long column = 4L * (first / panel * panel * problem.c() + first % panel);
            filterKernel.call(w + 36L * problem.c() * first, u + column, problem.c() / 8);
        }
    }

    private void runBlock(int block, int worker) {
        int first = block * blockTiles;
        int count = Math.min(blockTiles, tiles - first);
        long v = scratch + workerOffset + worker * workerBytes;
        long m = v + mOffset;
        long inputTable = v + inputTableOffset;
        long outputTable = v + outputTableOffset;
        inputs.fill(inputTable, first, count, a, scratch + zeroOffset);
        outputs.fill(outputTable, first, count, result, v + wasteOffset);
        inputKernel.call(inputTable, v, count);
        (count == blockTiles ? full : last).run(worker, v, scratch + filterOffset, m);
        outputKernel.call(m, outputTable, count);
    }

    @Override
    public String describe() {
        return "Winograd " + tile + ", " + blocks + " blocks of " + blockTiles + " tiles";
    }

    @Override
    public void close() {
        inputs.close();
        outputs.close();
        inputKernel.close();
        outputKernel.close();
        filterKernel.close();
        full.close();
        if (last != full) {
            last.close();
        }
    }
}
