package org.jmoco.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The extents of a dense tensor, outermost axis first; the last axis is contiguous in memory.
 *
 * <p>Images are N x H x W x C everywhere in jmoco (see docs/notation.md). A shape without axes is a scalar.
 */
public final class Shape {
    public static final Shape SCALAR = new Shape(new int[0]);

    private final int[] extents;

    private Shape(int[] extents) {
        this.extents = extents;
    }

    /**
     * @param extents axis lengths, outermost first, each at least 0
     * @throws IllegalArgumentException if one is negative
     */
    public static Shape of(int... extents) {
        for (int e : extents) {
            if (e < 0) {
                throw new IllegalArgumentException("shape: negative extent in " + Arrays.toString(extents));
            }
        }
        return extents.length == 0 ? SCALAR : new Shape(extents.clone());
    }

    public int rank() {
        return extents.length;
    }

    /** Length of axis {@code axis}; negative numbers count from the last axis, -1 being the last. */
    public int dim(int axis) {
        return extents[axis < 0 ? extents.length + axis : axis];
    }

    /** Number of elements. */
    public long size() {
        long n = 1;
        for (int e : extents) {
            n *= e;
        }
        return n;
    }

    public int[] toArray() {
        return extents.clone();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Shape s && Arrays.equals(extents, s.extents);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(extents);
    }

    /** {@code 128x32x32x3}; {@code scalar} for a shape without axes. */
    @Override
    public String toString() {
        return extents.length == 0
                ? "scalar"
                : Arrays.stream(extents).mapToObj(Integer::toString).collect(Collectors.joining("x"));
    }
}
