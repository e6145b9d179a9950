package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Sums of float arrays at raw addresses, in a fixed order for each element. */
final class VectorSum {
    /** Bytes of the result that one task sums: a few of them stay in the second-level cache. */
    static final int SLICE_BYTES = 32 << 10;

    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final MemorySegment ALL = NativeMemory.ALL;

    private VectorSum() {}

    /** to[i] += from[i] for i below {@code n}. */
    static void add(long to, long from, long n) {
        long bytes = n * Float.BYTES;
        long step = S.vectorByteSize();
        long i = 0;
        for (; i + step <= bytes; i += step) {
            FloatVector.fromMemorySegment(S, ALL, to + i, ORDER).add(FloatVector.fromMemorySegment(S, ALL, from + i, ORDER))
                    .intoMemorySegment(ALL, to + i, ORDER);
        }
        for (; i < bytes; i += Float.BYTES) {
            ALL.set(JAVA_FLOAT_UNALIGNED, to + i,
                    ALL.get(JAVA_FLOAT_UNALIGNED, to + i) + ALL.get(JAVA_FLOAT_UNALIGNED, from + i));
        }
    }

    /** to[i] = from[i] + (from + pitch)[i] + ..., {@code parts} terms added from the left. */
    static void sum(long to, long from, int parts, long pitchBytes, long n) {
        long bytes = n * Float.BYTES;
        long step = S.vectorByteSize();
        long i = 0;
        for (; i + step <= bytes; i += step) {
            FloatVector sum = FloatVector.fromMemorySegment(S, ALL, from + i, ORDER);
            for (int p = 1; p < parts; p++) {
                sum = sum.add(FloatVector.fromMemorySegment(S, ALL, from + i + p * pitchBytes, ORDER));
            }
            sum.intoMemorySegment(ALL, to + i, ORDER);
        }
        for (; i < bytes; i += Float.BYTES) {
            float sum = ALL.get(JAVA_FLOAT_UNALIGNED, from + i);
            for (int p = 1; p < parts; p++) {
                sum += ALL.get(JAVA_FLOAT_UNALIGNED, from + i + p * pitchBytes);
            }
            ALL.set(JAVA_FLOAT_UNALIGNED, to + i, sum);
        }
    }
}
