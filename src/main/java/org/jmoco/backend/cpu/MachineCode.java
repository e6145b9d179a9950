package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A machine-code function {@code void f(long a, long b, long c, long d, long e)}, or of fewer arguments, by the System V calling
 * convention, in executable memory.
 */
@SuppressWarnings("restricted") // native access is what this class is for
final class MachineCode implements AutoCloseable {
    private static final MethodHandle CALL = Linker.nativeLinker()
            .downcallHandle(FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));

    private final NativeMemory memory;
    private final MemorySegment entry;

    MachineCode(byte[] code) {
        memory = NativeMemory.allocate("machine code", code.length);
        MemorySegment.copy(code, 0, memory.segment(), JAVA_BYTE, 0, code.length);
        memory.makeExecutable();
        entry = MemorySegment.ofAddress(memory.address());
    }

    /**
     * Whether this machine runs what {@link VectorAssembler} writes of {@link InstructionSet#AVX2}: x86-64 with AVX2 and FMA,
     * System V conventions.
     */
    static boolean supported() {
        String os = System.getProperty("os.name");
        return System.getProperty("os.arch").equals("amd64") && os.startsWith("Linux") && Dnnl.hasAvx2();
    }

    void call(long a, long b, long c) {
        call(a, b, c, 0, 0);
    }

    void call(long a, long b, long c, long d) {
        call(a, b, c, d, 0);
    }

    void call(long a, long b, long c, long d, long e) {
        try {
            CALL.invokeExact(entry, a, b, c, d, e);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
