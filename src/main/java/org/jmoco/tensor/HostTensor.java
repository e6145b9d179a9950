package org.jmoco.tensor;

import java.util.Arrays;

/**
 * Values in a Java array, row-major, with shape and type. The array is the tensor's own, not a copy: whoever writes
 * {@link #floats()} writes the tensor.
 *
 * <p>Backing arrays: F64 {@code double[]}, F32 {@code float[]}, I64 {@code long[]}, I32 {@code int[]}, U8 {@code byte[]}
 * (read with {@code & 0xff}). BF16 and F16 have no host form: a backend converts when it copies.
 */
public final class HostTensor {
    private final DType dtype;
    private final Shape shape;
    private final Object array;

    private HostTensor(DType dtype, Shape shape, Object array, int length) {
        if (shape.size() != length) {
            throw new IllegalArgumentException(
                    "host tensor: shape " + shape + " has " + shape.size() + " elements but the array has " + length);
        }
        this.dtype = dtype;
        this.shape = shape;
        this.array = array;
    }

    public static HostTensor of(Shape shape, double[] values) {
        return new HostTensor(DType.F64, shape, values, values.length);
    }

    public static HostTensor of(Shape shape, float[] values) {
        return new HostTensor(DType.F32, shape, values, values.length);
    }

    public static HostTensor of(Shape shape, long[] values) {
        return new HostTensor(DType.I64, shape, values, values.length);
    }

    public static HostTensor of(Shape shape, int[] values) {
        return new HostTensor(DType.I32, shape, values, values.length);
    }

    public static HostTensor of(Shape shape, byte[] values) {
        return new HostTensor(DType.U8, shape, values, values.length);
    }

    public static HostTensor scalar(double value) {
        return of(Shape.SCALAR, new double[] {value});
    }

    /** Zeros. @throws IllegalArgumentException for BF16, F16 or more than 2^31 - 1 elements */
    public static HostTensor zeros(DType dtype, Shape shape) {
        int n = Math.toIntExact(shape.size());
        return switch (dtype) {
            case F64 -> of(shape, new double[n]);
            case F32 -> of(shape, new float[n]);
            case I64 -> of(shape, new long[n]);
            case I32 -> of(shape, new int[n]);
            case U8 -> of(shape, new byte[n]);
            case BF16, F16 -> throw new IllegalArgumentException("host tensor: " + dtype + " has no host form; use f32");
        };
    }

    public DType dtype() {
        return dtype;
    }

    public Shape shape() {
        return shape;
    }

    public int size() {
        return Math.toIntExact(shape.size());
    }

    public double[] doubles() {
        return (double[]) array(DType.F64);
    }

    public float[] floats() {
        return (float[]) array(DType.F32);
    }

    public long[] longs() {
        return (long[]) array(DType.I64);
    }

    public int[] ints() {
        return (int[]) array(DType.I32);
    }

    public byte[] bytes() {
        return (byte[]) array(DType.U8);
    }

    private Object array(DType wanted) {
        if (dtype != wanted) {
            throw new IllegalStateException("host tensor: is " + dtype + " " + shape + ", asked for " + wanted);
        }
        return array;
    }

    /** Element {@code i} in row-major order, of any type, as a double. U8 is unsigned. */
    public double get(int i) {
        return switch (array) {
            case double[] a -> a[i];
            case float[] a -> a[i];
            case long[] a -> a[i];
            case int[] a -> a[i];
            case byte[] a -> a[i] & 0xff;
            default -> throw new AssertionError(array.getClass());
        };
    }

    /** A copy as F32, rounded to nearest even once. */
    public HostTensor toF32() {
        float[] out = new float[size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) get(i);
        }
        return of(shape, out);
    }

    /** A copy as F64, exact for every type but I64 beyond 2^53. */
    public HostTensor toF64() {
        double[] out = new double[size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = get(i);
        }
        return of(shape, out);
    }

    /** The same elements under another shape of equal size; shares the array. */
    public HostTensor reshape(Shape other) {
        return new HostTensor(dtype, other, array, size());
    }

    /** Same type, shape and bits (so that NaN equals the same NaN and 0.0 differs from -0.0). */
    public boolean bitEquals(HostTensor o) {
        if (dtype != o.dtype || !shape.equals(o.shape)) {
            return false;
        }
        return switch (array) {
            case double[] a -> Arrays.equals(a, (double[]) o.array);
            case float[] a -> Arrays.equals(a, (float[]) o.array);
            case long[] a -> Arrays.equals(a, (long[]) o.array);
            case int[] a -> Arrays.equals(a, (int[]) o.array);
            case byte[] a -> Arrays.equals(a, (byte[]) o.array);
            default -> throw new AssertionError(array.getClass());
        };
    }

    @Override
    public String toString() {
        return "HostTensor[" + dtype + " " + shape + "]";
    }
}
