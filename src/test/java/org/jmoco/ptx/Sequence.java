package org.jmoco.ptx;

import java.util.List;

/** Several operations that together are one instruction. */
final class Sequence extends Op {
    private final Op[] parts;

    private Sequence(List<Op> parts) {
        this.parts = parts.toArray(Op[]::new);
    }

    static Op of(List<Op> parts) {
        return parts.size() == 1 ? parts.getFirst() : new Sequence(parts);
    }

    @Override
    void run(Warp w, int mask) {
        for (Op p : parts) {
            p.run(w, mask);
        }
    }
}
