package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.jmoco.backend.cpu.Simd.BYTES;
import static org.jmoco.backend.cpu.Simd.load;
import static org.jmoco.backend.cpu.Simd.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Sums of float arrays at raw addresses, in a fixed order for each element. Arrays are shorter than 2 GiB. */
final class VectorSum {
    /** Bytes of the result that one task sums: a few of them stay in the second-level cache. */
    static final int SLICE_BYTES = 32 << 10;

    private static final MemorySegment ALL = NativeMemory.ALL;

    private VectorSum() {}

    /** to[i] += from[i] for i below {@code n}. */
    static void add(long to, long from, long n) {
        int bytes = Math.toIntExact(n * Float.BYTES);
        int i = 0;
        for (; i + BYTES <= bytes; i += BYTES) {
            store(to + i, load(to + i).add(load(from + i)));
        }
        for (; i < bytes; i += Float.BYTES) {
            put(to + i, get(to + i) + get(from + i));
        }
    }

    /** to[i] = from[i] + (from + pitch)[i] + ..., {@code parts} terms added from the left. */
    static void sum(long to, long from, int parts, long pitchBytes, long n) {
        int bytes = Math.toIntExact(n * Float.BYTES);
        int i = 0;
        for (; i + BYTES <= bytes; i += BYTES) {
            FloatVector sum = load(from + i);
            for (int p = 1; p < parts; p++) {
                sum = sum.add(load(from + i + p * pitchBytes));
            }
            store(to + i, sum);
        }
        for (; i < bytes; i += Float.BYTES) {
            float sum = get(from + i);
            for (int p = 1; p < parts; p++) {
                sum += get(from + i + p * pitchBytes);
            }
            put(to + i, sum);
        }
    }

    private static float get(long address) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, address);
    }

    private static void put(long address, float value) {
        ALL.set(JAVA_FLOAT_UNALIGNED, address, value);
    }
}
