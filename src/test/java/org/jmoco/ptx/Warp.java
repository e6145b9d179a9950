package org.jmoco.ptx;

/**
 * 32 threads with their registers. Predicates are bit masks over the lanes; all registers of up to 32 bits are int (16-bit
 * ones in the lower half, upper half zero), 64-bit ones long; a floating-point register holds its bits.
 */
final class Warp {
    static final int LANES = 32;

    final Block block;
    /** Number in its block. */
    final int index;
    final int[] p;
    final int[][] r;
    final long[][] d;
    /** Which lanes of a register have been written; kept only for those that some path may read before. */
    final int[] definedP;
    final int[] definedR;
    final int[] definedD;
    /** Lanes that have not exited. */
    int live;

    // Groups of lanes that stand at the same instruction. The group that runs is not among them.
    final int[] groupPc = new int[LANES];
    final int[] groupMask = new int[LANES];
    /** Lanes that the group waits for before it goes on; 0 if it may run. */
    final int[] groupNeeds = new int[LANES];
    int groups;

    /** Counts the bar.warp.sync of this warp since the block's last barrier. */
    int time;
    private int fullSync;
    private int[] pairSync;
    /** Lanes that wrote global memory since their last fence; the second one: before the block's last barrier. */
    int unfenced;
    int unfencedBeforeBarrier;
    /** Addresses of the current memory instruction. */
    final long[] address = new long[LANES];
    /** Results of a matrix product before they go to registers that may be its operands. */
    final int[] mma = new int[4 * LANES];
    final AsyncCopies copies = new AsyncCopies();
    /** Bytes of .local memory per lane, all lanes of the warp; null if the kernel has none. */
    LocalMemory local;

    Warp(Block block, int index, Code code) {
        this.block = block;
        this.index = index;
        p = new int[code.predicates()];
        r = new int[code.ints()][];
        d = new long[code.longs()][];
        definedP = new int[code.predicates()];
        definedR = new int[code.ints()];
        definedD = new int[code.longs()];
        code.giveRegisters(this);
    }

    int threadOf(int lane) {
        return index * LANES + lane;
    }

    // ---- order within the warp ---------------------------------------------------------------------------------

    /** Warp time of the last bar.warp.sync that both lanes took part in. */
    int syncedAt(int a, int b) {
        return pairSync == null ? fullSync : Math.max(fullSync, pairSync[a * LANES + b]);
    }

    /** bar.warp.sync has been passed by these lanes. */
    void sync(int lanes) {
        time++;
        if ((lanes & live) == live) {
            fullSync = time;
            return;
        }
        if (pairSync == null) {
            pairSync = new int[LANES * LANES];
        }
        for (int a = 0; a < LANES; a++) {
            for (int b = 0; b < LANES; b++) {
                if ((lanes >> a & 1) != 0 && (lanes >> b & 1) != 0) {
                    pairSync[a * LANES + b] = time;
                }
            }
        }
    }

    void blockBarrier() {
        time = 0;
        fullSync = 0;
        pairSync = null;
        unfencedBeforeBarrier |= unfenced;
        unfenced = 0;
    }

    void start(int lanes) {
        live = lanes;
        groups = 0;
        blockBarrier();
        unfencedBeforeBarrier = 0;
        java.util.Arrays.fill(definedP, 0);
        java.util.Arrays.fill(definedR, 0);
        java.util.Arrays.fill(definedD, 0);
        copies.clear();
    }
}
