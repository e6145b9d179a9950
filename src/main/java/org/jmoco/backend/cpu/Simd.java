package org.jmoco.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors and scalars at machine addresses: what every loop of this package is written in.
 *
 * <p>A rule for all of them: a value must not depend on whether the JVM interprets or has compiled the loop, or a resumed
 * run would differ from an uninterrupted one. So only operations that IEEE 754 defines exactly are used lane by lane (+ - * /
 * and fma); {@code reduceLanes} on floats, whose order the Vector API leaves open, and its transcendental functions are
 * not.
 */
final class Simd {
    /** The widest vector of this machine. */
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

    static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());

    /** As many floats as there are doubles in the widest vector. */
    private static final VectorSpecies<Float> HALF =
            VectorSpecies.of(float.class, VectorShape.forBitSize(F.vectorBitSize() / 2));

    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, F.vectorShape());

    /** Floats in a vector. */
    static final int LANES = F.length();

    /** A vector in bytes. */
    static final int BYTES = LANES * Float.BYTES;

    private static final int HALF_BYTES = HALF.vectorByteSize();
    private static final MemorySegment ALL = NativeMemory.ALL;
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

    // Coefficients of Cephes' expf: a minimax polynomial for (exp(r) - 1 - r) / r^2 on |r| <= ln(2) / 2.
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float P0 = 1.9875691500e-4f;
    private static final float P1 = 1.3981999507e-3f;
    private static final float P2 = 8.3334519073e-3f;
    private static final float P3 = 4.1665795894e-2f;
    private static final float P4 = 1.6666665459e-1f;
    private static final float P5 = 5.0000001201e-1f;

    /** 1.5 * 2^23: adding it rounds a small float to an integer, which then stands in the low bits. */
    private static final float ROUND = 0x1.8p23f;

    /** exp of less is below the smallest normal f32; it is taken as 0. */
    private static final float EXP_MIN = -87f;

    private Simd() {}

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(F, ALL, address, NATIVE);
    }

    static void store(long address, FloatVector v) {
        v.intoMemorySegment(ALL, address, NATIVE);
    }

    static IntVector loadInts(long address) {
        return IntVector.fromMemorySegment(I, ALL, address, NATIVE);
    }

    static void storeInts(long address, IntVector v) {
        v.intoMemorySegment(ALL, address, NATIVE);
    }

    /** One float in all lanes. */
    static FloatVector spread(long address) {
        return FloatVector.broadcast(F, get(address));
    }

    static float get(long address) {
        return ALL.get(ValueLayout.JAVA_FLOAT, address);
    }

    static void set(long address, float value) {
        ALL.set(ValueLayout.JAVA_FLOAT, address, value);
    }

    static int getInt(long address) {
        return ALL.get(ValueLayout.JAVA_INT, address);
    }

    static void setInt(long address, int value) {
        ALL.set(ValueLayout.JAVA_INT, address, value);
    }

    static double getDouble(long address) {
        return ALL.get(ValueLayout.JAVA_DOUBLE, address);
    }

    static void setDouble(long address, double value) {
        ALL.set(ValueLayout.JAVA_DOUBLE, address, value);
    }

    static void copy(long to, long from, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    static void zero(long address, long bytes) {
        for (long i = 0; i < bytes / BYTES; i++) {
            store(address + i * BYTES, FloatVector.zero(F));
        }
        for (long i = bytes / BYTES * BYTES; i < bytes; i++) {
            ALL.set(ValueLayout.JAVA_BYTE, address + i, (byte) 0);
        }
    }

    /** doubles[i] += floats[i], then floats[i] = 0, for i below {@code count}, a multiple of {@link #LANES}. */
    static void drain(long doubles, long floats, int count) {
        for (int i = 0; i < count; i += LANES / 2) {
            DoubleVector d = (DoubleVector) FloatVector.fromMemorySegment(HALF, ALL, floats + (long) i * Float.BYTES, NATIVE)
                    .convertShape(VectorOperators.F2D, D, 0);
            long at = doubles + (long) i * Double.BYTES;
            DoubleVector.fromMemorySegment(D, ALL, at, NATIVE).add(d).intoMemorySegment(ALL, at, NATIVE);
        }
        for (int i = 0; i < count; i += LANES) {
            store(floats + (long) i * Float.BYTES, FloatVector.zero(F));
        }
    }

    /**
     * exp(x) for x at most 0, within 2 ulp; 0 below -87, NaN for NaN. x = n ln 2 + r, with exp(r) by a polynomial and 2^n by
     * adding n to the exponent.
     */
    static FloatVector expOfNegative(FloatVector x) {
        VectorMask<Float> tiny = x.compare(VectorOperators.LT, EXP_MIN);
        FloatVector a = x.blend(EXP_MIN, tiny);
        FloatVector shifted = a.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), a);
        r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
        FloatVector p = r.fma(FloatVector.broadcast(F, P0), FloatVector.broadcast(F, P1));
        p = p.fma(r, FloatVector.broadcast(F, P2));
        p = p.fma(r, FloatVector.broadcast(F, P3));
        p = p.fma(r, FloatVector.broadcast(F, P4));
        p = p.fma(r, FloatVector.broadcast(F, P5));
        p = p.fma(r.mul(r), r).add(1f);
        IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        FloatVector e = p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
        // NaN plus an exponent could become a number: let the argument decide.
        return e.blend(0f, tiny).blend(x, x.compare(VectorOperators.NE, x));
    }
}
