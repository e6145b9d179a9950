package org.jmoco.ptx;

/** match.any.sync and match.all.sync (PTX ISA 9.7.12.8). */
final class MatchOp extends Op {
    private final boolean all;
    private final int dst;
    private final int predicate;
    private final int source;
    private final boolean wide;

    MatchOp(boolean all, int dst, int predicate, int source, boolean wide) {
        this.all = all;
        this.dst = dst;
        this.predicate = predicate;
        this.source = source;
        this.wide = wide;
    }

    @Override
    void run(Warp w, int mask) {
        int[] same = new int[Warp.LANES];
        for (int i = 0; i < Warp.LANES; i++) {
            for (int j = 0; j < Warp.LANES; j++) {
                boolean equal = wide ? w.d[source][i] == w.d[source][j] : w.r[source][i] == w.r[source][j];
                same[i] |= equal && (mask >> j & 1) != 0 ? 1 << j : 0;
            }
        }
        for (int i = 0; i < Warp.LANES; i++) {
            if ((mask >> i & 1) != 0) {
                w.r[dst][i] = !all || same[i] == mask ? same[i] : 0;
                if (predicate >= 0) {
                    w.p[predicate] = same[i] == mask ? w.p[predicate] | 1 << i : w.p[predicate] & ~(1 << i);
                }
            }
        }
    }
}
