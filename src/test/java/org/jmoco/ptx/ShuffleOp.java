package org.jmoco.ptx;

/**
 * shfl.sync (PTX ISA 9.7.8.6). The third operand c holds the clamp in bits 0 to 4 and the segment mask in bits 8 to 12. Reading
 * a lane that does not take part is undefined there and a fault here.
 */
final class ShuffleOp extends Op {
    enum Mode {
        UP, DOWN, BUTTERFLY, INDEX
    }

    private final Mode mode;
    private final int dst;
    private final int predicate;
    private final int a;
    private final int b;
    private final int c;
    private final int[] result = new int[Warp.LANES];

    /** @param predicate slot that tells whether the source lane was in range, or -1 */
    ShuffleOp(Mode mode, int dst, int predicate, int a, int b, int c) {
        this.mode = mode;
        this.dst = dst;
        this.predicate = predicate;
        this.a = a;
        this.b = b;
        this.c = c;
    }

    @Override
    void run(Warp w, int mask) {
        int[] from = w.r[a];
        int inRange = 0;
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int bval = w.r[b][lane] & 31;
            int cval = w.r[c][lane] & 31;
            int segment = w.r[c][lane] >> 8 & 31;
            int maxLane = lane & segment | cval & ~segment;
            int minLane = lane & segment;
            int j;
            boolean in;
            switch (mode) {
                case UP -> {
                    j = lane - bval;
                    in = j >= maxLane;
                }
                case DOWN -> {
                    j = lane + bval;
                    in = j <= maxLane;
                }
                case BUTTERFLY -> {
                    j = lane ^ bval;
                    in = j <= maxLane;
                }
                default -> {
                    j = minLane | bval & ~segment;
                    in = j <= maxLane;
                }
            }
            if (!in) {
                j = lane;
            }
            if ((mask >> j & 1) == 0) {
                throw new LaneFault(lane, "shfl reads lane " + j + ", which does not take part");
            }
            result[lane] = from[j];
            inRange |= in ? 1 << lane : 0;
        }
        int[] to = w.r[dst];
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            to[lane] = result[lane];
        }
        if (predicate >= 0) {
            w.p[predicate] = w.p[predicate] & ~mask | inRange;
        }
    }
}
