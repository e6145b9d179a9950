package org.jmoco.ptx;

/**
 * membar and fence (PTX ISA 9.7.12.3). Memory of the machine is always in order, so the fence only counts for {@link Clock}: what
 * the fencing thread, and whoever it met in a barrier, wrote before may be handed to other blocks.
 */
final class FenceOp extends Op {
    private final boolean device;

    FenceOp(boolean device) {
        this.device = device;
    }

    @Override
    void run(Warp w, int mask) {
        if (device) {
            w.unfenced &= ~mask;
            w.block.fence();
        }
    }
}
