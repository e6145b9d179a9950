package org.jmoco.ptx;

/** .local memory of a warp: each lane has its own bytes at addresses from 0 (PTX ISA 5.1.5). */
final class LocalMemory {
    final int bytesPerLane;
    private final byte[] data;
    private final Shadow shadow;

    LocalMemory(int bytesPerLane) {
        this.bytesPerLane = (bytesPerLane + 15) / 16 * 16;
        data = new byte[this.bytesPerLane * Warp.LANES];
        shadow = new Shadow(data.length, true);
    }

    Window window(int lane, long launch, long shift) {
        return new Window(data, shift - (long) lane * bytesPerLane, shift, shift + bytesPerLane, shadow, null, lane, true,
                launch);
    }
}
