package org.jmoco.app;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The program's stderr. The JVM prints "Using incubator modules" while it boots and cannot be told not to, so the
 * launcher starts it with a filter process as descriptor 2 and hands over the caller's stderr as another descriptor.
 */
final class StandardError {
    /** Set by the launcher: the descriptor of the caller's stderr. */
    private static final String FD_PROPERTY = "jmoco.stderr.fd";
    private static final int STDERR = 2;

    private StandardError() {
    }

    /**
     * Puts the caller's stderr back in place of the launcher's filter and waits until the filter has passed on what the
     * JVM wrote before. Does nothing when the program was not started by the launcher. Call it before anything is printed.
     */
    static void restore() {
        Integer fd = Integer.getInteger(FD_PROPERTY);
        if (fd == null) {
            return;
        }
        try {
            // dup2 closes the pipe to the filter, which ends by that; waitpid keeps it from staying as a zombie.
            if ((int) libc("dup2", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT).invokeExact((int) fd, STDERR) == STDERR) {
                MethodHandle waitpid = libc("waitpid", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
                int anyChild = -1;
                int ignored = (int) waitpid.invokeExact(anyChild, MemorySegment.NULL, 0);
            }
        } catch (Throwable e) {
            // The filter stays in place; it passes on everything but that one line.
            System.err.println("jmoco: stderr stays filtered: " + e);
        }
    }

    private static MethodHandle libc(String name, ValueLayout... args) {
        Linker linker = Linker.nativeLinker();
        MemorySegment symbol = linker.defaultLookup().find(name).orElseThrow();
        return linker.downcallHandle(symbol, FunctionDescriptor.of(ValueLayout.JAVA_INT, args));
    }
}
