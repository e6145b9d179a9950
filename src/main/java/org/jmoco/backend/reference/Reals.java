package org.jmoco.backend.reference;

import org.jmoco.backend.Buffer;
import org.jmoco.tensor.DType;

/** The values of one real buffer, by row-major index. Stored as doubles; a narrower buffer rounds what is stored. */
final class Reals {
    private final double[] arena;
    private final int start;
    private final DType type;
    private final DType through;

    Reals(Buffer b) {
        this(b, b.dtype());
    }

    /**
     * Weights or their gradients as a convolution of feature maps of type {@code through} sees them: what is read is rounded to
     * that type, and so is what is put, before it is added to what is there.
     */
    Reals(Buffer b, DType through) {
        arena = (double[]) b.home();
        start = ReferenceBackend.firstIndex(b);
        type = b.dtype();
        this.through = through;
    }

    /** The values of a buffer that may be absent: null for null. */
    static Reals orNull(Buffer b) {
        return b == null ? null : new Reals(b);
    }

    double get(int i) {
        double value = arena[start + i];
        return through == type ? value : through.round(value);
    }

    void set(int i, double value) {
        arena[start + i] = type.round(value);
    }

    /** Stores value, or the stored value plus {@code value} if {@code accumulate}. */
    void put(int i, double value, boolean accumulate) {
        double v = through == type ? value : through.round(value);
        set(i, accumulate ? arena[start + i] + v : v);
    }
}
