package org.jmoco.ptx;

/**
 * A range of addresses inside which an access is allowed, and where its bytes are. Instructions keep the last one they used,
 * since the next access nearly always falls into the same.
 */
final class Window {
    final byte[] data;
    /** Address of data[0]. */
    final long base;
    final long low;
    final long high;
    final Shadow shadow;
    /** Null for shared and local memory. */
    final Allocation allocation;
    /** The lane whose local memory it is, or -1. */
    final int lane;
    /** Reading a byte that no thread of this block wrote is a fault. */
    final boolean startsUnwritten;
    /** The launch that it is valid for. */
    final long launch;

    Window(byte[] data, long base, long low, long high, Shadow shadow, Allocation allocation, int lane, boolean startsUnwritten,
            long launch) {
        this.data = data;
        this.base = base;
        this.low = low;
        this.high = high;
        this.shadow = shadow;
        this.allocation = allocation;
        this.lane = lane;
        this.startsUnwritten = startsUnwritten;
        this.launch = launch;
    }
}
