package org.jmoco.backend.cpu;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** What advances from step to step: the next row of a table, an entry of a log, a counter. Too small to share out. */
final class Counters {
    private Counters() {}

    /** dst = table[index mod rows], any type. */
    static Work selectRow(Buffer dst, Buffer table, Buffer index) {
        int rows = table.shape().dim(0);
        return () -> Simd.copy(dst.address(), table.address() + Math.floorMod(Simd.getInt(index.address()), rows) * dst.bytes(),
                dst.bytes());
    }

    /** log[index mod L] = value, any type of 4 bytes. */
    static Work store(Buffer log, Buffer index, Buffer value) {
        int length = log.shape().dim(0);
        return () -> Simd.setInt(log.address() + (long) Math.floorMod(Simd.getInt(index.address()), length) * Integer.BYTES,
                Simd.getInt(value.address()));
    }

    static Work increment(Buffer counter) {
        return () -> Simd.setInt(counter.address(), Simd.getInt(counter.address()) + 1);
    }
}
