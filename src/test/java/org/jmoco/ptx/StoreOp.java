package org.jmoco.ptx;

/** st, of one element or a vector (PTX ISA 9.7.8.11). */
final class StoreOp extends MemoryOp {
    int[] src;
    boolean srcWide;
    /** Bytes of one element. */
    int size;
    private int running;

    @Override
    void run(Warp w, int mask) {
        running = mask;
        addresses(w, mask);
        Window v = common(w, mask);
        if (v != null) {
            noteWrites(w, v, mask);
            for (int e = 0; e < src.length; e++) {
                put(w, v, mask, e);
            }
        } else {
            for (int m = mask; m != 0; m &= m - 1) {
                int i = Integer.numberOfTrailingZeros(m);
                v = window(w, i, w.address[i]);
                noteWrite(w, v, i, (int) (w.address[i] - v.base));
                for (int e = 0; e < src.length; e++) {
                    put(w, v, 1 << i, e);
                }
            }
        }
    }

    private void put(Warp w, Window v, int mask, int element) {
        long from = v.base - (long) element * size;
        for (int m = mask; m != 0; m &= m - 1) {
            int i = Integer.numberOfTrailingZeros(m);
            put(v.data, (int) (w.address[i] - from), size, srcWide ? w.d[src[element]][i] : w.r[src[element]][i]);
        }
    }

    /**
     * Lanes of one instruction that write to one place: which of them wins is undefined (CUDA C++ Programming Guide, SIMT
     * architecture), so they must write the
     * same.
     */
    @Override
    boolean sameAsEarlierLane(Warp w, int lane) {
        for (int m = running & (1 << lane) - 1; m != 0; m &= m - 1) {
            int j = Integer.numberOfTrailingZeros(m);
            boolean same = w.address[j] == w.address[lane];
            for (int s : src) {
                same &= srcWide ? w.d[s][j] == w.d[s][lane] : w.r[s][j] == w.r[s][lane];
            }
            if (same) {
                return true;
            }
        }
        return false;
    }
}
