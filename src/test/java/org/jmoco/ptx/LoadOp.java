package org.jmoco.ptx;

/** ld, of one element or a vector (PTX ISA 9.7.9.8, 9.7.9.9). A narrow element is extended to its register by its type. */
final class LoadOp extends MemoryOp {
    /** Destination slots, -1 for one that is not wanted. */
    int[] dst;
    boolean dstWide;
    /** Bytes of one element. */
    int size;
    /** Bits to shift up and back to extend the sign; 0 for none. */
    int signShift;

    @Override
    void run(Warp w, int mask) {
        addresses(w, mask);
        for (int m = mask; m != 0; m &= m - 1) {
            int i = Integer.numberOfTrailingZeros(m);
            long address = w.address[i];
            Window v = window(w, i, address);
            int at = (int) (address - v.base);
            noteRead(w, v, i, at);
            byte[] data = v.data;
            if (size == 4 && !dstWide) {
                for (int e = 0; e < dst.length; e++, at += 4) {
                    if (dst[e] >= 0) {
                        w.r[dst[e]][i] = (int) Allocation.INTS.get(data, at);
                    }
                }
                continue;
            }
            for (int e = 0; e < dst.length; e++, at += size) {
                if (dst[e] >= 0) {
                    long value = get(data, at, size) << signShift >> signShift;
                    if (dstWide) {
                        w.d[dst[e]][i] = value;
                    } else {
                        w.r[dst[e]][i] = (int) value;
                    }
                }
            }
        }
        if (mask16 && !dstWide) {
            for (int slot : dst) {
                if (slot >= 0) {
                    int[] r = w.r[slot];
                    for (int i = 0; i < Warp.LANES; i++) {
                        r[i] &= 0xffff;
                    }
                }
            }
        }
    }

    /** The destinations are 16-bit registers, whose upper halves stay zero. */
    boolean mask16;
}
