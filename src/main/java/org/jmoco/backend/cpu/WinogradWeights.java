package org.jmoco.backend.cpu;

import static org.jmoco.backend.cpu.GemmKernel.CHUNK;
import static org.jmoco.backend.cpu.WinogradKernel.VECTOR;
import static org.jmoco.tensor.DType.F32;

import org.jmoco.backend.cpu.WinogradKernel.Strided;

/**
 * The filters' gradient of a convolution by tiles: with V = B^T x B and dM = A dy A^T of all tiles, dU[f] = dM[f]^T V[f],
 * summed over the tiles, and dw = G^T dU G.
 *
 * <p>The batch is worked through in rounds of a few megabytes of V and dM, which stay in the last-level cache. In a round
 * the workers first transform the tiles, a slab per task, then add the products, one frequency and block of filters per
 * task. So there is one sum per element, over the tiles in their order, whatever the number of workers: chunks of 16 tiles
 * are added up over a slab, and the slabs over the batch.
 */
final class WinogradWeights implements ConvKernel {
    /** Tiles of a slab: four panels of as many terms, the working set of the product, take 24 of 32 KiB. */
    private static final int SLAB = 12 * CHUNK;
    /** Tiles that one task transforms, a part of a slab. */
    private static final int TASK_TILES = 3 * CHUNK;
    /** Bytes of V and dM together in a round: a share of the last-level cache. */
    private static final long ROUND_BYTES = 8 << 20;
    /** Filters in a task's product at most: with more the few large tasks of the last layers would not share out evenly. */
    private static final int MAX_BLOCK_FILTERS = 128;
    /** Tasks of a round's products, so that they share out evenly among some workers. */
    private static final int MIN_TASKS = 16;
    private static final int MAX_VECTORS = 3;

    private final WinogradTile tile;
    private final int c;
    private final int k;
    private final Workers workers;
    private final int tiles;
    private final int slabs; // of a round
    private final int filterBlock;
    private final long panelBytes; // 8 channels of a slab
    private final long vSlab; // bytes of a slab of V at one frequency
    private final long mSlab; // of dM
    private final long vPitch; // bytes between frequencies of V
    private final long mPitch; // of dM
    private final long uPitch; // of dU
    private final WinogradAddresses xPixels;
    private final WinogradAddresses yPixels;
    private final MachineCode xKernel;
    private final MachineCode yKernel;
    private final MachineCode filterKernel;
    private final MachineCode[] products = new MachineCode[MAX_VECTORS + 1]; // by vectors; overwrite dU
    private final MachineCode[] productsOnto = new MachineCode[MAX_VECTORS + 1]; // add to dU
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

    /**
     * @param in x
     * @param out dy
     * @param accumulate whether to add to dw
     */
    WinogradWeights(WinogradTile tile, WinogradSide in, WinogradSide out, boolean accumulate, Workers workers) {
        this.tile = tile;
        this.workers = workers;
        c = in.channels();
        k = out.channels();
        int frequencies = tile.frequencies();
        int down = tile.down().tiles(out.h());
        int across = tile.across().tiles(out.w());
        tiles = out.images() * down * across;
        long slabsOfBatch = (tiles + SLAB - 1) / SLAB;
        slabs = (int) Math.min(slabsOfBatch, Math.max(1, ROUND_BYTES / (4L * (c + k) * frequencies * SLAB)));
        filterBlock = filterBlock(k, frequencies);
        panelBytes = WinogradGrid.staggered((long) VECTOR * SLAB);
        vSlab = panelBytes * (c / 8);
        mSlab = panelBytes * (k / 8);
        vPitch = WinogradGrid.staggered(vSlab * slabs);
        mPitch = WinogradGrid.staggered(mSlab * slabs);
        uPitch = WinogradGrid.staggered(4L * c * k);

        xPixels = WinogradAddresses.ofInputs(tile, in, down, across);
        yPixels = WinogradAddresses.ofOutputs(tile, out, down, across);
        Strided v = WinogradKernel.frequencies(tile, vPitch, VECTOR);
        Strided m = WinogradKernel.frequencies(tile, mPitch, VECTOR);
        xKernel = WinogradKernel.transformVector(tile.input(), WinogradKernel.inputTable(tile), v);
        yKernel = WinogradKernel.transformVector(tile.outputGradient(), WinogradKernel.outputTable(tile), m);
        filterKernel = WinogradKernel.transform(F32, tile.filterGradient(), WinogradKernel.frequencies(tile, uPitch, 4L * c), F32,
                WinogradKernel.taps(tile, 4L * c, false), F32, c, VECTOR, accumulate);
        for (int vectors = 1; vectors <= MAX_VECTORS; vectors++) {
            products[vectors] = GemmKernel.sumOfOuterProducts(vectors, panelBytes, 4L * c, false);
            productsOnto[vectors] = GemmKernel.sumOfOuterProducts(vectors, panelBytes, 4L * c, true);
        }

        zeroOffset = layout.region(4L * Math.max(c, k));
        vOffset = layout.region(frequencies * vPitch);
        mOffset = layout.region(frequencies * mPitch);
        uOffset = layout.region(frequencies * uPitch);
        tableBytes = Scratch.roundUp(Math.max(xPixels.roomBytes(TASK_TILES), yPixels.roomBytes(TASK_TILES)));
        tableOffset = layout.region(tableBytes * workers.count());
    }

