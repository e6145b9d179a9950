package org.jmoco.backend.cpu;

import static org.jmoco.backend.cpu.GemmKernel.PANEL_BYTES;
import static org.jmoco.tensor.DType.F32;

import org.jmoco.backend.cpu.WinogradKernel.Strided;
import org.jmoco.tensor.DType;

/**
 * A convolution by tiles, forward or backward data. The latter is a convolution of dy with the filters rotated by half a turn
 * and their channels exchanged; which pixels a tile reads and makes is the tile's and the sides' business.
 *
 * <p>First all filters are transformed; U[f] is C x K for each frequency f, in panels of 16 columns (8 in f64) and some
 * channels, in the order in which products take them. Then each task takes a
 * block of tiles through all three stages while they are in the cache: V = B^T d B, M[f] = V[f] U[f], y = A^T M A. Blocks are
 * cut from the tiles of the whole batch by the problem's size alone. C and K are the channels of what is read and made,
 * exchanged for backward data.
 *
 * <p>U, V, M and the sums are f64 forward and f32 for the gradient; x, w and y are f32 in any case: {@link ConvMethod} says why.
 */
final class WinogradForward implements ConvKernel {
    /** Filters that one task transforms; C and K are multiples of it. */
    static final int FILTER_STEP = 16;
    /**
     * Channels of a product at most. By AVX2 a panel of U and six rows of V, 64 bytes and six elements for each channel, then
     * stay in 32 KiB of cache; by AVX-512 two panels and eight rows of f64 are 48 KiB.
     */
    private static final int MAX_CHANNELS = 256;

    /** Transformed filters of more bytes don't stay in a last-level cache until they are read, and are written past it. */
    private static final long CACHE_BYTES = 16 << 20;

    private final WinogradTile tile;
    private final DType work; // of U, V, M and the sums
    private final boolean backward;
    private final int c;
    private final int k;
    private final Workers workers;
    private final int tiles;
    private final int blockTiles;
    private final int blocks;
    private final int depth; // channels of a product, all or an equal part
    private final int rows; // tiles of a product's group
    private final int panels; // of U that a product takes at once
    private final long vRow; // bytes between tiles in V
    private final long mRow; // in M
    private final long vPitch; // bytes between frequencies of V
    private final long mPitch; // of M
    private final long uPitch; // of U
    private final WinogradAddresses inputs;
    private final WinogradAddresses outputs;
    private final MachineCode inputKernel;
    private final MachineCode outputKernel;
    private final MachineCode filterKernel;
    private final MachineCode product;
    private final MachineCode productOnto;
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
     * @param work f64 forward, or f32
     * @param in what is read: x, or dy
     * @param out what is made: y, or dx
     * @param backward whether it is backward data
     * @param accumulate whether to add to the result
     * @param set what the machine code may use
     */
    WinogradForward(WinogradTile tile, DType work, WinogradSide in, WinogradSide out, boolean backward, boolean accumulate,
            InstructionSet set, Workers workers) {
        this.tile = tile;
        this.work = work;
        this.backward = backward;
        this.workers = workers;
        c = in.channels();
        k = out.channels();
        int down = tile.down().tiles(out.h());
        int across = tile.across().tiles(out.w());
        tiles = out.images() * down * across;
        rows = GemmKernel.rows(set);
        blockTiles = WinogradGrid.blockTiles(tile, work.bytes, c, k, tiles, rows);
        blocks = (tiles + blockTiles - 1) / blockTiles;
        vRow = WinogradGrid.staggered((long) work.bytes * c);
        mRow = WinogradGrid.staggered((long) work.bytes * k);
        vPitch = WinogradGrid.staggered(blockTiles * vRow);
        mPitch = WinogradGrid.staggered(blockTiles * mRow);
        uPitch = WinogradGrid.staggered((long) work.bytes * c * k);

        inputs = WinogradAddresses.ofInputs(tile, in, down, across);
        outputs = WinogradAddresses.ofOutputs(tile, out, down, across);
        Strided v = WinogradKernel.frequencies(tile, vPitch, vRow);
        Strided m = WinogradKernel.frequencies(tile, mPitch, mRow);
        inputKernel = WinogradKernel.transform(set, work, tile.input(), WinogradKernel.inputTable(tile), F32, v, work, c,
                set.vectorBytes, false);
        outputKernel = WinogradKernel.transform(set, work, tile.output(), m, work, WinogradKernel.outputTable(tile), F32, k,
                (long) set.vectorBytes / work.bytes * F32.bytes, accumulate);
        depth = depth(c);
        filterKernel = backward
                ? WinogradKernel.transform(set, work, tile.filter(), WinogradKernel.taps(tile, 4L * k, true), F32,
                        WinogradKernel.frequencies(tile, uPitch, PANEL_BYTES), work, PANEL_BYTES / work.bytes, set.vectorBytes,
                        false)
                : WinogradKernel.transposingFilter(work, tile.filter(), 4L * c, uPitch,
                        PANEL_BYTES * (long) depth, tile.frequencies() * uPitch > CACHE_BYTES);
        panels = GemmKernel.panels(set, k * work.bytes / PANEL_BYTES);
        var shape = new GemmKernel.Rows(set, work, depth, panels, blockTiles / rows, vRow, mRow);
        product = GemmKernel.rowsTimesPanels(shape, false);
        productOnto = GemmKernel.rowsTimesPanels(shape, true);

        int frequencies = tile.frequencies();
        zeroOffset = layout.region(4L * c);
        filterOffset = layout.region(frequencies * uPitch);
        Scratch own = new Scratch();
        own.region(frequencies * vPitch);
        mOffset = own.region(frequencies * mPitch);
        inputTableOffset = own.region(inputs.roomBytes(blockTiles));
        outputTableOffset = own.region(outputs.roomBytes(blockTiles));
        wasteOffset = own.region(4L * k);
        workerBytes = own.bytes();
        workerOffset = layout.region(workerBytes * workers.count());
    }

