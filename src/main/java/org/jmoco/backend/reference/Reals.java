package org.jmoco.backend.reference;

import org.jmoco.backend.Buffer;
import org.jmoco.tensor.DType;

/** The values of one real buffer, by row-major index. Stored as doubles; a buffer of type F32 rounds what is stored. */
final class Reals {
    private final double[] arena;
    private final int start;
    private final boolean single;

    Reals(Buffer b) {
        arena = (double[]) b.home();
        start = ReferenceBackend.firstIndex(b);
        single = b.dtype() == DType.F32;
    }

    /** The values of a buffer that may be absent: null for null. */
    static Reals orNull(Buffer b) {
        return b == null ? null : new Reals(b);
    }

    double get(int i) {
        return arena[start + i];
    }

    void set(int i, double value) {
        arena[start + i] = single ? (float) value : value;
    }

    /** Stores value, or the stored value plus {@code value} if {@code accumulate}. */
    void put(int i, double value, boolean accumulate) {
        set(i, accumulate ? get(i) + value : value);
    }
}
