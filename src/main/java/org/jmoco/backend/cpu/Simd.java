package org.jmoco.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
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

    private static final float EXP_MIN = -87f;

    /** The bits of 1f. */
    private static final int ONE = 127 << 23;

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
        long o = 0;
        for (; o <= bytes - BYTES; o += BYTES) {
            store(address + o, FloatVector.zero(F));
        }
        for (; o < bytes; o++) {
            ALL.set(ValueLayout.JAVA_BYTE, address + o, (byte) 0);
        }
    }

    /** Bytes of the whole vectors in {@code count} floats. Loops run over byte offsets: see {@link RowLoop}. */
    static long wholeVectors(int count) {
        return (long) (count / LANES) * BYTES;
    }

    /** doubles[i] += floats[i], then floats[i] = 0, for i below {@code count}, a multiple of {@link #LANES}. */
    static void drain(long doubles, long floats, int count) {
        for (long o = 0; o < (long) count * Float.BYTES; o += BYTES) {
            FloatVector low = FloatVector.fromMemorySegment(HALF, ALL, floats + o, NATIVE);
            FloatVector high = FloatVector.fromMemorySegment(HALF, ALL, floats + o + BYTES / 2, NATIVE);
            addTo(doubles + 2 * o, (DoubleVector) low.convertShape(VectorOperators.F2D, D, 0));
            addTo(doubles + 2 * o + BYTES, (DoubleVector) high.convertShape(VectorOperators.F2D, D, 0));
            store(floats + o, FloatVector.zero(F));
        }
    }

    /** to[i] += from[i] in f64, for i below {@code count}. */
    static void addDoubles(long to, long from, int count) {
        long o = 0;
        for (; o <= (long) count * Double.BYTES - BYTES; o += BYTES) {
            addTo(to + o, DoubleVector.fromMemorySegment(D, ALL, from + o, NATIVE));
        }
        for (; o < (long) count * Double.BYTES; o += Double.BYTES) {
            setDouble(to + o, getDouble(to + o) + getDouble(from + o));
        }
    }

    private static void addTo(long at, DoubleVector d) {
        DoubleVector.fromMemorySegment(D, ALL, at, NATIVE).add(d).intoMemorySegment(ALL, at, NATIVE);
    }

    /**
     * exp(x) for x at most 0, within 2 ulp; NaN for NaN. Below -87, where exp(x) leaves the normal f32, it stays at exp(-87) =
     * 1.6e-38, which counts as 0 beside a largest weight of 1. x = n ln 2 + r, with exp(r) by a polynomial.
     */
    static FloatVector expOfNegative(FloatVector x) {
        FloatVector a = x.blend(EXP_MIN, x.compare(VectorOperators.LT, EXP_MIN));
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
        // The bits of ROUND vanish in the shift; n remains, and becomes the exponent of 2^n.
        IntVector power = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE);
        return p.mul(power.reinterpretAsFloats());
    }
}
