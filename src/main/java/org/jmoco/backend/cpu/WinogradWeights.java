package org.jmoco.backend.cpu;

import static org.jmoco.backend.cpu.GemmKernel.CHUNK;
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
 *
 * <p>Where dU is small, as of few channels, and the tiles are many, the batch is cut into eight shares at most instead, by the
 * problem's size alone. A worker takes its share slab by slab through both stages, into a dU of the share's own; those are added
 * up in their order.
 */
final class WinogradWeights implements ConvKernel {
    /** Tiles of a slab: the panels of a product, four by AVX2 and three by AVX-512, take 24 KiB or 36. */
    private static final int SLAB = 12 * CHUNK;
    /** Tiles that one task transforms, a part of a slab. */
    private static final int TASK_TILES = 3 * CHUNK;
    /** Bytes of V and dM together in a round: a share of the last-level cache. */
    private static final long ROUND_BYTES = 8 << 20;
    /** Filters in a task's product at most: with more the few large tasks of the last layers would not share out evenly. */
    private static final int MAX_BLOCK_FILTERS = 128;
    /** Tasks of a round's products, so that they share out evenly among some workers. */
    private static final int MIN_TASKS = 16;
    /** Where dU has at most so many bytes, and there are tiles enough, the batch is shared out instead. */
    private static final long SHARED_BYTES = 1 << 20;
    private static final int SHARES = 8;
    /** Tiles of a slab then, which one worker takes through both stages. */
    private static final int SHARED_SLAB = 4 * CHUNK;

    private final WinogradTile tile;
    private final int lanes; // channels or filters of a panel
    private final int vector; // their bytes
    private final int c;
    private final int k;
    private final Workers workers;
    private final int tiles;
    private final int shares; // parts of the batch, each with a dU of its own; or 1
    private final int shareTiles; // of each
    private final int slab; // tiles
    private final int slabs; // of a round
    private final int filterBlock;
    private final long panelBytes; // a slab of them
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
    private final MachineCode[] products; // by panels of V; overwrite dU
    private final MachineCode[] productsOnto; // add to dU
    private final Workers.Task transformTask = this::transformTiles;
    private final Workers.Task productTask = this::addProduct;
    private final Workers.Task shareTask = this::runShare;
    private final Workers.Task sumTask = this::sumShares;
    private final Workers.Task filterTask = this::transformFilters;

    private final Scratch layout = new Scratch();
    private final long zeroOffset;
    private final long vBytes;
    private final long mBytes;
    private final long uBytes;
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
     * @param set what the machine code may use
     */
    WinogradWeights(WinogradTile tile, WinogradSide in, WinogradSide out, boolean accumulate, InstructionSet set,
            Workers workers) {
        this.tile = tile;
        this.workers = workers;
        vector = set.vectorBytes;
        lanes = vector / F32.bytes;
        c = in.channels();
        k = out.channels();
        int frequencies = tile.frequencies();
        int down = tile.down().tiles(out.h());
        int across = tile.across().tiles(out.w());
        tiles = out.images() * down * across;
        uPitch = WinogradGrid.staggered(4L * c * k);
        slab = frequencies * uPitch > SHARED_BYTES || tiles < SHARES * SLAB ? SLAB : SHARED_SLAB;
        int slabsOfBatch = (tiles + slab - 1) / slab;
        int shareSlabs = (slabsOfBatch + SHARES - 1) / SHARES;
        shareTiles = shareSlabs * slab;
        shares = slab == SLAB ? 1 : (slabsOfBatch + shareSlabs - 1) / shareSlabs;
        slabs = slab == SLAB
                ? (int) Math.min(slabsOfBatch, Math.max(1, ROUND_BYTES / (4L * (c + k) * frequencies * SLAB)))
                : 1;
        filterBlock = filterBlock(k, frequencies);
        panelBytes = WinogradGrid.staggered((long) vector * slab);
        vSlab = panelBytes * (c / lanes);
        mSlab = panelBytes * (k / lanes);
        vPitch = WinogradGrid.staggered(vSlab * slabs);
        mPitch = WinogradGrid.staggered(mSlab * slabs);

        xPixels = WinogradAddresses.ofInputs(tile, in, down, across);
        yPixels = WinogradAddresses.ofOutputs(tile, out, down, across);
        Strided v = WinogradKernel.frequencies(tile, vPitch, vector);
        Strided m = WinogradKernel.frequencies(tile, mPitch, vector);
        xKernel = WinogradKernel.transformVector(set, tile.input(), WinogradKernel.inputTable(tile), v);
        yKernel = WinogradKernel.transformVector(set, tile.outputGradient(), WinogradKernel.outputTable(tile), m);
        filterKernel = WinogradKernel.transform(set, F32, tile.filterGradient(),
                WinogradKernel.frequencies(tile, uPitch, 4L * c), F32, WinogradKernel.taps(tile, 4L * c, false), F32, c, vector,
                accumulate);
        products = new MachineCode[GemmKernel.outerVectors(set) + 1];
        productsOnto = new MachineCode[products.length];
        for (int vectors = 1; vectors < products.length; vectors++) {
            products[vectors] = GemmKernel.sumOfOuterProducts(set, vectors, panelBytes, 4L * c, false);
            productsOnto[vectors] = GemmKernel.sumOfOuterProducts(set, vectors, panelBytes, 4L * c, true);
        }

        zeroOffset = layout.region(4L * Math.max(c, k));
        int teams = slab == SLAB ? 1 : workers.count();
        vBytes = Scratch.roundUp(frequencies * vPitch);
        mBytes = Scratch.roundUp(frequencies * mPitch);
        uBytes = Scratch.roundUp(frequencies * uPitch);
        vOffset = layout.region(teams * vBytes);
        mOffset = layout.region(teams * mBytes);
        uOffset = layout.region(shares * uBytes);
        int most = slab == SLAB ? TASK_TILES : slab; // tiles that are transformed at once
        tableBytes = Scratch.roundUp(Math.max(xPixels.roomBytes(most), yPixels.roomBytes(most)));
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
        if (slab == SLAB) {
            int roundTiles = slabs * SLAB;
            for (roundFirst = 0; roundFirst < tiles; roundFirst += roundTiles) {
                roundCount = Math.min(roundTiles, tiles - roundFirst);
                workers.run((roundCount + TASK_TILES - 1) / TASK_TILES, transformTask);
                workers.run(tile.frequencies() * (k / filterBlock), productTask);
            }
        } else {
            workers.run(shares, shareTask);
            workers.run(tile.frequencies(), sumTask);
        }
        workers.run(k / WinogradForward.FILTER_STEP, filterTask);
    }

