package org.jmoco.ptx;

/** An instruction without effect on values. */
final class NoOp extends Op {
    @Override
    void run(Warp w, int mask) {
    }
}
