package org.jmoco.ptx;

/** A fault of a lane; whoever runs the warp adds kernel, instruction, block and thread. */
final class LaneFault extends RuntimeException {
    /** The lane, or -1 if the whole warp is at fault. */
    final int lane;

    LaneFault(int lane, String message) {
        super(message, null, false, false);
        this.lane = lane;
    }

    static LaneFault divisionByZero() {
        return new LaneFault(-1, "integer division by zero in a lane of this warp: the result is unspecified");
    }
}