    private void transformTiles(int task, int worker) {
        int from = task * TASK_TILES;
        transform(roundFirst + from, Math.min(TASK_TILES, roundCount - from), worker, from / SLAB * vSlab, from / SLAB * mSlab,
                (long) vector * (from % SLAB));
    }

    /**
     * V and dM of {@code count} tiles of the batch from {@code first} on.
     *
     * @param place where in each panel
     */
    private void transform(int first, int count, int worker, long v, long m, long place) {
        int rounded = (count + CHUNK - 1) / CHUNK * CHUNK; // the last chunk is filled up with tiles of zeros
        long table = scratch + tableOffset + worker * tableBytes;
        long zeros = scratch + zeroOffset;
        xPixels.fill(table, first, count, rounded, x, zeros);
        for (int panel = 0; panel < c / lanes; panel++) {
            xKernel.call(table, scratch + vOffset + v + place + panel * panelBytes, rounded, (long) vector * panel);
        }
        yPixels.fill(table, first, count, rounded, dy, zeros);
        for (int panel = 0; panel < k / lanes; panel++) {
            yKernel.call(table, scratch + mOffset + m + place + panel * panelBytes, rounded, (long) vector * panel);
        }
    }

    private void addProduct(int task, int worker) {
        int f = task % tile.frequencies();
        int filter = task / tile.frequencies() * filterBlock;
        long u = scratch + uOffset + f * uPitch + 4L * filter * c;
        for (int slab = 0; slab * SLAB < roundCount; slab++) {
            addProduct(f * vPitch + slab * vSlab, f * mPitch + slab * mSlab + filter / lanes * panelBytes, u, filterBlock,
                    Math.min(SLAB, roundCount - slab * SLAB), roundFirst == 0 && slab == 0);
        }
    }

    /** dU = dM^T V or dU += dM^T V for {@code filters} filters, over the tiles of a slab. */
    private void addProduct(long v, long m, long u, int filters, int count, boolean first) {
        MachineCode[] kernels = first ? products : productsOnto;
        int panels = c / lanes;
        for (int panel = 0; panel < panels;) {
            int vectors = vectors(panels - panel);
            kernels[vectors].call(scratch + mOffset + m, scratch + vOffset + v + panel * panelBytes, u + (long) vector * panel,
                    filters / lanes, (count + CHUNK - 1) / CHUNK);
            panel += vectors;
        }
    }

    private void runShare(int share, int worker) {
        int from = share * shareTiles;
        int until = Math.min(tiles, from + shareTiles);
        for (int first = from; first < until; first += slab) {
            int count = Math.min(slab, until - first);
            transform(first, count, worker, worker * vBytes, worker * mBytes, 0);
            for (int f = 0; f < tile.frequencies(); f++) {
                addProduct(worker * vBytes + f * vPitch, worker * mBytes + f * mPitch,
                        scratch + uOffset + share * uBytes + f * uPitch, k, count, first == from);
            }
        }
    }

    private void sumShares(int f, int worker) {
        long u = scratch + uOffset + f * uPitch;
        VectorSum.sum(u, u, shares, uBytes, (long) c * k);
    }

    /** Panels of the next product where {@code left} are left: as many as it takes, but two and two instead of three and one. */
    private int vectors(int left) {
        int most = products.length - 1;
        return left == most + 1 ? (left + 1) / 2 : Math.min(most, left);
    }

    private void transformFilters(int task, int worker) {
        int filter = task * WinogradForward.FILTER_STEP;
        filterKernel.call(scratch + uOffset + 4L * c * filter, dw + 4L * tile.taps() * c * filter,
                WinogradForward.FILTER_STEP);
    }

    @Override
    public String describe() {
        return tile + (slab == SLAB ? ", rounds of " + slabs * SLAB : ", " + shares + " shares of " + shareTiles) + " tiles";
    }

    @Override
    public void close() {
        xPixels.close();
        yPixels.close();
        xKernel.close();
        yKernel.close();
        filterKernel.close();
        for (int vectors = 1; vectors < products.length; vectors++) {
            products[vectors].close();
            productsOnto[vectors].close();
        }
    }
}
