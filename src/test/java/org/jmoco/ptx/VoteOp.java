package org.jmoco.ptx;

/** vote.sync (PTX ISA 9.7.12.7) and activemask (9.7.12.9). */
final class VoteOp extends Op {
    enum Kind {
        ALL, ANY, UNIFORM, BALLOT, ACTIVE
    }

    private final Kind kind;
    private final int dst;
    private final int source;
    private final int flip;

    VoteOp(Kind kind, int dst, int source, int flip) {
        this.kind = kind;
        this.dst = dst;
        this.source = source;
        this.flip = flip;
    }

    @Override
    void run(Warp w, int mask) {
        int votes = (w.p[source] ^ flip) & mask;
        if (kind == Kind.BALLOT || kind == Kind.ACTIVE) {
            for (int i = 0; i < Warp.LANES; i++) {
                if ((mask >> i & 1) != 0) {
                    w.r[dst][i] = kind == Kind.BALLOT ? votes : mask;
                }
            }
            return;
        }
        boolean yes = switch (kind) {
            case ALL -> votes == mask;
            case ANY -> votes != 0;
            default -> votes == mask || votes == 0;
        };
        w.p[dst] = yes ? w.p[dst] | mask : w.p[dst] & ~mask;
    }
}
