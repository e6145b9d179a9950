package org.jmoco.ptx;

/** Reads a clock: the number of warp instructions that this launch has issued so far, not a time (PTX ISA 10, %clock). */
final class ClockOp extends Op {
    private final int dst;
    private final boolean wide;

    ClockOp(int dst, boolean wide) {
        this.dst = dst;
        this.wide = wide;
    }

    @Override
    void run(Warp w, int mask) {
        long now = java.util.Arrays.stream(w.block.tally.issued).sum();
        for (int i = 0; i < Warp.LANES; i++) {
            if ((mask >> i & 1) != 0) {
                if (wide) {
                    w.d[dst][i] = now;
                } else {
                    w.r[dst][i] = (int) now;
                }
            }
        }
    }
}
