package org.jmoco.ptx;

import java.util.BitSet;

/**
 * Where the executing thread stands in time, as {@link Shadow} counts it. What orders two accesses: the end of a launch, a
 * barrier of the block (PTX ISA 9.7.12.1), bar.warp.sync between lanes of a warp, and, between blocks, a fence and an atomic
 * operation by which one block sees that another is through (PTX ISA 8, causality order, in its simplest form).
 */
final class Clock {
    int segment;
    int blockFirst;
    int launchFirst;
    /** Thread of the block, 0 to 1023. */
    int thread;
    Warp warp;
    /** Segment and warp time as {@link Shadow} keeps them: a cell but for the thread. */
    long stamp;
    /** Blocks of this launch whose accesses are known to be over, and where each block's segments start. */
    final BitSet known = new BitSet();
    int[] blockStarts = new int[16];
    int blocks;

    Clock() {
        segment = 1;
        at(0);
    }

    /** The running warp stands at this warp time. */
    void at(int warpTime) {
        stamp = Shadow.stamp(segment, warpTime);
    }

    void startLaunch() {
        launchFirst = next();
        blocks = 0;
    }

    void startBlock() {
        blockFirst = next();
        known.clear();
        if (blocks == blockStarts.length) {
            blockStarts = java.util.Arrays.copyOf(blockStarts, 2 * blocks);
        }
        blockStarts[blocks++] = blockFirst;
    }

    /** All threads of the block have met. */
    void barrier() {
        next();
    }

    private int next() {
        if (++segment < 0) {
            throw new PtxFault("emulated device: too many barriers for one device (2^31)");
        }
        at(0);
        return segment;
    }

    /** Number, in order of execution, of the block that a segment of this launch belongs to. */
    int blockOf(int ofSegment) {
        int at = java.util.Arrays.binarySearch(blockStarts, 0, blocks, ofSegment);
        return at >= 0 ? at : -at - 2;
    }

    /** True if an access in that segment by that thread is ordered before the current one. */
    boolean ordered(int at, int byThread, int time) {
        if (at >= blockFirst) {
            return at < segment || byThread == thread
                    || byThread >> 5 == thread >> 5 && warp.syncedAt(byThread & 31, thread & 31) > time;
        }
        return at < launchFirst || !known.isEmpty() && known.get(blockOf(at));
    }
}
