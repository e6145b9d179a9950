package org.jmoco.ptx;

/** ld, of one element or a vector (PTX ISA 9.7.8.8, 9.7.8.9). A narrow element is extended to its register by its type. */
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
        Window v = common(w, mask);
        if (v != null) {
            noteReads(w, v, mask);
            for (int e = 0; e < dst.length; e++) {
                if (dst[e] >= 0) {
                    fetch(w, v, mask, e);
                }
            }
        } else {
            for (int m = mask; m != 0; m &= m - 1) {
                int i = Integer.numberOfTrailingZeros(m);
                v = window(w, i, w.address[i]);
                noteRead(w, v, i, (int) (w.address[i] - v.base));
                for (int e = 0; e < dst.length; e++) {
                    if (dst[e] >= 0) {
                        fetch(w, v, 1 << i, e);
                    }
                }
            }
        }
    }

    /** One element of these lanes into its register. */
    private void fetch(Warp w, Window v, int mask, int element) {
        byte[] data = v.data;
        long from = v.base - (long) element * size;
        long[] address = w.address;
        if (size == 4 && !dstWide) {
            int[] r = w.r[dst[element]];
            for (int m = mask; m != 0; m &= m - 1) {
                int i = Integer.numberOfTrailingZeros(m);
                r[i] = (int) Allocation.INTS.get(data, (int) (address[i] - from));
            }
            return;
        }
        int keep = mask16 ? 0xffff : -1;
        for (int m = mask; m != 0; m &= m - 1) {
            int i = Integer.numberOfTrailingZeros(m);
            long value = get(data, (int) (address[i] - from), size) << signShift >> signShift;
            if (dstWide) {
                w.d[dst[element]][i] = value;
            } else {
                w.r[dst[element]][i] = (int) value & keep;
            }
        }
    }

    /** The destinations are 16-bit registers, whose upper halves stay zero. */
    boolean mask16;
}
