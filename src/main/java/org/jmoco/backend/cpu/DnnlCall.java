package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A primitive's argument list for one worker, built once: {@link #set} puts addresses in, {@link #run} executes.
 * Neither allocates. The last argument is the scratchpad when the primitive needs one.
 */
final class DnnlCall implements AutoCloseable {
    private final DnnlPrimitive primitive;
    private final long stream;
    private final long[] memories;
    private final Arena arena = Arena.ofShared();
    private final long args;
    private final boolean hasScratch;

    /**
     * @param arguments pairs of argument and query, e.g. ARG_SRC, QUERY_SRC_MD; the i-th pair is operand i of
     *     {@link #set}
     */
    DnnlCall(DnnlPrimitive primitive, long stream, int... arguments) {
        this.primitive = primitive;
        this.stream = stream;
        hasScratch = primitive.scratchBytes() > 0;
        int operands = arguments.length / 2;
        memories = new long[operands + (hasScratch ? 1 : 0)];
        MemorySegment list = arena.allocate(16L * memories.length, 16);
        for (int i = 0; i < memories.length; i++) {
            int argument = i < operands ? arguments[2 * i] : Dnnl.ARG_SCRATCHPAD;
            int query = i < operands ? arguments[2 * i + 1] : Dnnl.QUERY_SCRATCHPAD_MD;
            memories[i] = Dnnl.memory(primitive.layout(query));
            list.set(JAVA_INT, 16L * i, argument);
            list.set(JAVA_LONG, 16L * i + 8, memories[i]);
        }
        args = list.address();
    }

    /** Sets the address of operand {@code i}. */
    void set(int i, long address) {
        Dnnl.setAddress(memories[i], address);
    }

    /** Sets the address of the scratchpad, {@link DnnlPrimitive#scratchBytes()} long; ignored where none is needed. */
    void scratch(long address) {
        if (hasScratch) {
            Dnnl.setAddress(memories[memories.length - 1], address);
        }
    }

    void run() {
        Dnnl.execute(primitive.handle(), stream, memories.length, args);
    }

    @Override
    public void close() {
        for (long memory : memories) {
            Dnnl.destroyMemory(memory);
        }
        arena.close();
    }
}
