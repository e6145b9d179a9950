package org.jmoco.backend.cuda;

/** Device memory does not suffice. */
public final class GpuOutOfMemoryException extends GpuException {
    private final long wantedBytes;
    private final long freeBytes;

    /** @param what the block that was to be allocated */
    public GpuOutOfMemoryException(String what, long wantedBytes, long freeBytes) {
        super("cuMemAlloc: " + what + " needs " + wantedBytes + " bytes but " + freeBytes + " are free");
        this.wantedBytes = wantedBytes;
        this.freeBytes = freeBytes;
    }

    public long wantedBytes() {
        return wantedBytes;
    }

    public long freeBytes() {
        return freeBytes;
    }
}
