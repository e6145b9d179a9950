package org.jmoco.ptx;

/** cp.async.ca and .cg (PTX ISA 9.7.8.20.1): bytes beyond the source size arrive as zero. */
final class AsyncCopyOp extends MemoryOp {
    /** The shared-memory side. */
    static final class Destination extends MemoryOp {
        @Override
        void run(Warp w, int mask) {
            throw new IllegalStateException();
        }

        @Override
        void count(Warp w, int mask) {
            w.block.tally.copyTarget(step, w.address, mask, bytes);
        }
    }

    Destination to;
    /** Slot with the number of bytes that are read. */
    int sourceBytes;

    @Override
    void run(Warp w, int mask) {
        to.addresses(w, mask);
        long[] target = w.address.clone();
        addresses(w, mask);
        for (int m = mask; m != 0; m &= m - 1) {
            int i = Integer.numberOfTrailingZeros(m);
            Window b = to.window(w, i, target[i]);
            int toAt = (int) (target[i] - b.base);
            int count = w.r[sourceBytes][i];
            if (count < 0 || count > bytes) {
                throw new LaneFault(i, "cp.async reads " + count + " bytes for a copy of " + bytes);
            }
            byte[] data = new byte[bytes];
            Window a = null;
            int at = 0;
            if (count > 0) {
                if (w.address[i] % bytes != 0) {
                    throw new LaneFault(i, "misaligned access: " + bytes + " bytes at " + w.block.where(space, w.address[i]));
                }
                a = w.block.window(w, space, w.address[i], count, i);
                at = (int) (w.address[i] - a.base);
                // Only what is read counts: the rest may lie behind the end of its buffer.
                for (int k = 0; k < count; k += count % 4 == 0 ? 4 : 1) {
                    noteRead(w, a, i, at + k, count % 4 == 0 ? 4 : 1);
                }
                System.arraycopy(a.data, at, data, 0, count);
            }
            to.noteWrite(w, b, i, toAt);
            w.copies.issue(i, data, count, a, at, b, toAt);
        }
    }
}