    /** The largest part of {@code c} channels, a multiple of 16 as they are, that a product may have. */
    private static int depth(int c) {
        int parts = (c + MAX_CHANNELS - 1) / MAX_CHANNELS;
        while (c % (parts * FILTER_STEP) != 0) {
            parts++;
        }
        return c / parts;
    }

    @Override
    public long scratchBytes() {
        return layout.bytes();
    }

    @Override
    public void bind(long scratch) {
        this.scratch = scratch;
    }

    @Override
    public void run(long a, long w, long result) {
        this.a = a;
        this.w = w;
        this.result = result;
        Simd.zero(scratch + zeroOffset, 4L * c);
        workers.run((backward ? c : k) / FILTER_STEP, filterTask);
        workers.run(blocks, blockTask);
    }

    /** Where in U[0] the panel {@code p} of columns begins for the products of channels from {@code from} on. */
    private long panel(int p, int from) {
        return scratch + filterOffset + (long) from * k * work.bytes + (long) PANEL_BYTES * depth * p;
    }

    /** Filters {@code task * 16} to {@code task * 16 + 15} in the order of w. */
    private void transformFilters(int task, int worker) {
        int first = task * FILTER_STEP;
        int panel = PANEL_BYTES / work.bytes;
        if (backward) { // a filter of w is a row of U, a piece of it in each panel
            long from = w + 4L * tile.taps() * k * first;
            long row = (long) PANEL_BYTES * (first % depth);
            for (int p = 0; p < k / panel; p++) {
                filterKernel.call(from + 4L * panel * p, panel(p, first - first % depth) + row, FILTER_STEP);
            }
        } else { // a filter of w is a column of U
            for (int from = 0; from < c; from += depth) {
                filterKernel.call(w + 4L * (tile.taps() * c * first + from), panel(first / panel, from), depth / 8);
            }
        }
    }

    private void runBlock(int block, int worker) {
        int first = block * blockTiles;
        int count = Math.min(blockTiles, tiles - first);
        long v = scratch + workerOffset + worker * workerBytes;
        long m = v + mOffset;
        long inputTable = v + inputTableOffset;
        long outputTable = v + outputTableOffset;
        inputs.fill(inputTable, first, count, count, a, scratch + zeroOffset);
        outputs.fill(outputTable, first, count, count, result, v + wasteOffset);
        inputKernel.call(inputTable, v, count);
        multiply(v, m, (count + rows - 1) / rows);
        outputKernel.call(m, outputTable, count);
    }

    /** M[f] = V[f] U[f] for {@code groups} groups of tiles; what stands in V beyond the last tile does no harm. */
    private void multiply(long v, long m, int groups) {
        int panelsInAll = k * work.bytes / PANEL_BYTES;
        for (int f = 0; f < tile.frequencies(); f++) {
            for (int from = 0; from < c; from += depth) {
                MachineCode kernel = from == 0 ? product : productOnto;
                for (int p = 0; p < panelsInAll; p += panels) {
                    kernel.call(v + f * vPitch + (long) work.bytes * from, panel(p, from) + f * uPitch,
                            m + f * mPitch + (long) PANEL_BYTES * p, groups);
                }
            }
        }
    }

    @Override
    public String describe() {
        return tile + ", " + blocks + " blocks of " + blockTiles + " tiles";
    }

    @Override
    public void close() {
        inputs.close();
        outputs.close();
        inputKernel.close();
        outputKernel.close();
        filterKernel.close();
        product.close();
        productOnto.close();
    }
}
