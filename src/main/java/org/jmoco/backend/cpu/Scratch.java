package org.jmoco.backend.cpu;

/** Lays out regions of scratch memory one after the other; each starts on a cache line. */
final class Scratch {
    private long bytes;

    /** Books {@code bytes}. @return the offset of the region */
    long region(long bytes) {
        long offset = this.bytes;
        this.bytes += roundUp(bytes);
        return offset;
    }

    /** All regions together. */
    long bytes() {
        return bytes;
    }

    static long roundUp(long bytes) {
        return (bytes + NativeMemory.ALIGNMENT - 1) / NativeMemory.ALIGNMENT * NativeMemory.ALIGNMENT;
    }
}
