package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A copy of all device memory. */
final class Contents {
    private record Copy(Allocation of, byte[] data, long[] unwritten) {
    }

    private final List<Copy> copies = new ArrayList<>();

    private Contents() {
    }

    static Contents of(DeviceMemory memory) {
        Contents c = new Contents();
        for (Allocation a : memory.live()) {
            c.copies.add(new Copy(a, a.data.clone(), a.unwrittenMarks()));
        }
        return c;
    }

    void restore() {
        for (Copy c : copies) {
            System.arraycopy(c.data, 0, c.of.data, 0, c.data.length);
            c.of.restoreUnwritten(c.unwritten);
        }
    }

    /** Where memory now differs from this copy, or null. */
    String difference() {
        for (Copy c : copies) {
            int at = Arrays.mismatch(c.data, c.of.data);
            if (at >= 0) {
                return c.of.describe(c.of.address + at);
            }
        }
        return null;
    }
}
