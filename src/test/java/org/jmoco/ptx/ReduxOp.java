package org.jmoco.ptx;

/** redux.sync of 32-bit integers (PTX ISA 9.7.12.10). */
final class ReduxOp extends Op {
    private final String operation;
    private final boolean signed;
    private final int dst;
    private final int source;

    ReduxOp(String operation, boolean signed, int dst, int source) {
        this.operation = operation;
        this.signed = signed;
        this.dst = dst;
        this.source = source;
    }

    @Override
    void run(Warp w, int mask) {
        int first = Integer.numberOfTrailingZeros(mask);
        int r = w.r[source][first];
        for (int m = mask & mask - 1; m != 0; m &= m - 1) {
            int x = w.r[source][Integer.numberOfTrailingZeros(m)];
            r = switch (operation) {
                case "add" -> r + x;
                case "and" -> r & x;
                case "or" -> r | x;
                case "xor" -> r ^ x;
                case "min" -> signed ? Math.min(r, x) : IntLanes.min_u32(r, x);
                default -> signed ? Math.max(r, x) : IntLanes.max_u32(r, x);
            };
        }
        for (int i = 0; i < Warp.LANES; i++) {
            if ((mask >> i & 1) != 0) {
                w.r[dst][i] = r;
            }
        }
    }
}