    /** Filters of a product's task: as many as give at least MIN_TASKS tasks, a divisor of K and a multiple of 16. */
    private static int filterBlock(int k, int frequencies) {
        int block = k;
        while (block % 32 == 0 && (block > MAX_BLOCK_FILTERS || frequencies * (k / block) < MIN_TASKS)) {
            block /= 2;
        }
        return block;
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
    public void run(long x, long dy, long dw) {
        this.x = x;
        this.dy = dy;
        this.dw = dw;
        Simd.zero(scratch + zeroOffset, 4L * Math.max(c, k));
        int roundTiles = slabs * SLAB;
        for (roundFirst = 0; roundFirst < tiles; roundFirst += roundTiles) {
            roundCount = Math.min(roundTiles, tiles - roundFirst);
            workers.run((roundCount + TASK_TILES - 1) / TASK_TILES, transformTask);
            workers.run(tile.frequencies() * (k / filterBlock), productTask);
        }
        workers.run(k / WinogradForward.FILTER_STEP, filterTask);
    }

    private void transformTiles(int task, int worker) {
        int from = task * TASK_TILES;
        int count = Math.min(TASK_TILES, roundCount - from);
        int rounded = (count + CHUNK - 1) / CHUNK * CHUNK; // the last chunk is filled up with tiles of zeros
        long table = scratch + tableOffset + worker * tableBytes;
        long zeros = scratch + zeroOffset;
        int slab = from / SLAB;
        long place = (long) VECTOR * (from % SLAB);
        xPixels.fill(table, roundFirst + from, count, rounded, x, zeros);
        for (int panel = 0; panel < c / 8; panel++) {
            xKernel.call(table, scratch + vOffset + slab * vSlab + place + panel * panelBytes, rounded, (long) VECTOR * panel);
        }
        yPixels.fill(table, roundFirst + from, count, rounded, dy, zeros);
        for (int panel = 0; panel < k / 8; panel++) {
            yKernel.call(table, scratch + mOffset + slab * mSlab + place + panel * panelBytes, rounded, (long) VECTOR * panel);
        }
    }

    private void addProduct(int task, int worker) {
        int f = task % tile.frequencies();
        int filter = task / tile.frequencies() * filterBlock;
        int panels = c / 8;
        long u = scratch + uOffset + f * uPitch + 4L * filter * c;
        for (int slab = 0; slab * SLAB < roundCount; slab++) {
            long v = scratch + vOffset + f * vPitch + slab * vSlab;
            long m = scratch + mOffset + f * mPitch + slab * mSlab + filter / 8 * panelBytes;
            int chunks = (Math.min(SLAB, roundCount - slab * SLAB) + CHUNK - 1) / CHUNK;
            MachineCode[] kernels = roundFirst == 0 && slab == 0 ? products : productsOnto;
            for (int panel = 0; panel < panels;) {
                int vectors = vectors(panels - panel);
                kernels[vectors].call(m, v + panel * panelBytes, u + (long) VECTOR * panel, filterBlock / 8, chunks);
                panel += vectors;
            }
        }
    }

    /** Panels of the next product where {@code left} are left: three, but two and two instead of three and one. */
    private static int vectors(int left) {
        return left == MAX_VECTORS + 1 ? 2 : Math.min(MAX_VECTORS, left);
    }

    private void transformFilters(int task, int worker) {
        int filter = task * WinogradForward.FILTER_STEP;
        filterKernel.call(scratch + uOffset + 4L * c * filter, dw + 4L * tile.taps() * c * filter,
                WinogradForward.FILTER_STEP);
    }

    @Override
    public String describe() {
        return tile + ", rounds of " + slabs * SLAB + " tiles";
    }

    @Override
    public void close() {
        xPixels.close();
        yPixels.close();
        xKernel.close();
        yKernel.close();
        filterKernel.close();
        for (int vectors = 1; vectors <= MAX_VECTORS; vectors++) {
            products[vectors].close();
            productsOnto[vectors].close();
        }
    }
}
